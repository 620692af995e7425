"""What documents are looked over for when an index is built: instructions to a model, as the guard of them tells."""

from loopwright.app.indexes.building import Inspection
from loopwright.llm.guards.detectors.prompt_injection import suspicions

SUSPICIONS = Inspection(find=suspicions, name="prompt_injection/1")
"""A chunk with such a text stays in the index, and its metadata says so as `suspicious`."""
