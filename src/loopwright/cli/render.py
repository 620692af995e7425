"""What commands print with: results to stdout, everything else to stderr. Rich is imported when something is drawn."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.cli.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a command returns: `data` is the JSON form, `show` prints the same for a person.

    Args:
        data: Dicts, lists, scalars, structs or dataclasses; the whole result, as Python and the API give it.
        show: Prints to stdout with `line` and `table`; nothing but the JSON is printed under `--json`.
        exit_code: 0 unless the result itself is a refusal (as `doctor` with findings).
    """

    data: Any
    show: Callable[[], None]
    exit_code: int = 0

    def deliver(self, *, as_json: bool) -> int:
        """Print the result to stdout and return the exit code."""
        if as_json:
            sys.stdout.write(json_text(self.data) + "\n")
        else:
            self.show()
        sys.stdout.flush()
        return self.exit_code


def json_text(data: Any) -> str:
    """`data` as JSON, indented by two; NaN and infinities are null, NumPy scalars numbers, paths text.

    Raises:
        TypeError: A value in it has no JSON form.
    """
    return msgspec.json.format(msgspec.json.encode(data, enc_hook=_plain), indent=2).decode()


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return value.tolist()
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} has no JSON form")


def line(text: str = "") -> None:
    """One line of the result."""
    print(printable(text))


def note(text: str) -> None:
    """One line about the work under way, to stderr, so that stdout stays the result."""
    print(printable(text), file=sys.stderr, flush=True)


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "", right: Sequence[str] = ()
) -> None:
    """Print a table.

    Args:
        columns: Headings.
        rows: One sequence a row, as long as `columns`; cells are shown by `cell`.
        title: A line above.
        right: The columns that are set flush right (numbers).
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        drawn.add_column(Text(column), justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(value)) for value in row))
    _console().print(drawn)


def cell(value: object) -> str:
    """A value as one cell: nothing for None, yes or no for a truth, four significant digits for a float."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return printable(str(value))


class Bars:
    """The progress bars of one piece of work; `start` gives a function that moves a new bar on."""

    __slots__ = ("_progress",)

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress

    def start(self, label: str, total: int | None = None) -> Callable[[int], None]:
        """Draw a bar (one without an end when `total` is None) and return `advance(steps)`."""
        task: TaskID = self._progress.add_task(label, total=total)

        def advance(steps: int = 1) -> None:
            self._progress.advance(task, steps)

        return advance

    def note(self, text: str) -> None:
        """One line above the bars."""
        self._progress.console.print(text, markup=False, emoji=False, highlight=False)


@contextmanager
def progress() -> Iterator[Bars]:
    """Bars on stderr while the block runs; a stderr that is no terminal gets the notes only."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = _console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as drawn:
        yield Bars(drawn)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A pipe has no width: wide enough not to fold what a script greps for.
    return Console(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)
