"""The labelled set that guards are tried on: texts that are to be found, and texts that look so and are not."""
