"""The one home of the mathematics: arrays in, frozen results out."""
