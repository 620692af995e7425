"""Embedded back ends of the four seams."""
