"""Masks in place of what was found."""

from loopwright.llm.guard import Finding
from loopwright.llm.guards.masking import masked


def finding(kind: str, start: int, end: int, action: str = "redact") -> Finding:
    return Finding(guard="g", kind=kind, start=start, end=end, action=action)


def test_each_place_gets_the_mask_of_its_kind() -> None:
    assert masked("ab cd ef", [finding("y", 6, 8), finding("x", 0, 2)]) == "[x] cd [y]"


def test_places_that_overlap_get_one_mask_over_all_of_them() -> None:
    assert masked("abcdef", [finding("x", 0, 3), finding("y", 2, 5), finding("z", 4, 5)]) == "[x]f"


def test_what_is_only_reported_stays() -> None:
    assert masked("abc", [finding("x", 0, 3, "flag")]) == "abc"


def test_a_part_is_masked_by_the_places_of_the_whole() -> None:
    assert masked("cd ef", [finding("x", 5, 7)], start=3) == "cd[x]f"
