"""Incidents: one for each cause, however many columns, rules and windows speak of it. Pure: state in, state out.

The cause is named by the caller, as a rule the model version that is being watched: drift of five columns and a loss
of quality of one model are one incident, and one retrain answers it. A storm of failing verdicts stays one incident of
bounded size.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.core.ids import IdSource
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.explanation import Explanation
from loopwright.monitoring.recovery import standing
from loopwright.monitoring.rules.rule import SEVERITIES, Severity

State = Literal["open", "acknowledged", "mending", "resolved"]
Ending = Literal["recovered", "confirmed", "not_confirmed", "by_hand", "unwatched"]
Kind = Literal["incident_opened", "incident_updated", "incident_mending", "incident_reopened", "incident_resolved"]

FORMAT_VERSION = 2
MAX_FINDINGS = 100
MAX_COLUMNS = 100
OTHERS = "(others)"
"""The finding that stands for all checks beyond the first hundred."""
LOOKS_TO_PASS = 3
"""Looks in a row that each failed check must pass until an incident resolves by itself."""
LEAST_QUIET: Micros = 600 * SECOND
"""Time without a failure until it does, however often its rules are looked at."""
_MAX_TEXT = 500


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict of a look, and whose.

    Attributes:
        verdict: What was found.
        rule: The rule's name, which may have several checks.
        severity: Of the rule.
        owner: Who answers for it, if anybody is named.
        reports: What the same rule says of the recent window; see `recovery.standing`.
    """

    verdict: Verdict
    rule: str = ""
    severity: Severity = "warning"
    owner: str | None = None
    reports: tuple[Verdict, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check holds against the stream.

    Attributes:
        check: The verdict's name.
        reason: Of its last failure.
        columns: All that it has named.
        value, threshold: Figures of its last failure.
        first_at, last_at: Its first and last failure.
        rule: Whose check it is.
        severity: Of the rule.
        passes: Looks in a row that it has passed since.
        latest: The figure of the last look that it passed.
        failures: Looks that it has failed.
    """

    check: str
    reason: str
    columns: tuple[str, ...]
    value: float | None
    threshold: float | None
    first_at: Micros
    last_at: Micros
    rule: str = ""
    severity: Severity = "warning"
    passes: int = 0
    latest: float | None = None
    failures: int = 1


class Mending(msgspec.Struct, frozen=True, kw_only=True):
    """A new version is watched for whether it mends the incident. `moved` is the event that made it champion."""

    version: str
    since: Micros
    moved: tuple[int, ...] = ()


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """How an incident ended.

    Attributes:
        at: When.
        ending: `recovered` by itself, `confirmed` under a new version, `not_confirmed` within the time allowed,
            `by_hand`, or `unwatched` since its rules are gone.
        reason: In words.
        version: The version that fixed it.
        figures: Of each check, the last failing figure and the last passing one.
    """

    at: Micros
    ending: Ending
    reason: str
    version: str | None = None
    figures: dict[str, tuple[float | None, float | None]] = {}


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has taken it on."""

    actor: str
    at: Micros
    reason: str = ""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wrong, since `opened_at`, until it is resolved.

    Attributes:
        id: As `inc_…`.
        cause: What it is about: `version:DIGEST`, `endpoint:NAME`, `dataset:NAME`.
        opened_at: When the first check failed.
        updated_at: When a check failed last, or its state changed.
        findings: One a check that failed.
        state: `open`, `acknowledged` by somebody, `mending` under a new version, `resolved`.
        severity: The highest of its rules'.
        owner: Who answers for it.
        acknowledged: By whom.
        mending: Which version is watched for whether it mends it.
        resolution: How it ended.
        explanation: Where to look.
        told: The severity at which somebody was told of it; None while nobody was, or since it came back.
        reopened: How often it came back while mending.
        behind: How many events of its first commit follow its opening; see `app.monitor.incidents.opening_event`.
        format_version: Of this struct.
    """

    id: str
    cause: str
    opened_at: Micros
    updated_at: Micros
    findings: tuple[Finding, ...]
    state: State = "open"
    severity: Severity = "warning"
    owner: str | None = None
    acknowledged: Acknowledgement | None = None
    mending: Mending | None = None
    resolution: Resolution | None = None
    explanation: Explanation | None = None
    told: Severity | None = None
    reopened: int = 0
    behind: int = 0
    format_version: int = FORMAT_VERSION

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column named, in the order in which they were."""
        return tuple(dict.fromkeys(column for finding in self.findings for column in finding.columns))

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks that failed."""
        return tuple(finding.check for finding in self.findings)

    def with_(self, **changes: object) -> "Incident":
        """A changed copy."""
        return msgspec.structs.replace(self, **changes)


class IncidentAction(msgspec.Struct, frozen=True, kw_only=True):
    """What changed: to be written to the journal under `kind`."""

    kind: Kind
    incident: Incident
    reason: str


class IncidentBook(msgspec.Struct, frozen=True, kw_only=True):
    """The incidents that are not resolved, by the cause under which verdicts reach them now. Plain JSON."""

    open: dict[str, Incident] = {}

    def with_incident(self, incident: Incident) -> "IncidentBook":
        """The book with this incident as it stands."""
        return IncidentBook(open={**self.open, incident.cause: incident})

    def without(self, cause: str) -> "IncidentBook":
        """The book without the incident of a cause."""
        return IncidentBook(open={name: incident for name, incident in self.open.items() if name != cause})


Told = tuple[IncidentBook, tuple[IncidentAction, ...]]
"""A book after something, and what changed."""


def wants_retrain(incident: Incident) -> bool:
    """Whether a retrain may answer it: it is about the model, and no new version is being watched for having done so.

    What is about the service (`endpoint:NAME`) or about data that comes in (`dataset:NAME`) no training mends.
    """
    return incident.cause.startswith("version:") and incident.state not in ("mending", "resolved")


def record(book: IncidentBook, cause: str, said: Sequence[Judgement], *, at: Micros, ids: IdSource) -> Told:
    """The book after one look's verdicts on one cause.

    A first failure opens an incident; a failed check or column that it did not name yet, or a higher severity, updates
    it; the same again only moves its `last_at` and is no action. A failure while it is mending reopens it. It resolves
    when each of its checks has passed `LOOKS_TO_PASS` looks in a row and none has failed for `LEAST_QUIET`; verdicts
    that are unknown neither count nor interrupt.
    """
    failed = [one for one in said if one.verdict.outcome is Outcome.FAIL]
    current = book.open.get(cause)
    if current is None:
        return _opened(book, cause, failed, at=at, ids=ids) if failed else (book, ())
    heard = current.with_(findings=_heard(current.findings, said, at, anew=current.mending is not None))
    if failed:
        return _failed_again(book, current, _judged(heard, failed, at), at=at)
    if heard.findings and all(_quiet(finding, at) for finding in heard.findings):
        return resolve(book.with_incident(heard), cause, reason=_seen(heard), at=at, ending=_ending(heard))
    return book.with_incident(heard), ()


def resolve(book: IncidentBook, cause: str, *, reason: str, at: Micros, ending: Ending) -> Told:
    """The book after the cause was dealt with."""
    current = book.open.get(cause)
    if current is None:
        return book, ()
    resolution = Resolution(
        at=at,
        ending=ending,
        reason=reason,
        version=current.mending.version if current.mending and ending == "confirmed" else None,
        figures={finding.check: (finding.value, finding.latest) for finding in current.findings},
    )
    ended = current.with_(state="resolved", updated_at=at, resolution=resolution)
    return book.without(cause), (IncidentAction(kind="incident_resolved", incident=ended, reason=reason),)


def highest(severities: Iterable[Severity]) -> Severity:
    """The highest of them; `info` where there is none."""
    return max(severities, key=SEVERITIES.index, default="info")


def _opened(book: IncidentBook, cause: str, failed: Sequence[Judgement], *, at: Micros, ids: IdSource) -> Told:
    bare = Incident(id=ids("inc"), cause=cause, opened_at=at, updated_at=at, findings=(), severity="info")
    opened = _judged(bare.with_(findings=_heard((), failed, at)), failed, at)
    reason = _cut("; ".join(one.verdict.reason for one in failed[:10]))
    return book.with_incident(opened), (IncidentAction(kind="incident_opened", incident=opened, reason=reason),)


def _judged(incident: Incident, failed: Sequence[Judgement], at: Micros) -> Incident:
    severity = highest([incident.severity, *(one.severity for one in failed)])
    owner = incident.owner or next((one.owner for one in failed if one.owner), None)
    return incident.with_(updated_at=at, severity=severity, owner=owner)


def _failed_again(book: IncidentBook, before: Incident, after: Incident, *, at: Micros) -> Told:
    if before.mending is not None:
        failing = [finding for finding in after.findings if finding.last_at == at]
        reason = f"{failing[0].check} failed under version {before.mending.version[:12]}: {_cut(failing[0].reason)}"
        back = after.with_(
            state="open", mending=None, acknowledged=None, told=None, explanation=None, reopened=before.reopened + 1
        )
        return book.with_incident(back), (IncidentAction(kind="incident_reopened", incident=back, reason=reason),)
    news = _news(before, after)
    actions = (IncidentAction(kind="incident_updated", incident=after, reason=news),) if news else ()
    return book.with_incident(after), actions


def _heard(
    findings: tuple[Finding, ...], said: Sequence[Judgement], at: Micros, *, anew: bool = False
) -> tuple[Finding, ...]:
    """The findings after a look; one a check, at most `MAX_FINDINGS` and one for all others."""
    by_check = {finding.check: finding for finding in findings}
    others: list[Judgement] = []
    for one in said:
        before = by_check.get(one.verdict.check)
        if before is None and one.verdict.outcome is not Outcome.FAIL:
            continue
        if before is None and len(by_check) >= MAX_FINDINGS:
            others.append(one)
            continue
        by_check[one.verdict.check] = _strengthened(before, one, at, anew=anew)
    if others:
        by_check[OTHERS] = _folded(by_check.get(OTHERS), others, at)
    elif OTHERS in by_check and any(one.rule == by_check[OTHERS].rule for one in said):
        quiet = by_check[OTHERS]
        by_check[OTHERS] = msgspec.structs.replace(quiet, passes=quiet.passes + 1)
    return tuple(by_check.values())


def _strengthened(before: Finding | None, one: Judgement, at: Micros, *, anew: bool) -> Finding:
    verdict = one.verdict
    stands = standing(verdict, one.reports, columns=before.columns if before else (), anew=anew)
    if before is not None and stands == "passed":
        return msgspec.structs.replace(before, passes=before.passes + 1, latest=verdict.value)
    if before is not None and stands == "unclear":
        return before
    if before is not None and verdict.outcome is not Outcome.FAIL:  # its evidence has faded, the window has not
        return msgspec.structs.replace(before, passes=0, last_at=at)
    named = dict.fromkeys((*(before.columns if before else ()), *_columns(verdict)))
    return Finding(
        check=verdict.check,
        reason=_cut(verdict.reason),
        columns=tuple(named)[:MAX_COLUMNS],
        value=verdict.value,
        threshold=verdict.threshold,
        first_at=before.first_at if before else at,
        last_at=at,
        rule=one.rule,
        severity=one.severity,
        failures=before.failures + 1 if before else 1,
    )


def _folded(before: Finding | None, others: Sequence[Judgement], at: Micros) -> Finding:
    return Finding(
        check=OTHERS,
        reason=f"{len(others)} further checks failed, as {others[0].verdict.check}",
        columns=(),
        value=float(len(others)),
        threshold=None,
        first_at=before.first_at if before else at,
        last_at=at,
        rule=others[0].rule,
        severity=highest(one.severity for one in others),
        failures=before.failures + 1 if before else 1,
    )


def _columns(verdict: Verdict) -> list[str]:
    """The columns a verdict holds responsible, the strongest first."""
    return [str(name) for name in verdict.details.get("named", ())]


def _quiet(finding: Finding, at: Micros) -> bool:
    return finding.passes >= LOOKS_TO_PASS and at - finding.last_at >= LEAST_QUIET


def _ending(incident: Incident) -> Ending:
    return "confirmed" if incident.mending else "recovered"


def _seen(incident: Incident) -> str:
    figures = "; ".join(_figures(finding) for finding in incident.findings[:5])
    if incident.mending:
        return f"seen to be fixed by version {incident.mending.version[:12]}: {figures}"
    return f"each check has passed {LOOKS_TO_PASS} looks in a row: {figures}"


def _figures(finding: Finding) -> str:
    if finding.value is None or finding.latest is None:
        return f"{finding.check} passes"
    return f"{finding.check} {finding.value:.4g} → {finding.latest:.4g}"


def _news(before: Incident, after: Incident) -> str:
    known = frozenset(before.checks)
    checks = [finding.check for finding in after.findings if finding.check not in known]
    named = frozenset(before.columns)
    columns = [column for column in after.columns if column not in named]
    said = [f"severity raised from {before.severity} to {after.severity}"] if before.severity != after.severity else []
    said += [f"{_few(checks)} failed too"] if checks else []
    return "; ".join(said + ([f"{_few(columns)} moved too"] if columns else []))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
