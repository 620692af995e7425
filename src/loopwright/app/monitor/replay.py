"""`loopwright monitor replay`: the past through the rules that the loop file has now. Nothing is written to the home.

The watcher itself runs, on a clock that is moved from period to period, so that a rule says what it would have said. A
release that an alarm would have led to does not happen: the champions are those that were, or one that is named.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from loopwright.app.loop_file import LoadedLoop
from loopwright.app.monitor.incidents import KIND as INCIDENT
from loopwright.app.monitor.replay_alarms import Span, Spoken, spoken
from loopwright.app.monitor.replay_past import PastClock, PastLedger, PastStores, PastTables
from loopwright.app.monitor.replay_rows import rows_as_asked
from loopwright.app.monitor.report import MonitorReport, monitor_report
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.monitor.words import say
from loopwright.app.policies.history import history_of
from loopwright.app.versions import champion_of, manifest_of, registered_version
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.monitoring.incident import Incident
from loopwright.monitoring.rules.rule import DAY
from loopwright.store.ledger import RefMove
from loopwright.store.open_stores import Stores

if TYPE_CHECKING:
    import polars as pl

MOST_TICKS = 20_000
StartBar = Callable[[str, int], Callable[[int], None]]
"""Begins a progress bar with a label and a length; what it returns moves it on."""


class AskedReplay(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be replayed.

    Attributes:
        since: Where it begins: when the first champion began to answer, where None.
        until: Where it ends: now, where None.
        rows: Take the labelled rows that the loop learns from as requests, all answered by one version, instead of the
            request log.
        version: The one that answers them: a number, an alias, the beginning of a digest; the champion where None.
        label_delay: How long after its event time a row's label is known.
        real: Spans in which something was really wrong, by the user's own knowledge.
        resolve_after: An incident is taken as dealt with after so long, and the rules begin anew; never where None.
    """

    since: Micros | None = None
    until: Micros | None = None
    rows: bool = False
    version: str | None = None
    label_delay: Micros = DAY
    real: tuple[Span, ...] = ()
    resolve_after: Micros | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        endpoint: Whose past.
        since, until: The period played.
        every_us: How often the rules were looked at; the shortest of their periods, or longer where that would be more
            than `MOST_TICKS` looks.
        looks: How often.
        rows: Requests that were seen.
        source: `requests`, or the dataset.
        rules: What each rule that opens incidents came to.
        incidents: How many would have opened.
        real: As it was marked.
        seconds: What it took.
        report: Everything, as `loopwright monitor report` would have said it at the end.
    """

    endpoint: str
    since: Micros
    until: Micros
    every_us: Micros
    looks: int
    rows: int
    source: str
    rules: tuple[Spoken, ...]
    incidents: int
    real: tuple[Span, ...]
    seconds: float
    report: MonitorReport


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """The stage of one replay."""

    workspace: Workspace
    clock: PastClock
    since: Micros
    until: Micros
    source: str


def replay_monitors(
    workspace: Workspace, loaded: LoadedLoop, asked: AskedReplay, *, start: StartBar | None = None
) -> Replayed:
    """Play the past.

    Args:
        workspace: The home; it is only read.
        loaded: The loop with the rules as they are now.
        asked: What to play.
        start: Begins a progress bar.

    Raises:
        UsageError: There is nothing to play in that period, or the loop watches nothing.
        NotFoundError: There is no champion, or no such version.
    """
    if not loaded.loop.monitor:
        raise UsageError("the loop watches nothing", fix="Give it monitor=[lw.drift(), …] in the loop file.")
    began = workspace.machine.monotonic()
    with tempfile.TemporaryDirectory(prefix="loopwright-replay-") as folder:
        past = (
            _of_rows(workspace, loaded, asked, folder=Path(folder))
            if asked.rows
            else _of_log(workspace, loaded, asked, folder=Path(folder))
        )
        every, looks = _play(past, loaded, asked, start=start)
        report = monitor_report(
            past.workspace, loaded.loop.name, since=past.since, until=past.until, rules=loaded.loop.monitor
        )
        seen = past.workspace.stores.tables.scan("requests", columns=["at"], since=past.since, until=past.until)
    return Replayed(
        endpoint=loaded.loop.name,
        since=past.since,
        until=past.until,
        every_us=every,
        looks=looks,
        rows=seen.height,
        source=past.source,
        rules=tuple(spoken(rule, asked.real) for rule in report.rules if rule.opens),
        incidents=sum(report.incidents_by_state.values()),
        real=asked.real,
        seconds=round(workspace.machine.monotonic() - began, 2),
        report=report,
    )


def _play(past: _Past, loaded: LoadedLoop, asked: AskedReplay, *, start: StartBar | None) -> tuple[Micros, int]:
    """Move the clock from period to period, and look."""
    shortest = min(rule.period_us for rule in loaded.loop.monitor)
    every = max(shortest, -(-(past.until - past.since) // MOST_TICKS))
    first = -(-past.since // every) * every
    ticks = range(first, past.until + 1, every)
    advance = start("periods", len(ticks)) if start else None
    watcher = Watcher(past.workspace, loaded.loop)
    for at in ticks:
        past.clock.at = at
        watcher.watch()
        if asked.resolve_after is not None:
            _resolve(past.workspace, loaded.loop.name, before=at - asked.resolve_after)
        if advance:
            advance(1)
    past.clock.at = past.until
    return every, len(ticks)


def _resolve(workspace: Workspace, endpoint: str, *, before: Micros) -> None:
    """Say of every incident that opened before an instant that it was dealt with; heeded at the next look."""
    for record in workspace.stores.ledger.search(INCIDENT, where={"endpoint": endpoint}, limit=1_000):
        incident = msgspec.convert(record.data, Incident)
        if incident.state != "resolved" and incident.opened_at <= before:
            say(workspace, incident.id, "resolve", actor="replay", reason="taken as dealt with")


def _of_log(workspace: Workspace, loaded: LoadedLoop, asked: AskedReplay, *, folder: Path) -> _Past:
    """The recorded requests, answered by the champions that were."""
    name = loaded.loop.name
    moves = workspace.stores.ledger.history(workspace.ref("model", name, "champion"))
    until = workspace.clock.now() if asked.until is None else asked.until
    if not moves:
        champion_of_or_refuse(workspace, name)
    since = max(asked.since or 0, moves[0].at)
    tables = workspace.stores.tables
    return _stage(
        workspace,
        folder,
        load=lambda table: tables.scan(table, until=until + 1),
        span=(since, until),
        source="requests",
    )


def _of_rows(workspace: Workspace, loaded: LoadedLoop, asked: AskedReplay, *, folder: Path) -> _Past:
    """The labelled rows, all answered by one version."""
    name = loaded.loop.name
    version = (
        registered_version(workspace, name, asked.version)
        if asked.version is not None
        else champion_of_or_refuse(workspace, name)
    )
    history = history_of(workspace, loaded, delay_us=asked.label_delay)
    crowned = [
        m.at for m in workspace.stores.ledger.history(workspace.ref("model", name, "champion")) if m.target == version
    ]
    since = asked.since if asked.since is not None else (crowned[0] if crowned else int(history.at[0]))
    until = asked.until if asked.until is not None else int(history.at[-1]) + asked.label_delay
    if not len(history.at) or history.at[-1] < since:
        raise UsageError(
            "there is no labelled row in that period",
            why="a version is played from the moment at which it became champion, where no other is named",
            fix="Give --from with the day after the last one that the version learned from, or another --version.",
        )
    made: dict[str, pl.DataFrame] = {}
    ref = workspace.ref("model", name, "champion")
    stage = _stage(
        workspace, folder, load=lambda table: made.get(table, _nothing()), span=(since, until),
        source="the rows that the loop learns from", moves=(RefMove(name=ref, target=version, at=since, seq=0),),
    )  # fmt: skip
    made |= rows_as_asked(stage.workspace, name, version, manifest=manifest_of(workspace, version), history=history)
    return stage


def _stage(
    workspace: Workspace,
    folder: Path,
    *,
    load: Callable[[str], "pl.DataFrame"],
    span: tuple[Micros, Micros],
    source: str,
    moves: Sequence[RefMove] = (),
) -> _Past:
    since, until = span
    if until <= since:
        raise UsageError("the period is empty", fix="Give a later --to, or an earlier --from.")
    clock = PastClock(since, workspace.machine)
    stores: Any = PastStores(
        home=folder,
        ledger=PastLedger(workspace.stores.ledger, clock, moves=moves),
        tables=PastTables(load, clock),
        blobs=workspace.stores.blobs,
        key_values=lambda: workspace.stores.kv,
    )
    past = replace(workspace, stores=cast(Stores, stores), clock=clock)
    return _Past(workspace=past, clock=clock, since=since, until=until, source=source)


def champion_of_or_refuse(workspace: Workspace, name: str) -> str:
    """The champion.

    Raises:
        UsageError: There is none.
    """
    version = champion_of(workspace, name)
    if version is None:
        raise UsageError(f"{name!r} has no champion to watch", fix="Run `loopwright run` first.")
    return version


def _nothing() -> "pl.DataFrame":
    import polars as pl

    return pl.DataFrame()
