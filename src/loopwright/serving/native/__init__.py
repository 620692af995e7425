"""Direct calls of models, one family a file: past tables, validation and thread pools, with the library's results."""
