"""`loopwright prompt push | pull | list | show | diff | render | alias | protect | history | export`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.prompts.aliases import alias_history, move_alias, protect_alias
from loopwright.app.prompts.overview import difference, prompt_at, prompt_shown, prompts_of
from loopwright.app.prompts.pushing import Pushed, export_prompts, pull_prompt, push_prompt, write_pins
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.parameters import parameters_of
from loopwright.cli.render import Answer, line
from loopwright.cli.show_prompt import (
    show_difference,
    show_history,
    show_messages,
    show_moved,
    show_prompt,
    show_prompts,
    show_pushed,
)
from loopwright.errors import UsageError
from loopwright.llm.prompts.file import read_prompt_file
from loopwright.llm.prompts.registry import split_selector

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
Selector = Annotated[str, typer.Argument(help="NAME, NAME@ALIAS, NAME:NUMBER, or NAME@ and a digest's start.")]
Place = Annotated[str, typer.Argument(help="NAME@ALIAS.")]


@app.callback()
def _noun() -> None:
    """Prompts: files and versions of what is said to models, and the aliases that programs ask for."""


@app.command("push")
def push(
    files: Annotated[list[Path], typer.Argument(help="Prompt files within the project.")], *, project: Project = Path()
) -> Answer:
    """Make files the latest versions of their prompts. Example: `loopwright prompt push prompts/answer.md`."""
    folder = find_project(project.resolve())
    read = [read_prompt_file((Path.cwd() / file).resolve(), base=folder) for file in files]
    workspace = open_workspace(folder, create=True)
    pushed: list[Pushed] = [push_prompt(workspace, prompt, source=source) for prompt, source in read]
    return Answer(data=pushed, show=lambda: show_pushed(pushed))


@app.command("pull")
def pull(
    prompt: Selector,
    *,
    to: Annotated[Path | None, typer.Option(help="The file to write; else the text goes to stdout.")] = None,
    project: Project = Path(),
) -> Answer:
    """Give a version's file back, byte for byte. Example: `loopwright prompt pull answer@production --to answer.md`."""
    version, source = pull_prompt(_workspace(project), prompt, to)
    shown = source.removesuffix("\n") if to is None else f"wrote {to}: {version.name} version {version.number}"
    return Answer(data={"version": version, "source": source, "to": to}, show=lambda: line(shown))


@app.command("list")
def list_(project: Project = Path()) -> Answer:
    """List prompts, their versions and aliases."""
    found = prompts_of(_workspace(project))
    return Answer(data=found, show=lambda: show_prompts(found))


@app.command("show")
def show(prompt: Selector, project: Project = Path()) -> Answer:
    """Show a version, and the prompt's versions and aliases."""
    workspace = _workspace(project)
    version, said = prompt_at(workspace, prompt)
    whole = prompt_shown(workspace, version.name)
    return Answer(
        data={"version": version, "prompt": said, "all": whole}, show=lambda: show_prompt(version, said, whole)
    )


@app.command("diff")
def diff(
    before: Selector,
    after: Annotated[str | None, typer.Argument(help="Another version; else the one before is compared.")] = None,
    *,
    project: Project = Path(),
) -> Answer:
    """Show how two versions differ. Example: `loopwright prompt diff answer@production answer`."""
    found = difference(_workspace(project), before, after)
    return Answer(data=found, show=lambda: show_difference(found))


@app.command("render")
def render(
    prompt: Annotated[str, typer.Argument(help="A version, or a prompt file.")],
    *,
    set_: Annotated[list[str] | None, typer.Option("--set", help="VARIABLE=VALUE; JSON where it is. Repeat.")] = None,
    project: Project = Path(),
) -> Answer:
    """Show the messages that a prompt makes. Example: `loopwright prompt render answer --set question='Why?'`."""
    path = (Path.cwd() / prompt).resolve()
    said = (
        read_prompt_file(path, base=find_project(project.resolve()))[0]
        if path.is_file()
        else prompt_at(_workspace(project), prompt)[1]
    )
    messages = said.render(parameters_of(set_ or []))
    return Answer(data={"messages": messages, "digest": said.digest}, show=lambda: show_messages(messages))


@app.command("alias")
def alias(
    prompt: Selector,
    alias: Annotated[str, typer.Argument(help="The alias that is to point at it, as `production`.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")] = "",
    override: Annotated[str, typer.Option(help="Why it may move though its evaluation did not pass.")] = "",
    project: Project = Path(),
) -> Answer:
    """Point an alias at a version. Example: `loopwright prompt alias answer:4 production --reason "shorter"`."""
    moved = move_alias(_workspace(project), prompt, alias, reason=reason, override=override)
    return Answer(data=moved, show=lambda: show_moved(moved))


@app.command("protect")
def protect(
    place: Place,
    *,
    by: Annotated[str, typer.Option(help="The evaluation that must have passed a version.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Protect it no more.")] = False,
    project: Project = Path(),
) -> Answer:
    """Let an alias move only to versions that an evaluation passed.

    Example: `loopwright prompt protect answer@production --by questions`.
    """
    if bool(by) == off:
        raise UsageError("an alias is protected --by EVALUATION, or not: --off")
    name, alias = split_selector(place)
    event = protect_alias(_workspace(project), name, alias, by=by or None)
    said = f"{name}@{alias} moves only to versions that {by!r} passed" if by else f"{name}@{alias} is not protected now"
    return Answer(data={"name": name, "alias": alias, "by": by, "event": event}, show=lambda: line(said))


@app.command("history")
def history(place: Place, project: Project = Path()) -> Answer:
    """Show where an alias pointed: who moved it, when, why."""
    moves = alias_history(_workspace(project), *split_selector(place))
    return Answer(data=moves, show=lambda: show_history(moves))


@app.command("export")
def export(
    prompts: Annotated[list[str] | None, typer.Argument(help="Versions; every alias of every prompt without.")] = None,
    *,
    to: Annotated[Path, typer.Option(help="The file to write.")] = Path("prompts.lock.json"),
    project: Project = Path(),
) -> Answer:
    """Write prompts to a file for programs without a home: `llm.prompt("answer@production", pins=FILE)`."""
    pins = export_prompts(_workspace(project), tuple(prompts or ()))
    write_pins(pins, to)
    said = f"wrote {to}: {', '.join(pins.prompts)}"
    return Answer(data={"to": to, "prompts": list(pins.prompts)}, show=lambda: line(said))


def _workspace(project: Path) -> Workspace:
    return open_workspace(find_project(project.resolve()))
