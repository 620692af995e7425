"""One command a file, imported only when it is invoked; `cli/table.py` lists them."""
