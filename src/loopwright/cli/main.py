"""The console entry. It imports only the module of the command that was typed, and Typer where it is needed."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

from loopwright.cli.boundary import Flags, guard
from loopwright.cli.plain_options import plain_options
from loopwright.cli.table import COMMANDS, Entry, overview
from loopwright.errors import UsageError
from loopwright.version import VERSION

# A line of \b keeps the lines after it as they are. `split_flags` takes the two options before Typer parses.
_EPILOG = """\b
Also:
  --json   Print the result, or the error, as one JSON value on stdout.
  --debug  Show the trace of an error.

\b
Example:
  """


class Result(Protocol):
    """What a command returns: `render.Answer` is one."""

    def deliver(self, *, as_json: bool) -> int:
        """Print the result to stdout and return the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (that of the process when `argv` is None) and return the exit code."""
    arguments, flags = split_flags(sys.argv[1:] if argv is None else argv)
    return guard(lambda: _dispatch(arguments, flags), flags)


def split_flags(argv: Sequence[str]) -> tuple[list[str], Flags]:
    """Take `--json` and `--debug` out of the arguments; what follows a bare `--` is left alone."""
    end = argv.index("--") if "--" in argv else len(argv)
    head, tail = argv[:end], argv[end:]
    flags = Flags(as_json="--json" in head, debug="--debug" in head)
    return [word for word in head if word not in ("--json", "--debug")] + list(tail), flags


def _dispatch(arguments: list[str], flags: Flags) -> int:
    first = arguments[0] if arguments else "--help"
    if first in ("--version", "-V"):
        print(f"loopwright {VERSION}")
        return 0
    if first in ("--help", "-h", "help"):
        print(overview(VERSION))
        return 0
    if first not in COMMANDS:
        raise _unknown(first)
    return _invoke_directly(COMMANDS[first], arguments[1:], flags)


def _unknown(word: str) -> UsageError:
    from difflib import get_close_matches

    close = get_close_matches(word, COMMANDS, n=1)
    fix = f"Did you mean `loopwright {close[0]}`?" if close else "Run `loopwright --help` to see every command."
    return UsageError(f"there is no command {word!r}", fix=fix)


def _invoke_directly(entry: Entry, arguments: list[str], flags: Flags) -> int:
    """Call the command without Typer where it can be, with Typer otherwise."""
    if not entry.direct:
        return _invoke(entry, arguments, flags)
    module, _, name = entry.direct.partition(":")
    command = getattr(import_module(module), name)
    given = plain_options(arguments, command)
    if given is None:
        return _invoke(entry, arguments, flags)
    result: Result = command(**given)
    return result.deliver(as_json=flags.as_json)


def _invoke(entry: Entry, arguments: list[str], flags: Flags) -> int:
    import typer
    from typer.exceptions import TyperException

    command = build(entry)
    try:
        with command.make_context(f"loopwright {entry.name}", list(arguments)) as context:
            result: Result | None = command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except TyperException as error:
        # Typer's usage errors; its exit code 2 means "data refused" here, so they become our own.
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        raise UsageError(message, fix=f"Run `loopwright {entry.name} --help`; for example: {entry.example}") from error
    return result.deliver(as_json=flags.as_json) if result is not None else 0


def build(entry: Entry) -> Any:
    """Import the command's module and make a Typer command whose help ends with the shared options and an example."""
    import typer

    module = import_module(entry.module)
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        app.command(name=entry.name, context_settings={"help_option_names": ["-h", "--help"]})(module.command)
    command = typer.main.get_command(app)
    command.epilog = _EPILOG + entry.example
    return command


if __name__ == "__main__":
    sys.exit(main())
