"""Prompts as the command line prints them."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.app.prompts.aliases import AliasMove, AliasMoved
from loopwright.app.prompts.overview import AliasShown, PromptDifference, PromptShown
from loopwright.app.prompts.pushing import Pushed
from loopwright.cli.render import line, table
from loopwright.core.clock import Micros, iso
from loopwright.llm.prompts.file import text_of_prompt
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.prompts.registry import PromptVersion


def show_pushed(pushed: Sequence[Pushed]) -> None:
    """What became of each file."""
    for one in pushed:
        said = "is new" if one.new else "is the latest again" if one.event is not None else "is unchanged"
        line(f"{one.version.name}: version {one.version.number} {said} ({one.version.digest[:12]})")


def show_prompts(prompts: Sequence[PromptShown]) -> None:
    """The list."""
    if not prompts:
        line("There are no prompts. Push one: loopwright prompt push FILE")
        return
    rows = [
        (one.name, len(one.versions), ", ".join(map(_alias, one.aliases)), _time(one.at), one.description)
        for one in prompts
    ]
    table(["prompt", "versions", "aliases", "changed", "description"], rows, right=("versions",))


def show_prompt(version: PromptVersion, prompt: Prompt, shown: PromptShown) -> None:
    """A version, and what stands beside it."""
    line(f"{version.name} version {version.number} of {_time(version.at)} ({version.digest[:12]})")
    line(f"aliases: {', '.join(map(_alias, shown.aliases)) or 'none'}")
    line()
    for row in text_of_prompt(prompt).splitlines():
        line(row)


def show_difference(found: PromptDifference) -> None:
    """The lines that differ."""
    for row in found.lines:
        line(row)
    if not found.lines:
        line(f"{found.before.name}:{found.before.number} and {found.after.name}:{found.after.number} say the same.")


def show_messages(messages: Sequence[Mapping[str, Any]]) -> None:
    """What a model would be told."""
    for message in messages:
        line(f"[{message['role']}]")
        for row in str(message["content"]).splitlines():
            line(row)
        line()


def show_moved(moved: AliasMoved) -> None:
    """Where an alias points now."""
    line(f"{moved.name}@{moved.alias} points at version {moved.number} ({moved.now[:12]})")
    if moved.override:
        line(f"Its evaluation did not pass; the override is recorded: {moved.override}")


def show_history(moves: Sequence[AliasMove]) -> None:
    """Every move, oldest first."""
    rows = [(_time(move.at), move.number, move.actor, move.reason, move.override, move.event) for move in moves]
    table(["at", "version", "who", "why", "override", "event"], rows, right=("version", "event"))


def _alias(alias: AliasShown) -> str:
    by = f", protected by {alias.protected_by}" if alias.protected_by else ""
    return f"{alias.alias} → {alias.number}{by}"


def _time(at: Micros) -> str:
    return iso(at)[:19]
