"""The docs say what the code does: generated pages are fresh, every event kind has a row, links lead somewhere."""

import re
from pathlib import Path

import pytest
from docs.event_kinds import event_kinds
from docs.generate import PAGES, write
from tests.contracts.sources import PACKAGE, ROOT

from loopwright.cli.table import COMMANDS

MARKDOWN = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.name)
def test_a_generated_page_is_fresh(page: Path) -> None:
    assert page.is_file(), "run `python -m docs.generate`"
    assert page.read_text(encoding="utf-8") == write(page), f"{page.name} is stale: run `python -m docs.generate`"


def _documented_kinds() -> set[str]:
    text = (ROOT / "docs/reference/events.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))


def test_every_event_kind_is_documented() -> None:
    missing = event_kinds() - _documented_kinds()
    assert not missing, f"add rows to docs/reference/events.md for {sorted(missing)}"


def test_no_event_kind_is_documented_that_nobody_writes() -> None:
    stale = _documented_kinds() - event_kinds()
    assert not stale, f"remove from docs/reference/events.md, or write the events: {sorted(stale)}"


def test_every_command_has_its_module() -> None:
    missing = [
        e.name
        for e in COMMANDS.values()
        if not (PACKAGE / "cli/commands" / f"{e.module.rpartition('.')[2]}.py").is_file()
    ]
    assert not missing, f"cli/table.py lists commands that are not there: {missing}"


def test_every_command_module_is_listed() -> None:
    listed = {entry.module.rpartition(".")[2] for entry in COMMANDS.values()}
    present = {path.stem for path in (PACKAGE / "cli/commands").glob("*.py")} - {"__init__"}
    assert present <= listed, f"add to cli/table.py: {sorted(present - listed)}"


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if not (page.parent / link).exists()]
    assert not broken, f"{page.name} links to what is not there: {broken}"
