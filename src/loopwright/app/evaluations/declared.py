"""The evaluations that a project declares, in its loop file or in a file of their own; or one made up on the spot."""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

from loopwright.app.loop import Loop
from loopwright.errors import LoopFileError, LoopwrightError, NotFoundError, UsageError
from loopwright.evals.check import Evaluation, evaluation
from loopwright.evals.live_traffic import Live
from loopwright.evals.scorer import Scorer
from loopwright.evals.scorers.citations import citations
from loopwright.evals.scorers.figures import numeric
from loopwright.evals.scorers.refusal import refusal
from loopwright.evals.scorers.schema import json_schema
from loopwright.evals.scorers.text import contains, exact, length, regex
from loopwright.evals.scorers.tools import tool_calls

BY_NAME: dict[str, Callable[[], Scorer]] = {
    "citations": citations,
    "contains": contains,
    "exact": exact,
    "json_schema": json_schema,
    "length": length,
    "numeric": numeric,
    "refusal": refusal,
    "regex": regex,
    "tool_calls": tool_calls,
}
"""The scorers that a command line can name: those that need nothing said."""


def declared(module: ModuleType) -> tuple[Evaluation, ...]:
    """The evaluations of a file: those in the gates of its loops, and those that stand by themselves."""
    found = {one.name: one for value in vars(module).values() for one in _within(value)}
    return tuple(found.values())


def file_of_evaluations(path: Path) -> ModuleType:
    """Import a file that declares evaluations; it need not declare a loop.

    Raises:
        LoopFileError: It is not there, or fails while it is imported.
    """
    if not path.is_file():
        raise LoopFileError(f"there is no file {path}", fix="Name one with --file, or cases with --cases and --scorer.")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise LoopFileError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except LoopwrightError:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename}, line {last.lineno}"
        raise LoopFileError(f"{where}: {type(error).__name__}: {error}") from error
    return module


def made_up(cases: Sequence[str], scorers: Sequence[str], *, at_least: float | None) -> Evaluation:
    """An evaluation from a command line.

    Raises:
        UsageError: A scorer has no such name, or cases or scorers are missing.
    """
    if not cases or not scorers:
        raise UsageError("an evaluation needs --cases and --scorer", fix="Give both, or name a --file.")
    if odd := [name for name in scorers if name not in BY_NAME]:
        raise UsageError(
            f"there is no scorer {odd[0]!r} by name alone", why=f"there are {', '.join(BY_NAME)}",
            fix="Declare others, as judges, in a file, and name it with --file.",
        )  # fmt: skip
    return evaluation(tuple(cases), *(BY_NAME[name]() for name in scorers), at_least=at_least)


def chosen(evaluations: Sequence[Evaluation], names: Sequence[str]) -> tuple[Evaluation, ...]:
    """Those that are named; all of them where none is.

    Raises:
        NotFoundError: There is none of that name, or none at all.
    """
    known = {one.name: one for one in evaluations}
    if not known:
        raise NotFoundError(
            "no evaluation is declared",
            fix='Add lw.evals.evaluation("cases/*.jsonl", lw.evals.contains(), at_least=0.9) to the loop\'s gate.',
        )
    if odd := [name for name in names if name not in known]:
        raise NotFoundError(f"there is no evaluation {odd[0]!r}", why=f"there are {', '.join(known)}")
    return tuple(known[name] for name in names) if names else tuple(known.values())


def live_in(module: ModuleType) -> Live:
    """The one live evaluation of a file.

    Raises:
        NotFoundError: It declares none, or more than one.
    """
    values = list(vars(module).values())
    said = [value.live if isinstance(value, Loop) else value for value in values]
    found = list({id(value): value for value in said if isinstance(value, Live)}.values())
    if len(found) != 1:
        raise NotFoundError(
            f"the file declares {len(found)} live evaluations", why="one is expected",
            fix="Write watched = lw.evals.live(lw.evals.refusal(), share=0.05) into it.",
        )  # fmt: skip
    return found[0]


def _within(value: object) -> Iterator[Evaluation]:
    if isinstance(value, Evaluation):
        yield value
    elif isinstance(value, Loop):
        yield from (rule for rule in value.gate if isinstance(rule, Evaluation))
