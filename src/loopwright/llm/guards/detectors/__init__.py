"""What guards find, one detector a file."""
