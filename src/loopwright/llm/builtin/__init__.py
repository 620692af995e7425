"""A model that comes with the package: it quotes what it was given, needs no network and no weights."""
