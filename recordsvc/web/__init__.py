"""Pages for people (网页): Chinese first, phone width first, complete without any script."""
