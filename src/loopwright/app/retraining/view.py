"""Where retraining a loop stands, in one value: what `loopwright retrain status` and the control API show."""

import msgspec

from loopwright.app.loop import Loop
from loopwright.app.monitor.watch import load_watch
from loopwright.app.retraining.brakes import misses, spent_of
from loopwright.app.retraining.budget import seconds_left
from loopwright.app.retraining.past import past_of
from loopwright.app.retraining.requests import Request, Suggestion, open_suggestions, waiting_requests
from loopwright.app.retraining.retrain import Retrain, in_flight, retrains
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.workspace import Workspace

NEWEST = 10


class TriggerView(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger: where it stands, whether it wants a retrain, and why that does not start, if so."""

    trigger: str
    words: str
    wants: bool
    held: str = ""


class RetrainingView(msgspec.Struct, frozen=True, kw_only=True):
    """A loop's retraining at a glance.

    Attributes:
        loop: Its name.
        mode: `run` or `suggest`.
        triggers: In the order of the loop file.
        running: The retrain under way.
        requests: What persons have asked for and waits.
        suggestions: What nobody has answered yet.
        missed: How many retrains in a row were not better.
        seconds_left: How long the next may take before a budget is spent; None where none limits it.
        newest: What has ended, newest first.
    """

    loop: str
    mode: str
    triggers: tuple[TriggerView, ...]
    running: Retrain | None
    requests: tuple[Request, ...]
    suggestions: tuple[Suggestion, ...]
    missed: int
    seconds_left: float | None
    newest: tuple[Retrain, ...]


def retraining_view(workspace: Workspace, loop: Loop, retrainer: Retrainer) -> RetrainingView:
    """Read it all; nothing is started."""
    past, retraining = past_of(workspace, loop.name), loop.retraining
    price = retraining.price_by(workspace.settings.text("training_price"))
    standings = retrainer.standings(load_watch(workspace, loop.name))
    return RetrainingView(
        loop=loop.name,
        mode=retraining.mode,
        triggers=tuple(
            TriggerView(
                trigger=one.trigger,
                words=one.words,
                wants=one.cause is not None,
                held=past.suppressed.get(one.cause.name, "") if one.cause else "",
            )
            for one in standings
        ),
        running=in_flight(workspace, loop.name),
        requests=waiting_requests(workspace, loop.name),
        suggestions=open_suggestions(workspace, loop.name),
        missed=misses(past, since=0),
        seconds_left=seconds_left(retraining.budgets, price, spent_of(past), now=workspace.clock.now()),
        newest=tuple(one for one in retrains(workspace, loop.name, limit=NEWEST) if one.state == "ended"),
    )
