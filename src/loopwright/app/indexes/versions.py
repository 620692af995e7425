"""Versions of indexes: numbered records, and the aliases `latest` and `champion` that point at them."""

from typing import Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ConflictError, NotFoundError, UsageError
from loopwright.llm.retrieval.build import Built
from loopwright.store.ledger import Record

KIND = "index_version"
REF_KIND = "index"
LATEST = "latest"
CHAMPION = "champion"
_ATTEMPTS = 8
_MOST = 100_000


class IndexVersionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an index, as the ledger keeps it.

    Attributes:
        name: The index.
        number: From 1 within `name`.
        digest: The version.
        documents: How many.
        chunks: How many.
        corpus: Digest of the documents.
        embedder: Which kind made the vectors.
        removed: Whether it was taken away; it cannot be opened by name any more.
        at: When it was built.
    """

    name: str
    number: int
    digest: Digest
    documents: int
    chunks: int
    corpus: Digest
    embedder: str
    removed: bool = False
    at: Micros = 0


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that moved.

    Attributes:
        name: The index.
        alias: Its alias.
        before: Where it pointed; None: nowhere.
        now: Where it points.
        event: The event that says so.
    """

    name: str
    alias: str
    before: Digest | None
    now: Digest
    event: int


def index_names(workspace: Workspace) -> tuple[str, ...]:
    """Every index that has a version, by name."""
    prefix = f"{workspace.namespace}/{REF_KIND}/"
    refs = workspace.stores.ledger.refs(prefix)
    return tuple(sorted({ref.removeprefix(prefix).partition("@")[0] for ref in refs if ref.endswith(f"@{LATEST}")}))


def index_versions(workspace: Workspace, name: str) -> tuple[IndexVersionRecord, ...]:
    """The versions of an index that were not removed, newest first.

    Raises:
        NotFoundError: There is no such index.
    """
    found = [version for version in _all(workspace, name) if not version.removed]
    if not found:
        known = ", ".join(index_names(workspace)) or "none"
        raise NotFoundError(
            f"there is no version of an index {name!r}", why=f"there are: {known}",
            fix=f"Build one: loopwright index build {name}",
        )  # fmt: skip
    return tuple(found)


def alias_of(workspace: Workspace, name: str, alias: str) -> Digest | None:
    """Where an alias points."""
    return workspace.stores.ledger.ref(workspace.ref(REF_KIND, name, alias))


def find_version(workspace: Workspace, selector: str) -> IndexVersionRecord:
    """The version that is meant by `NAME@champion`, `NAME@latest`, `NAME@3`, or `NAME@` and the start of its digest.

    `NAME` alone is the champion; of a digest at least 8 digits are needed.

    Raises:
        NotFoundError: There is none.
    """
    name, _, wish = selector.partition("@")
    versions = index_versions(workspace, name)
    wanted = wish or CHAMPION
    target = alias_of(workspace, name, wanted) if wanted in (CHAMPION, LATEST) else None
    for version in versions:
        if target is not None:
            if version.digest == target:
                return version
        elif wanted == str(version.number) or (len(wanted) >= 8 and version.digest.startswith(wanted)):
            return version
    numbers = ", ".join(str(version.number) for version in versions[:10])
    unmoved = f", or make one champion: `loopwright index promote {name}@latest`" if wanted == CHAMPION else ""
    raise NotFoundError(
        f"the index {name!r} has no version {wanted!r}", why=f"it has: {numbers}",
        fix=f"Name one of these, as `{name}@{versions[0].number}`{unmoved}.",
    )  # fmt: skip


