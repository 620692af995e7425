"""Every way out of a command."""

import errno
import json
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from loopwright.cli.boundary import Flags, guard
from loopwright.errors import (
    ApprovalMissingError,
    ContractError,
    GateFailedError,
    LoopwrightError,
    NotFoundError,
    NoVerdictError,
    StoreBusyError,
    UsageError,
)

MISSING = NotFoundError("no dataset named 'flight'", why="known: flights", fix="Name a known one.", known=["flights"])


@pytest.fixture(autouse=True)
def keep_stdout() -> Iterator[None]:
    stdout = sys.stdout
    yield
    sys.stdout = stdout


def leave(error: BaseException, flags: Flags | None = None) -> int:
    def work() -> int:
        raise error

    return guard(work, flags or Flags())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MISSING, 1),
        (ContractError("12 rows break the contract"), 2),
        (GateFailedError("the candidate failed 2 rules"), 3),
        (NoVerdictError("3 labels do not suffice"), 4),
        (ApprovalMissingError("nobody approved"), 5),
        (StoreBusyError("the store stayed locked"), 1),
        (KeyError("oops"), 1),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_each_kind_of_failure_has_its_exit_code(error: BaseException, code: int) -> None:
    assert leave(error) == code


def test_work_that_ends_well_keeps_its_own_exit_code() -> None:
    assert guard(lambda: 3, Flags()) == 3


def test_an_error_says_code_what_why_and_fix_on_stderr_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    leave(MISSING)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error LW104: no dataset named 'flight'\n  why: known: flights\n  fix: Name a known one.\n"


def test_a_reason_of_several_lines_stays_under_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    leave(ContractError("2 rules broken", why="origin: LGB\ndistance: -1"))
    assert "  why: origin: LGB\n       distance: -1\n" in capsys.readouterr().err


def test_an_error_is_json_on_stdout_under_json(capsys: pytest.CaptureFixture[str]) -> None:
    leave(MISSING, Flags(as_json=True))
    shown = capsys.readouterr()
    assert shown.err == ""
    assert json.loads(shown.out)["error"] == {
        "code": "LW104",
        "what": "no dataset named 'flight'",
        "why": "known: flights",
        "fix": "Name a known one.",
        "context": {"known": ["flights"]},
    }


def test_context_that_json_does_not_know_becomes_text(capsys: pytest.CaptureFixture[str]) -> None:
    leave(LoopwrightError("odd", kind=int, rate=np.float64("nan"), rows=np.int64(3)), Flags(as_json=True))
    context = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert context["error"]["context"] == {"kind": "<class 'int'>", "rate": None, "rows": 3}


def test_what_is_not_ours_is_a_bug_with_advice_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    leave(KeyError("oops"))
    shown = capsys.readouterr().err
    for part in ("LW900", "KeyError: 'oops'", "report"):
        assert part in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("error", [KeyError("oops"), MISSING])
def test_debug_adds_the_trace(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    leave(error, Flags(debug=True))
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "raise error" in shown


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError()])
def test_an_interrupt_and_a_reader_that_went_away_leave_quietly(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(error)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "LW406"), (errno.EACCES, "LW407"), (errno.EROFS, "LW407"), (errno.EIO, "LW900")]
)
def test_what_the_system_denies_is_named_with_its_path(
    number: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(OSError(number, "as the system says", "/some/file"))
    shown = capsys.readouterr().err
    assert shown.startswith(f"error {code}: ")
    assert "/some/file" in shown


def test_an_error_that_quotes_data_does_not_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> int:
        raise UsageError("no column '\x1b[2J'", why="\x9b1A", fix="Look.")

    guard(fails, Flags())
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert r"\x1b[2J" in shown
    assert r"\x9b1A" in shown
