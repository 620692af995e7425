"""The contracts whose exceptions are listed, with a reason each, in allowed.toml; the list may only shrink.

- ceiling: a file, function or class fits in a reader's head.
- untested: every module is imported by a test or has a test file named after it.
- mutable: values are frozen, so that nothing changes behind a reader's back.
- error: there is one error tree, in errors.py.
"""

import ast

import pytest
from tests.contracts import breaches
from tests.contracts.breaches import BREACHES, reasons, stale, unexpected
from tests.contracts.sources import Source

ADVICE = {
    "ceiling": "split these, or make parameters keyword-only (a `*` before them)",
    "untested": "write tests/<folder>/test_<module>.py",
    "mutable": "freeze these, or make them plain classes that own their state",
    "error": "define these in errors.py, under its tree",
}


@pytest.mark.parametrize("table", BREACHES)
def test_nothing_breaks_a_contract_beyond_what_is_allowed(table: str) -> None:
    found = unexpected(table)
    assert not found, f"{ADVICE[table]}:\n" + "\n".join(found)


@pytest.mark.parametrize("table", BREACHES)
def test_the_list_of_exceptions_only_shrinks(table: str) -> None:
    found = stale(table)
    assert not found, "lower or remove these entries of tests/contracts/allowed.toml:\n" + "\n".join(found)


def test_every_exception_has_a_reason() -> None:
    bare = [where for where, reason in reasons().items() if len(reason) < 10]
    assert not bare, f"say why these are allowed: {bare}"


@pytest.mark.parametrize(
    ("code", "table", "found"),
    [
        ("class A(msgspec.Struct): ...", "mutable", True),
        ("class A(msgspec.Struct, frozen=True): ...", "mutable", False),
        ("@dataclass(slots=True)\nclass A: ...", "mutable", True),
        ("@dataclass(frozen=True)\nclass A: ...", "mutable", False),
        ("class A: ...", "mutable", False),
        ("class OddError(ValueError): ...", "error", True),
        ("class _Odd(Exception): ...", "error", False),
        ("x = 1", "untested", True),
    ],
)
def test_a_breach_is_seen(code: str, table: str, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("src/loopwright/odd/one.py", "loopwright.odd.one", code, ast.parse(code))
    monkeypatch.setattr(breaches, "sources", lambda: (source,))
    assert bool(BREACHES[table]()) is found
