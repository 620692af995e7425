"""What leaves the home in a form of another program's: one file a target."""
