"""The one place where a command's errors end: each becomes a message, or JSON, and an exit code; never a bare trace."""

import sys
from collections.abc import Callable
from typing import NamedTuple

from loopwright.cli.printable import printable
from loopwright.errors import InternalError, LoopwrightError
from loopwright.store.backends.os_errors import NAMED, os_error

INTERRUPTED = 130
PIPE_CLOSED = 141


class Flags(NamedTuple):
    """The two options that every command has."""

    as_json: bool = False
    debug: bool = False


def guard(work: Callable[[], int], flags: Flags) -> int:
    """Run `work` and return its exit code, or that of the error it raised.

    A `LoopwrightError` says code, what, why and fix; anything else, interrupts apart, is our bug and becomes LW900.
    """
    try:
        return work()
    except LoopwrightError as error:
        return _report(error, flags)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _silence()
    except Exception as error:  # noqa: BLE001 - the command boundary: whatever is left is reported as a bug
        return _report(_named(error), flags)


def _named(error: Exception) -> LoopwrightError:
    """A full disk or a folder that may not be written is nobody's bug; whatever else is left is ours."""
    if isinstance(error, OSError) and error.errno in NAMED:
        from pathlib import Path

        named = os_error(error, Path(error.filename or "."))
        named.__cause__ = error
        return named
    return _internal(error)


def _internal(error: Exception) -> InternalError:
    wrapped = InternalError(
        "Loopwright failed where it should not have",
        why=f"{type(error).__name__}: {error}",
        fix="This is a bug. Run the same command with --debug and report what it prints.",
    )
    wrapped.__cause__ = error
    return wrapped


def _report(error: LoopwrightError, flags: Flags) -> int:
    if flags.debug:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if flags.as_json:
        import msgspec

        print(msgspec.json.encode({"error": error.as_dict()}, enc_hook=_plain).decode())
    else:
        print(printable(_text(error)), file=sys.stderr)
    return error.exit_code


def _plain(value: object) -> object:
    """A fact that JSON does not know: an array's or NumPy scalar's own list or number, anything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _text(error: LoopwrightError) -> str:
    rows = [f"error {error.code}: {error}"]
    rows += [f"  {name}: {_indent(text)}" for name, text in (("why", error.why), ("fix", error.fix)) if text]
    return "\n".join(rows)


def _indent(text: str) -> str:
    return text.replace("\n", "\n       ")


def _silence() -> int:
    """The reader went away (`loopwright status | head`): say nothing more, also not while the interpreter closes."""
    sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115 - stays open until exit, by intent
    return PIPE_CLOSED
