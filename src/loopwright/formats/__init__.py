"""Typed codecs of step values and models: a value goes in, named files with a format's name and version come out."""
