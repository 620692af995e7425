import pytest

from loopwright.errors import SourceError
from loopwright.llm.retrieval.front_matter import split


def test_scalars_and_lists_are_read():
    text = (
        "---\ntitle: 'A: b'\nyear: 2024\nratio: -1.5\ndraft: false\n# a remark\naccess: [staff, \"ops\"]\n"
        "tags:\n  - one\n  - two\nempty:\n---\n# Body\n"
    )
    fields, body = split(text)
    assert fields == {
        "title": "A: b", "year": 2024, "ratio": -1.5, "draft": False, "access": ["staff", "ops"],
        "tags": ["one", "two"], "empty": None,
    }  # fmt: skip
    assert body == "# Body\n"


def test_a_file_without_front_matter_is_all_text():
    assert split("# A\n---\nb") == ({}, "# A\n---\nb")
    assert split("---\n\nA rule, then text.\n") == ({}, "---\n\nA rule, then text.\n")


@pytest.mark.parametrize(
    "text",
    [
        "---\naccess: [staff\n---\nx",
        "---\naccess: {a: b}\n---\nx",
        "---\naccess: |\n  staff\n---\nx",
        "---\naccess: [a]\naccess: [b]\n---\nx",
        "---\n  access: [a]\n---\nx",
        "---\naccess: [staff]\nx",
    ],
)
def test_what_cannot_be_read_is_refused_for_it_might_say_who_may_read(text):
    with pytest.raises(SourceError):
        split(text)
