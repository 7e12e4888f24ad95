"""Speed, stated as ratios to what the machine itself can do, measured in the same run (`make bench`)."""
