"""`loopwright incident list | show | acknowledge | resolve | comment | silence | unsilence | notifications | notify`.

Each is one call, the one that the control API makes too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.monitor.incident_view import find_incident, incidents
from loopwright.app.monitor.words import say, silence, unsilence
from loopwright.app.notify.courier import send_again
from loopwright.app.notify.outbox import as_shown, notifications
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.render import Answer, line
from loopwright.cli.show_incident import show_incident, show_incidents, show_notifications
from loopwright.cli.spread import spread
from loopwright.core.clock import iso, parse_duration
from loopwright.errors import UsageError
from loopwright.monitoring.silence import Silence
from loopwright.monitoring.word import Verb

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
Home = Annotated[str | None, typer.Option(help="Another home of the project.")]
IncidentId = Annotated[str, typer.Argument(metavar="ID", help="The incident's id, or the beginning of it.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Pattern = Annotated[str | None, typer.Option(help="Only incidents that match, as of a shell: wind*.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which incidents a silence matches; all that are given must match."""

    cause: Pattern = None
    check: Pattern = None
    column: Pattern = None


@app.callback()
def _noun() -> None:
    """Incidents: what is wrong, where to look, who was told, and what people said of it."""


@app.command("list", epilog="Example: loopwright incident list --state open")
def list_(
    *,
    state: Annotated[str | None, typer.Option(help="open, acknowledged, mending or resolved.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Only this endpoint's.")] = None,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """List incidents, those that are not over first, and silences."""
    found = incidents(_workspace(project, home), state=state, endpoint=endpoint)
    return Answer(data=found, show=lambda: show_incidents(found))


@app.command("show", epilog="Example: loopwright incident show inc_3f2a")
def show(*, incident: IncidentId, project: Project = Path(), home: Home = None) -> Answer:
    """Show an incident: its figures, root cause, what people said, who was told."""
    found = find_incident(_workspace(project, home), incident)
    return Answer(data=found, show=lambda: show_incident(found))


@app.command("acknowledge", epilog="Example: loopwright incident acknowledge inc_3f2a --reason 'I look at it'")
def acknowledge(*, incident: IncidentId, reason: Reason = "", project: Project = Path(), home: Home = None) -> Answer:
    """Take an incident on."""
    return _said(_workspace(project, home), incident, "acknowledge", reason=reason)


@app.command("resolve", epilog="Example: loopwright incident resolve inc_3f2a --reason 'the sensor was replaced'")
def resolve(*, incident: IncidentId, reason: Reason = "", project: Project = Path(), home: Home = None) -> Answer:
    """Say that an incident is over; its detectors start anew at the next pass of the control process."""
    return _said(_workspace(project, home), incident, "resolve", reason=reason)


@app.command("comment", epilog="Example: loopwright incident comment inc_3f2a 'the airport was closed'")
def comment(
    *,
    incident: IncidentId,
    text: Annotated[str, typer.Argument(help="What to say.")],
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Write something to an incident."""
    return _said(_workspace(project, home), incident, "comment", reason=text)


@app.command("silence", epilog="Example: loopwright incident silence --column 'wind*' --for 2d --reason 'new sensor'")
@spread(Options)
def silence_(
    *,
    incident: Annotated[str | None, typer.Argument(metavar="ID", help="Only this incident.")] = None,
    reason: Reason = "",
    for_: Annotated[str, typer.Option("--for", help="How long, as 2h or 7d.")] = "1d",
    project: Project = Path(),
    home: Home = None,
    options: Options,
) -> Answer:
    """Tell nobody of matching incidents for a while; they are recorded all the same."""
    workspace = _workspace(project, home)
    until = workspace.clock.now() + _duration(for_)
    wished = Silence(
        id="", until=until, actor=workspace.actor, reason=reason, at=0,
        incident=incident, cause=options.cause, check=options.check, column=options.column,
    )  # fmt: skip
    made = silence(workspace, wished)
    return Answer(data=made, show=lambda: line(f"{made.id}: nobody is told until {iso(made.until)[:16]}"))


@app.command("unsilence", epilog="Example: loopwright incident unsilence sil_3f2a")
def unsilence_(
    *,
    silence: Annotated[str, typer.Argument(metavar="ID", help="The silence's id, or the beginning of it.")],
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """End a silence now."""
    workspace = _workspace(project, home)
    ended = unsilence(workspace, silence, actor=workspace.actor)
    return Answer(data=ended, show=lambda: line(f"{ended.id} is over"))


@app.command("notifications", epilog="Example: loopwright incident notifications --failing")
def notifications_(
    *,
    incident: Annotated[str | None, typer.Argument(metavar="ID", help="Only about this incident.")] = None,
    failing: Annotated[bool, typer.Option(help="Only those whose last attempt failed.")] = False,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """List messages about incidents: sent, waiting, given up, kept back."""
    workspace = _workspace(project, home)
    about = None if incident is None else find_incident(workspace, incident).incident.id
    found = [as_shown(one) for one in notifications(workspace, incident=about, failing=failing)]
    return Answer(data=found, show=lambda: show_notifications(found))


@app.command("notify", epilog="Example: loopwright incident notify msg_3f2a --again")
def notify(
    *,
    message: Annotated[str, typer.Argument(metavar="ID", help="The message's id, or the beginning of it.")],
    again: Annotated[bool, typer.Option(help="Send it though it was sent.")] = False,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Send a message now that waits, was given up or kept back; one that was sent only with --again."""
    workspace = _workspace(project, home)
    one = as_shown(send_again(workspace, message, actor=workspace.actor, again=again))
    return Answer(data=one, show=lambda: line(f"{one.id} goes out over {one.channel.name}"))


def _said(workspace: Workspace, incident: str, verb: Verb, *, reason: str) -> Answer:
    word = say(workspace, incident, verb, actor=workspace.actor, reason=reason)
    return Answer(data=word, show=lambda: line(f"{word.incident}: {_DONE[verb]}"))


_DONE: dict[Verb, str] = {
    "acknowledge": "acknowledged",
    "resolve": "is resolved at the next pass of the control process",
    "comment": "noted",
}


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), fix="Write a duration such as 2h or 7d.") from error


def _workspace(project: Path, home: str | None) -> Workspace:
    return open_workspace(find_project(project.resolve()), explicit={"home": home})
