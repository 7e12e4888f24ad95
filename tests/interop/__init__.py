"""Other people's tools at our doors."""
