"""`loopwright monitor replay`: the past through the loop file's present rules."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.monitor.replay import AskedReplay, Replayed, replay_monitors
from loopwright.app.monitor.replay_alarms import Span
from loopwright.cli.period import From, To, period
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, line, progress, table
from loopwright.cli.spread import spread
from loopwright.core.clock import Micros, iso, parse_duration
from loopwright.errors import UsageError
from loopwright.export.monitor_replay import lasted, replay_page
from loopwright.export.report import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is played, apart from when."""

    rows: Annotated[
        bool, typer.Option("--rows", help="Take the labelled rows that the loop learns from, not the request log.")
    ] = False
    version: Annotated[str | None, typer.Option(help="With --rows: who answers them; the champion where left out.")] = (
        None
    )
    label_delay: Annotated[str, typer.Option(help="With --rows: how long after a row its label is known.")] = "1d"
    real: Annotated[
        list[str] | None, typer.Option(help="A span in which something was really wrong, as 2026-03-01..2026-03-09.")
    ] = None
    resolve_after: Annotated[
        str | None, typer.Option(help="Take an incident as dealt with after so long, as 14d, and begin anew.")
    ] = None

    def asked(self, begin: str | None, end: str | None) -> AskedReplay:
        """The replay that is asked for.

        Raises:
            UsageError: A text is no day, no span or no duration.
        """
        since, until = period(begin, end)
        after = self.resolve_after
        return AskedReplay(
            since=since,
            until=until,
            rows=self.rows,
            version=self.version,
            label_delay=_duration("--label-delay", self.label_delay),
            real=tuple(map(_span, self.real or ())),
            resolve_after=None if after is None else _duration("--resolve-after", after),
        )


@spread(Options)
def replay_past(
    *,
    from_: From = None,
    to: To = None,
    out: Annotated[Path | None, typer.Option(help="Write a page with pictures.")] = None,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
    options: Options,
) -> Answer:
    """Say which rule would have spoken when, on the recorded past; nothing is written to the home."""
    asked = options.asked(from_, to)
    workspace, loaded = opened(project, file, home=home)
    with progress() as bars:
        found = replay_monitors(workspace, loaded, asked, start=bars.start)
    if out is not None:
        out.write_text(render(replay_page(found)), encoding="utf-8")
    return Answer(data=found, show=lambda: _show(found, out))


def _span(text: str) -> Span:
    first, dots, last = text.partition("..")
    try:
        since, until = period(first, last) if dots else (None, None)
    except UsageError as error:
        raise UsageError(f"--real {text} is no span", why=error.what, fix="Write 2026-03-01..2026-03-09.") from error
    if since is None or until is None:
        raise UsageError(f"--real {text} is no span", fix="Write 2026-03-01..2026-03-09.")
    return Span(since=since, until=until)


def _duration(option: str, text: str) -> Micros:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}", why=str(error)) from error


def _show(found: Replayed, out: Path | None) -> None:
    line(f"{iso(found.since)[:10]} to {iso(found.until)[:10]}: {found.rows:,} rows, {found.looks:,} looks")
    rows = [
        (alarm.check, iso(alarm.since)[:16], iso(alarm.until)[:16], alarm.periods, alarm.false,
         None if alarm.delay_us is None else lasted(alarm.delay_us))
        for rule in found.rules for alarm in rule.alarms
    ]  # fmt: skip
    if rows:
        table(["rule", "failed from", "to", "periods", "false", "heard after"], rows, right=["periods"])
    for words, checks in (
        ("never failed", [rule.check for rule in found.rules if rule.periods and not rule.alarms]),
        ("no period of theirs was over", [rule.check for rule in found.rules if not rule.periods]),
    ):
        if checks:
            line(f"{words}: {', '.join(checks)}")
    for rule in found.rules:
        if rule.unknown:
            line(f"{rule.check}: no verdict for {rule.unknown:,} of {rule.periods:,} periods")
    line(f"incidents: {found.incidents}; {found.seconds:.1f} s" + (f"; wrote {out}" if out else ""))
