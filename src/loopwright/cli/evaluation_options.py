"""What `loopwright eval run` is told: what answers, what is asked, and how."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.evaluations.declared import chosen, declared, file_of_evaluations, made_up
from loopwright.app.evaluations.journey import Manner
from loopwright.app.evaluations.target import GIVEN, Target, endpoint_target, version_target
from loopwright.app.loop import Loop
from loopwright.app.loop_file import load_loop
from loopwright.app.workspace import Workspace
from loopwright.cli.evaluation_files import Files
from loopwright.errors import UsageError
from loopwright.evals.check import Evaluation

_MONEY = re.compile(r"(\d+(?:\.\d+)?) ?(usd|USD|\$)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """The model that writes cases."""

    endpoint: Annotated[str, typer.Option(help="The model's URL, up to its /v1.")] = ""
    model: Annotated[str, typer.Option(help="The model there.")] = ""
    key: Annotated[str, typer.Option(help="Where its key is: env:NAME or file:PATH.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(Files):
    """See the options' help."""

    file: Annotated[str, typer.Option(help="The file that declares evaluations, relative to the project.")] = "loop.py"
    version: Annotated[str | None, typer.Option(help="A version of the loop's application; else its champion.")] = None
    endpoint: Annotated[str | None, typer.Option(help="Ask a model at this URL instead, up to its /v1.")] = None
    model: Annotated[str, typer.Option(help="The model there.")] = ""
    api: Annotated[str, typer.Option(help="The protocol there: openai, anthropic or gemini.")] = "openai"
    key: Annotated[str, typer.Option(help="Where its key is: env:NAME or file:PATH.")] = ""
    given: Annotated[bool, typer.Option("--given", help="Judge the answers that cases bring along.")] = False
    cases: Annotated[list[str] | None, typer.Option(help="Files of cases, instead of what is declared.")] = None
    scorer: Annotated[list[str] | None, typer.Option(help="A scorer by its name, with --cases.")] = None
    at_least: Annotated[float | None, typer.Option(help="Least pass rate, with --cases.")] = None
    repeats: Annotated[int | None, typer.Option(min=1, help="Answers to each case.")] = None
    concurrency: Annotated[int | None, typer.Option(min=1, max=512, help="Cases under way at a time.")] = None
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask everything anew.")] = False
    limit_cost: Annotated[str | None, typer.Option(help="Stop once it has cost so much, as 2usd.")] = None
    yes: Annotated[bool, typer.Option("--yes", help="Agree to what it costs.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be asked, and ask nobody.")] = False

    @property
    def agreed(self) -> bool:
        """Whether it may cost money: a limit agrees to all below it."""
        return self.yes or self.limit_cost is not None

    def manner(self) -> Manner:
        """How the run is done. Raises UsageError where the limit is no amount."""
        limit = None if self.limit_cost is None else _usd(self.limit_cost)
        return Manner(repeats=self.repeats, concurrency=self.concurrency, fresh=self.fresh, limit_usd=limit)

    def target(self, workspace: Workspace, loop: str) -> Target:
        """What answers.

        Raises:
            UsageError: Two things are named, or none is.
            NotFoundError: The loop has no such version.
        """
        if self.given + (self.endpoint is not None) + (self.version is not None) > 1:
            raise UsageError("say one thing to evaluate", fix="Give --version, --endpoint or --given, not two of them.")
        if self.given:
            return GIVEN
        if self.endpoint is not None:
            return endpoint_target(self.endpoint, self.model, api=self.api, key=self.key)
        if not loop:
            raise UsageError(
                "say what to evaluate", why="no loop with an application was named",
                fix="Add --endpoint URL --model NAME, --given, or name a loop file with --file.",
            )  # fmt: skip
        return version_target(workspace, loop, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The evaluations that are asked for, where they are, and the loop with an application, if there is one."""

    folder: Path
    evaluations: Sequence[Evaluation]
    loop: str


def wanted_in(folder: Path, options: RunOptions, names: Sequence[str]) -> Wanted:
    """The evaluations of the project's file, or the one that the options make up.

    Raises:
        LoopFileError: The file cannot be loaded.
        NotFoundError: It declares no such evaluation.
        UsageError: The options do not make one.
    """
    path = (folder / options.file).resolve()
    elsewhere = options.endpoint is not None or options.given
    if options.cases or options.scorer:
        loop = "" if elsewhere else load_loop(path, folder).loop.name
        made = made_up(options.cases or [], options.scorer or [], at_least=options.at_least)
        return Wanted(folder=folder, evaluations=(made,), loop=loop)
    if options.at_least is not None:
        raise UsageError("--at-least is for --cases and --scorer", why="a declared evaluation has bounds of its own")
    module = file_of_evaluations(path) if elsewhere else load_loop(path, folder).module
    loops = [value for value in vars(module).values() if isinstance(value, Loop)]
    loop = "" if elsewhere or not loops else loops[0].name
    return Wanted(folder=folder, evaluations=chosen(declared(module), names), loop=loop)


def _usd(text: str) -> float:
    found = _MONEY.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no amount of money", fix="Write --limit-cost 2usd, for example.")
    return float(found.group(1))
