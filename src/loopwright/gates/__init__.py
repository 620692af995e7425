"""Gates: rules that a candidate must pass before anything points at it."""
