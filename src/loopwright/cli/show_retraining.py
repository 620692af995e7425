"""Retraining as a terminal shows it."""

from loopwright.app.retraining.by_hand import Answered
from loopwright.app.retraining.retrain import Retrain
from loopwright.app.retraining.view import RetrainingView
from loopwright.cli.render import line, table
from loopwright.core.clock import iso


def show_answered(found: Answered) -> None:
    """What became of a wish."""
    if found.retrain is None:
        line(f"{found.request.id} waits: {found.waits}")
        line("See how far it is: loopwright retrain status")
        return
    line(f"{found.retrain.id}: {outcome_of(found.retrain)}")
    if found.retrain.release:
        line(f"Next: loopwright release show {found.retrain.release}")


def show_retraining(found: RetrainingView) -> None:
    """A loop's retraining at a glance."""
    line(f"{found.loop}: mode {found.mode}" + (f", {found.missed} in a row not better" if found.missed else ""))
    if found.seconds_left is not None:
        line(f"of the budget {found.seconds_left / 3600:.2f} h of training are left")
    if found.triggers:
        rows = [(t.trigger, t.words, "yes" if t.wants else "no", t.held) for t in found.triggers]
        table(["trigger", "stands at", "wants a retrain", "held back by"], rows)
    if found.running is not None:
        line(running_line(found.running))
    for request in found.requests:
        line(f"{request.id} waits since {iso(request.at)[:19]}, asked for by {request.actor}: {request.reason}")
    for suggestion in found.suggestions:
        line(f"suggested at {iso(suggestion.at)[:19]}: {suggestion.reason}")
        line(f"  {suggestion.command}")
    if found.newest:
        rows_of = [(one.id, iso(one.started_at)[:19], one.trigger, outcome_of(one)) for one in found.newest]
        table(["retrain", "started", "trigger", "outcome"], rows_of)


def running_line(retrain: Retrain) -> str:
    """A retrain under way, in a line."""
    at = retrain.progress
    step = f", step {at.index + 1} of {at.total}: {at.step}" if at else ""
    return f"retrain {retrain.id} of {retrain.loop} runs since {iso(retrain.started_at)[:19]}{step} ({retrain.reason})"


def outcome_of(retrain: Retrain) -> str:
    """How a retrain ended, in a line."""
    parts = [
        retrain.outcome,
        f"version {retrain.candidate[:12]}" if retrain.candidate else "",
        f"release {retrain.settled.replace('_', ' ')}" if retrain.settled else "",
        f"{retrain.seconds:.1f} s",
        str(retrain.cost) if retrain.cost else "",
        retrain.why,
    ]
    return ", ".join(part for part in parts if part)
