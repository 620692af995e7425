"""What monitoring knows of one endpoint over a period, as one value: the page, the JSON and the metrics are made of it.

Bounded whatever there is: top lists for columns and incidents, a point a day for rules, cut details.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.app.monitor.report_columns import ColumnView, columns_seen
from loopwright.app.monitor.report_incidents import Happening, IncidentView, incidents_seen
from loopwright.app.monitor.report_rules import ColumnLine, RuleView, rules_seen
from loopwright.app.versions import manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError
from loopwright.monitoring.rules.rule import DAY, MonitorRule
from loopwright.registry.version import versions

FORMAT_VERSION = 1


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A version that was champion, since when."""

    digest: Digest
    number: int | None
    since: Micros


class MonitorReport(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint over one period.

    Attributes:
        endpoint: Its name.
        since, until: The period; half-open, microseconds UTC.
        made_at: When this was read.
        champion: The version that answered at the end; None where there was none.
        champions: All versions that were champion in the period, in order.
        rules: Every check that spoke.
        columns: The columns that moved furthest of late, and the answers.
        columns_watched: How many columns the champion's reference has.
        lines: How far columns were from the reference, by the day.
        incidents: Of the period, open ones first.
        incidents_by_state: Counts, over all of the period.
        happenings: Incidents, retrains and releases as they happened.
        days: Days that rules were looked at.
        format_version: Of this value.
    """

    endpoint: str
    since: Micros
    until: Micros
    made_at: Micros
    champion: VersionView | None
    champions: tuple[VersionView, ...] = ()
    rules: tuple[RuleView, ...] = ()
    columns: tuple[ColumnView, ...] = ()
    columns_watched: int = 0
    lines: tuple[ColumnLine, ...] = ()
    incidents: tuple[IncidentView, ...] = ()
    incidents_by_state: dict[str, int] = {}
    happenings: tuple[Happening, ...] = ()
    days: int = 0
    format_version: int = FORMAT_VERSION


def monitor_report(
    workspace: Workspace,
    endpoint: str,
    *,
    since: Micros | None = None,
    until: Micros | None = None,
    rules: Sequence[MonitorRule] = (),
) -> MonitorReport:
    """Read what monitoring knows; nothing is changed.

    Args:
        workspace: The open home.
        endpoint: Whose.
        since: The period's start; the first day that was looked at, where None.
        until: Its end; now, where None.
        rules: The loop file's.

    Raises:
        NotFoundError: The endpoint has never had a champion.
    """
    ledger, now = workspace.stores.ledger, workspace.clock.now()
    end = now + 1 if until is None else until
    start = 0 if since is None else since
    crowned = _champions(workspace, endpoint, until=end)
    if not crowned:
        raise NotFoundError(
            f"no version of {endpoint!r} was champion by then",
            why="there is nothing to watch before a version is champion",
            fix="Run `loopwright run`, or give a later --to.",
        )
    seen = rules_seen(ledger, endpoint, since=start, until=end, rules=rules)
    incidents = incidents_seen(ledger, endpoint, since=start, until=end)
    said = [entry for rule in seen.rules if not rule.opens for entry in _columns_of(rule.latest)]
    columns, watched = _columns(workspace, endpoint, crowned[-1].digest, until=end, said=said)
    first = min([at for at in (seen.first, crowned[0].since) if at is not None])
    return MonitorReport(
        endpoint=endpoint,
        since=start or first // DAY * DAY,
        until=end,
        made_at=now,
        champion=crowned[-1],
        champions=tuple(
            one for place, one in enumerate(crowned) if place + 1 == len(crowned) or crowned[place + 1].since > start
        )[-40:],
        rules=(*seen.rules, *_not_looked_at(seen.rules, rules)),
        columns=columns,
        columns_watched=watched,
        lines=seen.lines,
        incidents=incidents.incidents,
        incidents_by_state=incidents.by_state,
        happenings=incidents.happenings,
        days=seen.days,
    )


def _not_looked_at(seen: Sequence[RuleView], rules: Sequence[MonitorRule]) -> tuple[RuleView, ...]:
    """The rules of the loop file that have said nothing yet: unknown, and told so."""
    said = {view.rule for view in seen}
    waits = {"outcome": "unknown", "reason": "not looked at yet: a rule speaks when its first period is over"}
    return tuple(
        RuleView(
            check=rule.name,
            rule=rule.name,
            kind=str(rule.__struct_config__.tag),
            opens=True,
            sequential=False,
            latest=waits,
            severity=rule.severity,
            owner=rule.owner,
            period_us=rule.period_us,
        )
        for rule in rules
        if rule.name not in said
    )


def _champions(workspace: Workspace, endpoint: str, *, until: Micros) -> list[VersionView]:
    """Every version that became champion before `until`, in order."""
    ledger = workspace.stores.ledger
    numbers = {v.digest: v.number for v in versions(ledger, endpoint, namespace=workspace.namespace, limit=100_000)}
    moves = ledger.history(workspace.ref("model", endpoint, "champion"))
    return [
        VersionView(digest=move.target, number=numbers.get(move.target), since=move.at)
        for move in moves
        if move.target and move.at < until
    ]


def _columns_of(latest: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = (latest.get("details") or {}).get("columns") or ()
    return [entry for entry in entries if isinstance(entry, dict) and "column" in entry]


def _columns(
    workspace: Workspace, endpoint: str, version: Digest, *, until: Micros, said: Sequence[Mapping[str, Any]]
) -> tuple[tuple[ColumnView, ...], int]:
    manifest = manifest_of(workspace, version)
    reference = reference_of(workspace, manifest)
    if reference is None:
        return (), 0
    views = columns_seen(
        workspace, endpoint, version=version, signature=manifest.signature, reference=reference, until=until, said=said
    )
    return views, len(reference.columns)
