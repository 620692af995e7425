"""Releases as a terminal shows them."""

from loopwright.app.releases.operations import Done
from loopwright.app.releases.request import Planned
from loopwright.app.releases.running import Entry, RunningRelease
from loopwright.app.releases.starting import Started
from loopwright.app.releases.view import ReleaseLine, line_of
from loopwright.cli.render import line, table
from loopwright.core.clock import iso

_SAID = {
    "paused": "paused; shares stay as they are",
    "resumed": "goes on",
    "aborted": "ended; the champion answers everything",
    "promoted": "ended; its candidate is champion",
    "rolled_back": "rolled back",
    "killed": "stopped; nothing is released until `loopwright release unkill`",
    "allowed": "releases are allowed again; what waits starts by itself",
}


def show_plan(planned: Planned) -> None:
    """A release before it starts."""
    line(f"{planned.strategy} on {planned.endpoint}: champion {planned.champion[:12]}")
    for arm, version in planned.candidates.items():
        line(f"  {arm}: {version[:12]}")
    for need in planned.needs:
        line(f"  {need}")
    line(f"Cannot start now: {planned.blocked}" if planned.blocked else "Next: loopwright release start")


def show_started(started: Started) -> None:
    """A release that began, or a version that waits."""
    line(f"release {started.release} has begun" if started.release else f"{started.status}: {started.reason}")


def show_done(done: Done) -> None:
    """What an operation did."""
    about = f"release {done.release}: " if done.release else ""
    line(f"{about}{_SAID[done.action]}; champion of {done.endpoint} {done.champion[:12]}")


def show_releases(found: tuple[ReleaseLine, ...]) -> None:
    """A line each."""
    if not found:
        line("There is no release yet.")
        return
    rows = [
        (r.id, r.endpoint, r.strategy, "paused" if r.paused and r.status == "running" else r.status,
         iso(r.started_at)[:19], r.requests, r.labels, r.reason)
        for r in found
    ]  # fmt: skip
    columns = ["release", "endpoint", "strategy", "status", "started", "requests", "labels", "reason"]
    table(columns, rows, right=["requests", "labels"])


def show_release(release: RunningRelease) -> None:
    """One release in full."""
    brief = line_of(release)
    status = "paused" if brief.paused and brief.status == "running" else brief.status
    line(f"release {brief.id}: {brief.strategy} on {brief.endpoint}, {status}")
    line(f"  champion {release.plan.champion[:12]}")
    for arm, version in brief.candidates.items():
        line(f"  {arm} {version[:12]}")
    for need in release.needs:
        line(f"  needs {need}")
    table(["at", "what", "by", "shares", "requests", "labels", "why"], [_entry(entry) for entry in release.steps])
    if release.verdicts:
        rows = [(v["check"], v["outcome"], v.get("value"), v.get("threshold"), v["reason"]) for v in release.verdicts]
        table(["guard", "stands at", "figure", "margin", "reason"], rows)
    if brief.status == "running" and release.reasons:
        line(f"waiting for: {'; '.join(release.reasons)}")


def _entry(entry: Entry) -> tuple[object, ...]:
    why = "; ".join(entry.reasons) + (f" (override: {entry.override})" if entry.override else "")
    return (iso(entry.at)[:19], entry.decision, entry.actor, entry.split, entry.requests, entry.labels, why)
