"""`loopwright doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line, table
from loopwright.core.verdict import Outcome, Verdict, overall
from loopwright.errors import UsageError
from loopwright.store.doctor import check_home
from loopwright.store.journal import Anchor, anchor_of

_EXIT_CODES = {Outcome.FAIL: 1, Outcome.UNKNOWN: 4}


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    deep: Annotated[bool, typer.Option("--deep", help="Read every blob, not a sample.")] = False,
    anchor: Annotated[str, typer.Option(help="A tip of the journal kept elsewhere, as SEQ:DIGEST.")] = "",
    home: Annotated[str | None, typer.Option(help="Another home of the project, as .loopwright-replay.")] = None,
) -> Answer:
    """Check the home and say how to mend it; it changes nothing.

    Exit code 0 when every check passes or only warns, 1 when one fails, 4 when one could not be made.
    """
    workspace = open_workspace(find_project(project.resolve()), explicit={"home": home})
    verdicts = check_home(workspace.stores, deep=deep, anchor=_anchor(anchor))
    outcome = overall(verdicts)
    tip = None if outcome is Outcome.FAIL else anchor_of(workspace.stores.ledger)
    data = {"home": workspace.home, "outcome": outcome, "checks": verdicts, "anchor": tip}
    return Answer(data=data, show=lambda: _show(outcome, verdicts, tip), exit_code=_EXIT_CODES.get(outcome, 0))


def _anchor(text: str) -> Anchor | None:
    if not text:
        return None
    seq, _, digest = text.partition(":")
    if not (seq.isdecimal() and digest):
        raise UsageError(f"{text!r} is not an anchor", fix="Write --anchor SEQ:DIGEST, as `--anchor 412:9f2c…`.")
    return Anchor(seq=int(seq), digest=digest)


def _show(outcome: Outcome, verdicts: tuple[Verdict, ...], tip: Anchor | None) -> None:
    rows = [
        (verdict.outcome.value.replace("_", " "), verdict.check.replace("_", " "), verdict.reason)
        for verdict in verdicts
    ]
    table(["verdict", "check", "because"], rows)
    line(f"overall: {outcome.value}")
    if tip is not None:
        line(f"Keep this outside the home, for --anchor another time: {tip.seq}:{tip.digest}")
