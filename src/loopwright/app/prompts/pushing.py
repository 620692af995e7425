"""Prompts between files and the registry: the same content is the same version, and comes back byte for byte."""

from pathlib import Path

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.codec import to_json
from loopwright.core.events import EventDraft
from loopwright.errors import ConflictError, NotFoundError, UsageError
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.prompts.reading import PINS_FORM, Pinned, Pins
from loopwright.llm.prompts.registry import (
    LATEST,
    PromptVersion,
    aliases_of,
    content_of,
    find_version,
    prompt_names,
    put_content,
    record_of,
    ref_of,
    version_of_digest,
    versions_of,
)

_ATTEMPTS = 8


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a push.

    Attributes:
        version: The version.
        new: Whether it was not there before.
        event: The event that says so; None where nothing was written.
    """

    version: PromptVersion
    new: bool
    event: int | None


def push_prompt(workspace: Workspace, prompt: Prompt, *, source: str = "") -> Pushed:
    """Make a prompt the latest version of its name. The same content is the same version, whatever its file looks like.

    Args:
        workspace: The workspace.
        prompt: The prompt.
        source: The text of its file; empty where there is none.

    Raises:
        ConflictError: Other pushes of this prompt ended all the while.
    """
    blob = put_content(workspace.stores.blobs, prompt, source)
    for _ in range(_ATTEMPTS):
        try:
            return _push(workspace, prompt, blob)
        except ConflictError:
            continue
    raise ConflictError(f"other pushes of the prompt {prompt.name!r} ended all the while")


def _push(workspace: Workspace, prompt: Prompt, blob: str) -> Pushed:
    ledger, namespace = workspace.stores.ledger, workspace.namespace
    latest = ref_of(prompt.name, LATEST, namespace)
    before = ledger.ref(latest)
    known = version_of_digest(ledger, prompt.name, prompt.digest, namespace=namespace)
    if known is not None and before == known.digest:
        return Pushed(version=known, new=False, event=None)
    newest = versions_of(ledger, prompt.name, namespace=namespace)
    version = known or PromptVersion(
        name=prompt.name, number=1 + (newest[0].number if newest else 0), digest=prompt.digest, blob=blob
    )
    draft = EventDraft(
        kind="prompt_pushed", subject=f"prompt:{prompt.name}", actor=workspace.actor, namespace=namespace,
        data={"digest": version.digest, "number": version.number, "new": known is None},
        logical_at=workspace.clock.now(),
    )  # fmt: skip
    written = ledger.commit(
        expect={latest: before},
        moves={latest: version.digest},
        records=[] if known else [record_of(version, namespace=namespace)],
        events=[draft],
    )
    return Pushed(version=version, new=known is None, event=written[0].seq)


def pull_prompt(workspace: Workspace, selector: str, to: Path | None = None) -> tuple[PromptVersion, str]:
    """The text of a version's file, as it was pushed; written to a file where wished, whole or not at all.

    Raises:
        NotFoundError: There is no such version.
        UsageError: The file is there and says something that no version says.
    """
    version = find_version(workspace.stores.ledger, selector, namespace=workspace.namespace)
    source = content_of(workspace.stores.blobs, version).source
    if to is not None:
        _write(workspace, version, source=source, to=to)
    return version, source


def _write(workspace: Workspace, version: PromptVersion, *, source: str, to: Path) -> None:
    if to.exists() and to.read_bytes() != source.encode():
        versions = versions_of(workspace.stores.ledger, version.name, namespace=workspace.namespace)
        known = {content_of(workspace.stores.blobs, one).source.encode() for one in versions}
        if to.read_bytes() not in known:
            raise UsageError(
                f"{to} was changed and never pushed", why="it would be lost",
                fix=f"Push it first: loopwright prompt push {to}; or give another file.",
            )  # fmt: skip
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = to.with_name(f".{to.name}.{version.digest[:8]}")
    beside.write_bytes(source.encode())
    beside.replace(to)


def export_prompts(workspace: Workspace, selectors: tuple[str, ...] = ()) -> Pins:
    """Prompts with their digests, for programs without a home: those that are named, or every alias of every prompt.

    Raises:
        NotFoundError: One of them is not there, or there is none.
    """
    ledger, namespace = workspace.stores.ledger, workspace.namespace
    wanted = selectors or tuple(
        f"{name}@{alias}"
        for name in prompt_names(ledger, namespace=namespace)
        for alias in aliases_of(ledger, name, namespace=namespace)
    )
    if not wanted:
        raise NotFoundError("there are no prompts to export", fix="Push one: loopwright prompt push FILE")
    pins = {}
    for selector in wanted:
        version = find_version(ledger, selector, namespace=namespace)
        read = content_of(workspace.stores.blobs, version).prompt
        pins[selector] = Pinned(digest=version.digest, number=version.number, prompt=read)
    return Pins(form=PINS_FORM, prompts=pins)


def write_pins(pins: Pins, to: Path) -> None:
    """Write pinned prompts to a file, whole or not at all."""
    beside = to.with_name(f".{to.name}.new")
    beside.write_bytes(msgspec.json.format(to_json(pins), indent=2) + b"\n")
    beside.replace(to)
