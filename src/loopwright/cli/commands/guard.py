"""`loopwright guard eval | check`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.guard_trials import Checked, GuardTrial, GuardTrials, Share, check_text, try_guards
from loopwright.cli.render import Answer, line, table
from loopwright.core.clock import SystemClock
from loopwright.llm.guards.trials.labelled import labelled_file, shipped

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
_KINDS = "Kind of guard: personal_data, secrets, prompt_injection, toxicity, topics, json. Repeat for several."
_DEFAULT = ("personal_data", "secrets", "prompt_injection", "toxicity")


@app.callback()
def _noun() -> None:
    """Guards: what they find in a text, and how often they are wrong."""


@app.command("eval")
def eval_(
    *,
    set_: Annotated[
        Path | None, typer.Option("--set", help="Your own labelled texts, JSON lines; else the set that is shipped.")
    ] = None,
    guard: Annotated[list[str] | None, typer.Option(help=_KINDS)] = None,
    misses: Annotated[bool, typer.Option(help="Name every text that was judged wrongly.")] = False,
) -> Answer:
    """Measure recall, false positives and time of guards. Example: `loopwright guard eval --guard secrets --misses`."""
    labelled = shipped() if set_ is None else labelled_file(set_)
    trials = try_guards(labelled, SystemClock(), only=guard or ())
    return Answer(data=trials, show=lambda: _show(trials, misses=misses))


@app.command("check")
def check(
    text: Annotated[str, typer.Argument(help="The text; `-` or nothing reads it from stdin.")] = "-",
    *,
    guard: Annotated[list[str] | None, typer.Option(help=_KINDS)] = None,
) -> Answer:
    """Show what guards find in a text, and the text masked. Example: `loopwright guard check "mail ann@example.org"`.

    The exit code is 1 where a guard found anything.
    """
    checked = check_text(sys.stdin.read() if text == "-" else text, guard or _DEFAULT)
    return Answer(data=checked, show=lambda: _show_checked(checked), exit_code=int(bool(checked.findings)))


def _show(trials: GuardTrials, *, misses: bool) -> None:
    rows = [
        (t.guard, _share(t.recall), _share(t.false_positives), t.recall.of + t.false_positives.of, t.ms_per_kb)
        for t in trials.guards
    ]
    right = ("texts", "ms/KB")
    table(["guard", "recall", "false positives", "texts", "ms/KB"], rows, title=trials.set, right=right)
    groups = [(t.guard, tag, _share(share)) for t in trials.guards for tag, share in t.by_tag.items()]
    if groups:
        table(["guard", "group", "recall"], groups)
    if misses:
        for trial in trials.guards:
            _show_wrong(trial)
    line("Shares with their intervals at 95 %. A guard does better on texts that were written with it in mind.")


def _show_wrong(trial: GuardTrial) -> None:
    _names("missed", trial.guard, trial.missed)
    _names("found wrongly", trial.guard, trial.wrong)


def _names(what: str, guard: str, names: Sequence[str]) -> None:
    if names:
        line(f"{guard}, {what}: {', '.join(names)}")


def _share(share: Share) -> str:
    if share.share is None or share.low is None or share.high is None:
        return ""
    return f"{share.share:.0%} ({share.low:.0%} to {share.high:.0%})"


def _show_checked(checked: Checked) -> None:
    if not checked.findings:
        line("Nothing was found.")
        return
    table(
        ["guard", "kind", "from", "to"], [(f.guard, f.kind, f.start, f.end) for f in checked.findings],
        right=("from", "to"),
    )  # fmt: skip
    line(checked.text)
