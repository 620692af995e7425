"""What prompts there are, what a version says, and how two differ."""

import difflib

import msgspec

from loopwright.app.prompts.aliases import protection_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.errors import NotFoundError
from loopwright.llm.prompts.file import text_of_prompt
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.prompts.registry import (
    PromptVersion,
    aliases_of,
    content_of,
    find_version,
    prompt_names,
    versions_of,
)


class AliasShown(msgspec.Struct, frozen=True, kw_only=True):
    """An alias: the number of its version, and the evaluation that protects it."""

    alias: str
    number: int
    protected_by: str


class PromptShown(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt with its versions and aliases."""

    name: str
    description: str
    versions: tuple[PromptVersion, ...]
    aliases: tuple[AliasShown, ...]
    at: Micros


class PromptDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How two versions differ: `lines` as `diff -u` has them; empty where a model would be told the same."""

    before: PromptVersion
    after: PromptVersion
    lines: tuple[str, ...]


def prompts_of(workspace: Workspace) -> tuple[PromptShown, ...]:
    """Every prompt, by name."""
    names = prompt_names(workspace.stores.ledger, namespace=workspace.namespace)
    return tuple(prompt_shown(workspace, name) for name in names)


def prompt_shown(workspace: Workspace, name: str) -> PromptShown:
    """One prompt.

    Raises:
        NotFoundError: There is no such prompt.
    """
    ledger, namespace = workspace.stores.ledger, workspace.namespace
    latest = find_version(ledger, name, namespace=namespace)
    versions = versions_of(ledger, latest.name, namespace=namespace)
    numbers = {version.digest: version.number for version in versions}
    aliases = tuple(
        AliasShown(alias=alias, number=numbers[target], protected_by=protection_of(workspace, latest.name, alias))
        for alias, target in aliases_of(ledger, latest.name, namespace=namespace).items()
        if target in numbers
    )
    description = content_of(workspace.stores.blobs, latest).prompt.description
    return PromptShown(
        name=latest.name, description=description, versions=versions, aliases=aliases, at=versions[0].at
    )  # fmt: skip


def prompt_at(workspace: Workspace, selector: str) -> tuple[PromptVersion, Prompt]:
    """A version and what it says. Raises NotFoundError."""
    version = find_version(workspace.stores.ledger, selector, namespace=workspace.namespace)
    return version, content_of(workspace.stores.blobs, version).prompt


def difference(workspace: Workspace, before: str, after: str | None = None) -> PromptDifference:
    """How two versions differ.

    Args:
        workspace: The workspace.
        before: A version.
        after: Another; None: `before` is it, and is compared with the version before it.

    Raises:
        NotFoundError: One of them is not there.
    """
    newer, said = prompt_at(workspace, after or before)
    if after is None and newer.number == 1:
        raise NotFoundError(f"there is no version of {newer.name!r} before its first", fix="Name two versions.")
    older, was = prompt_at(workspace, before if after else f"{newer.name}:{newer.number - 1}")
    names = (f"{older.name}:{older.number}", f"{newer.name}:{newer.number}")
    texts = (text_of_prompt(was).splitlines(), text_of_prompt(said).splitlines())
    lines = difflib.unified_diff(*texts, *names, lineterm="")
    return PromptDifference(before=older, after=newer, lines=tuple(lines))
