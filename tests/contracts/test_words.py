"""One term a concept, in docs/glossary.md; no module named after nothing."""

import re
from pathlib import PurePath

import pytest
from docs.event_kinds import event_kinds
from tests.contracts.sources import ROOT, sources

import loopwright

JUNK = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "stuff", "lib", "shared"}
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").lower()


def test_no_module_is_a_junk_drawer() -> None:
    found = [s.path for s in sources() if {*PurePath(s.path).parent.parts[2:], PurePath(s.path).stem} & JUNK]
    assert not found, f"name these after the one concept they hold: {found}"


NOUNS = [name for name in getattr(loopwright, "__all__", []) if name[0].isupper() and not name.endswith("Error")]


@pytest.mark.parametrize("name", sorted(NOUNS))
def test_the_glossary_has_every_public_noun(name: str) -> None:
    term = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    assert re.search(rf"\*\*{re.escape(term)}s?\*\*", GLOSSARY), f"add the term **{term}** ({name}) to docs/glossary.md"


@pytest.mark.parametrize("kind", sorted(event_kinds()))
def test_the_glossary_has_the_noun_of_every_event_kind(kind: str) -> None:
    noun = kind.partition("_")[0].removesuffix("s")
    assert f"**{noun}**" in GLOSSARY, f"add the term **{noun}** (event {kind}) to docs/glossary.md"


def test_the_glossary_defines_a_term_once() -> None:
    terms = re.findall(r"^\| \*\*(.+?)\*\* \|", GLOSSARY, flags=re.MULTILINE)
    assert terms == sorted(set(terms), key=str.lower), "keep the table sorted, one row a term"