def keep_version(
    workspace: Workspace, built: Built, *, promote: bool, caused_by: tuple[int, ...] = (), also: dict[str, str | None]
) -> tuple[IndexVersionRecord, tuple[int, ...]]:
    """Record a version that was built, and move `latest`, and `champion` with it where wished, in one commit.

    A version that is known already keeps its number. Where nothing would move, nothing is written.

    Args:
        workspace: The workspace.
        built: The version.
        promote: Whether it becomes champion too.
        caused_by: Events that led to it.
        also: Further moves of the same commit.

    Returns:
        The version, and the events that were written.

    Raises:
        ConflictError: Other builds of this index ended all the while.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _keep(workspace, built, promote=promote, caused_by=caused_by, also=also)
        except ConflictError:
            continue
    raise ConflictError(f"other builds of the index {built.manifest.index!r} ended all the while")


def move_champion(workspace: Workspace, selector: str, *, reason: str) -> Move:
    """Make a version champion.

    Raises:
        NotFoundError: There is no such version.
        UsageError: It is champion already.
        ConflictError: The alias moved meanwhile.
    """
    version = find_version(workspace, selector)
    ref = workspace.ref(REF_KIND, version.name, CHAMPION)
    before = workspace.stores.ledger.ref(ref)
    if before == version.digest:
        raise UsageError(f"version {version.number} of {version.name!r} is champion already")
    draft = _moved(workspace, version, before=before, reason=reason)
    events = workspace.stores.ledger.commit(expect={ref: before}, moves={ref: version.digest}, events=[draft])
    return Move(name=version.name, alias=CHAMPION, before=before, now=version.digest, event=events[0].seq)


def roll_back(workspace: Workspace, name: str, *, to: str | None = None, reason: str = "rolled back") -> Move:
    """Give the champion's place to the version that it had before, or to another one.

    Args:
        workspace: The workspace.
        name: The index.
        to: A number or the start of a digest.
        reason: Why.

    Raises:
        NotFoundError: There is no such version, or there was no champion before.
        UsageError: That version is champion already.
    """
    if to is not None:
        return move_champion(workspace, f"{name}@{to}", reason=reason)
    now = find_version(workspace, name)
    there = {version.digest for version in index_versions(workspace, name)}
    past = [move.target for move in workspace.stores.ledger.history(workspace.ref(REF_KIND, name, CHAMPION))]
    # Where the last move was a rollback itself, the one before that is meant, not the version that was rolled back.
    earlier = past[: past.index(now.digest)] if now.digest in past else past
    target = next((one for one in reversed(earlier) if one in there and one != now.digest), None)
    if target is None:
        raise NotFoundError(f"the index {name!r} had no champion before {now.number}", fix="Name a version with --to.")
    return move_champion(workspace, f"{name}@{target}", reason=reason)


def remove_version(workspace: Workspace, version: IndexVersionRecord) -> int:
    """Take a version away: nothing points at its blobs afterwards.

    Returns:
        The event that says so.
    """
    draft = EventDraft(
        kind="index_removed", subject=f"index:{version.name}",
        data={"digest": version.digest, "number": version.number}, actor=workspace.actor,
        namespace=workspace.namespace,
    )  # fmt: skip
    events = workspace.stores.ledger.commit(
        moves={_kept_ref(workspace, version): None},
        records=[_record(workspace, msgspec.structs.replace(version, removed=True))],
        events=[draft],
    )
    return events[0].seq


def _keep(
    workspace: Workspace, built: Built, *, promote: bool, caused_by: tuple[int, ...], also: dict[str, str | None]
) -> tuple[IndexVersionRecord, tuple[int, ...]]:
    ledger, name = workspace.stores.ledger, built.manifest.index
    everything = _all(workspace, name)
    known = next((one for one in everything if one.digest == built.digest and not one.removed), None)
    version = known or IndexVersionRecord(
        name=name, number=1 + max((one.number for one in everything), default=0), digest=built.digest,
        documents=built.manifest.documents, chunks=built.manifest.chunks, corpus=built.manifest.corpus,
        embedder=built.manifest.making.embedder.kind,
    )  # fmt: skip
    aliases = {alias: workspace.ref(REF_KIND, name, alias) for alias in (LATEST, *([CHAMPION] if promote else []))}
    expect = {ref: ledger.ref(ref) for ref in aliases.values()}
    events = [] if known else [_built(workspace, version, built, caused_by=caused_by)]
    if promote and expect[aliases[CHAMPION]] != built.digest:
        draft = _moved(workspace, version, before=expect[aliases[CHAMPION]], reason="built")
        events.append(msgspec.structs.replace(draft, caused_by=caused_by, caused_by_drafts=(0,) if not known else ()))
    if all(target == built.digest for target in expect.values()) and not also and known:
        return version, ()
    moves = dict.fromkeys(aliases.values(), built.digest) | {_kept_ref(workspace, version): built.digest} | also
    written = ledger.commit(
        expect=expect, moves=moves, records=[] if known else [_record(workspace, version)], events=events
    )
    return version, tuple(event.seq for event in written)


def _all(workspace: Workspace, name: str) -> list[IndexVersionRecord]:
    where: dict[str, Any] = {"name": name, "namespace": workspace.namespace}
    found = workspace.stores.ledger.search(KIND, where=where, order="-number", limit=_MOST)
    return [msgspec.structs.replace(msgspec.convert(one.data, IndexVersionRecord), at=one.at) for one in found]


def _kept_ref(workspace: Workspace, version: IndexVersionRecord) -> str:
    """The ref that holds a version's blobs, whatever the aliases point at."""
    return workspace.ref(REF_KIND, version.name, f"v{version.number}")


def _record(workspace: Workspace, version: IndexVersionRecord) -> Record:
    facets: dict[str, str | float | int | bool] = {
        "name": version.name, "namespace": workspace.namespace, "number": version.number, "digest": version.digest,
        "chunks": version.chunks, "documents": version.documents,
    }  # fmt: skip
    return Record(
        kind=KIND, id=f"{workspace.namespace}/{version.name}@{version.number}", data=msgspec.to_builtins(version),
        facets=facets, at=version.at,
    )  # fmt: skip


def _built(
    workspace: Workspace, version: IndexVersionRecord, built: Built, *, caused_by: tuple[int, ...]
) -> EventDraft:
    changes = built.changes
    data = {
        "digest": version.digest, "number": version.number, "documents": version.documents, "chunks": version.chunks,
        "added": len(changes.added), "changed": len(changes.changed), "removed": len(changes.removed),
        "embedded": built.embedded, "skipped": len(built.skipped),
    }  # fmt: skip
    return EventDraft(
        kind="index_built", subject=f"index:{version.name}", data=data, caused_by=caused_by, actor=workspace.actor,
        namespace=workspace.namespace,
    )  # fmt: skip


def _moved(workspace: Workspace, version: IndexVersionRecord, *, before: Digest | None, reason: str) -> EventDraft:
    ref = workspace.ref(REF_KIND, version.name, CHAMPION)
    return EventDraft(
        kind="index_moved", subject=f"index:{version.name}", actor=workspace.actor, namespace=workspace.namespace,
        data={"ref": ref, "from": before, "to": version.digest, "number": version.number, "reason": reason},
    )  # fmt: skip
