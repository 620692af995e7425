"""Charts, tables and pages as values, and how they are drawn: plain numbers in, SVG and HTML out."""
