"""`loopwright release plan | start | list | show | pause | resume | abort | promote | rollback | kill | unkill`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.releases.operations import Done, Word, abort, pause, promote_now, resume
from loopwright.app.releases.request import Asked, plan_asked, start_asked
from loopwright.app.releases.rollback import kill, roll_back, unkill
from loopwright.app.releases.view import find_release, releases
from loopwright.app.versions import registered_version
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.parameters import parameters_of
from loopwright.cli.project import opened, the_endpoint
from loopwright.cli.render import Answer, line
from loopwright.cli.show_release import show_done, show_plan, show_release, show_releases, show_started
from loopwright.export.release_report import release_report
from loopwright.export.report import render

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Project = Annotated[Path, typer.Option(help="The project's folder.")]
File = Annotated[str, typer.Option(help="The loop file, relative to the project.")]
Home = Annotated[str | None, typer.Option(help="Another home of the project.")]
Endpoint = Annotated[str | None, typer.Argument(help="The endpoint; may be left out where there is only one.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Versions = Annotated[
    list[str] | None,
    typer.Option(
        "--version",
        help="A number, the beginning of a digest, or an alias; again for each of several. @latest where left out.",
    ),
]
Strategy = Annotated[
    str | None, typer.Option(help="canary, blue_green, shadow, ab_test or bandit. The loop's own where left out.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="A field of the strategy, as min_requests=200 or steps=[10,100].")
]
BY_HAND = "asked for by hand"


@app.callback()
def _noun() -> None:
    """Releases: how a version that passed its gate reaches traffic, or does not."""


@app.command("plan", epilog="Example: loopwright release plan --version 4 --strategy canary --set min_requests=200")
def plan(
    *,
    versions: Versions = None,
    strategy: Strategy = None,
    set_: Set = None,
    project: Project = Path(),
    file: File = "loop.py",
    home: Home = None,
) -> Answer:
    """Show what a release would do, and how many requests and labels each guard needs; nothing moves."""
    workspace, loaded = opened(project, file, home=home)
    asked = Asked(versions=tuple(versions or ()), strategy=strategy, fields=parameters_of(set_ or []))
    planned = plan_asked(workspace, loaded.loop, asked)
    return Answer(data=planned, show=lambda: show_plan(planned))


@app.command(
    "start",
    epilog="Example: loopwright release start --version 3 --version 4 --strategy ab_test --set metric=sale",
)
def start(
    *,
    versions: Versions = None,
    strategy: Strategy = None,
    set_: Set = None,
    reason: Reason = BY_HAND,
    project: Project = Path(),
    file: File = "loop.py",
    home: Home = None,
) -> Answer:
    """Release registered versions beside the champion, by any strategy."""
    workspace, loaded = opened(project, file, home=home)
    asked = Asked(versions=tuple(versions or ()), strategy=strategy, fields=parameters_of(set_ or []), reason=reason)
    started = start_asked(workspace, loaded.loop, asked)
    return Answer(data=started, show=lambda: show_started(started))


@app.command("list", epilog="Example: loopwright release list")
def list_(*, endpoint: Endpoint = None, project: Project = Path(), home: Home = None) -> Answer:
    """List releases, the newest first."""
    found = releases(_workspace(project, home), endpoint)
    return Answer(data=found, show=lambda: show_releases(found))


@app.command("show", epilog="Example: loopwright release show rel_3f2a --html release.html")
def show(
    *,
    release: Annotated[str | None, typer.Argument(help="A release's id; the newest where left out.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with pictures instead.")] = None,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Show a release: its plan, every step's figures, decision, actor, evidence."""
    workspace = _workspace(project, home)
    found = find_release(workspace, release)
    if html is None:
        return Answer(data=found, show=lambda: show_release(found))
    html.write_text(render(release_report(workspace, found.id)), encoding="utf-8")
    return Answer(data={"release": found.id, "page": str(html)}, show=lambda: line(f"Wrote {html}"))


@app.command("pause", epilog="Example: loopwright release pause --reason 'the campaign starts at noon'")
def pause_(
    *, endpoint: Endpoint = None, reason: Reason = BY_HAND, project: Project = Path(), home: Home = None
) -> Answer:
    """Hold a release where it stands; harm still rolls it back."""
    return _operation(pause, endpoint, reason, workspace=_workspace(project, home))


@app.command("resume", epilog="Example: loopwright release resume")
def resume_(
    *, endpoint: Endpoint = None, reason: Reason = BY_HAND, project: Project = Path(), home: Home = None
) -> Answer:
    """Let a paused release go on."""
    return _operation(resume, endpoint, reason, workspace=_workspace(project, home))


@app.command("abort", epilog="Example: loopwright release abort --reason 'wrong branch'")
def abort_(
    *, endpoint: Endpoint = None, reason: Reason = BY_HAND, project: Project = Path(), home: Home = None
) -> Answer:
    """End a release; the champion answers everything."""
    return _operation(abort, endpoint, reason, workspace=_workspace(project, home))


@app.command("promote", epilog="Example: loopwright release promote --override 'labels come next month'")
def promote(
    *,
    endpoint: Endpoint = None,
    version: Annotated[str | None, typer.Option(help="Which of several versions on trial.")] = None,
    override: Annotated[str | None, typer.Option(help="Why, although a required guard has not passed.")] = None,
    reason: Reason = BY_HAND,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Make the version on trial champion now."""
    workspace = _workspace(project, home)
    name = the_endpoint(workspace, endpoint)
    chosen = None if version is None else registered_version(workspace, name, version)
    word = Word(actor=workspace.actor, reason=override or reason)
    done = promote_now(workspace, name, word, version=chosen, override=override is not None)
    return Answer(data=done, show=lambda: show_done(done))


@app.command("rollback", epilog="Example: loopwright release rollback --reason 'complaints'")
def rollback(
    *,
    endpoint: Endpoint = None,
    to: Annotated[str | None, typer.Option(help="A version that has been champion.")] = None,
    reason: Reason = BY_HAND,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Send all traffic back to the champion before, at once; where a release is under way, to its champion."""
    workspace = _workspace(project, home)
    name = the_endpoint(workspace, endpoint)
    target = None if to is None else registered_version(workspace, name, to)
    done = roll_back(workspace, name, Word(actor=workspace.actor, reason=reason), to=target)
    return Answer(data=done, show=lambda: show_done(done))


@app.command("kill", epilog="Example: loopwright release kill flight-delay --reason 'investigating'")
def kill_(
    *, endpoint: Endpoint = None, reason: Reason = BY_HAND, project: Project = Path(), home: Home = None
) -> Answer:
    """Stop all releases of an endpoint: the champion alone answers until `unkill`."""
    return _operation(kill, endpoint, reason, workspace=_workspace(project, home))


@app.command("unkill", epilog="Example: loopwright release unkill flight-delay")
def unkill_(
    *, endpoint: Endpoint = None, reason: Reason = BY_HAND, project: Project = Path(), home: Home = None
) -> Answer:
    """Allow releases again."""
    return _operation(unkill, endpoint, reason, workspace=_workspace(project, home))


def _operation(
    work: Callable[[Workspace, str, Word], Done], endpoint: str | None, reason: str, *, workspace: Workspace
) -> Answer:
    done = work(workspace, the_endpoint(workspace, endpoint), Word(actor=workspace.actor, reason=reason))
    return Answer(data=done, show=lambda: show_done(done))


def _workspace(project: Path, home: str | None) -> Workspace:
    return open_workspace(find_project(project.resolve()), explicit={"home": home})
