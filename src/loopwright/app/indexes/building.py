"""Building an index of a project: read, compared with the version before, made, and kept by one commit."""

import os
import re
import shutil
from pathlib import Path

import msgspec

from loopwright.app.indexes.versions import LATEST, REF_KIND, IndexVersionRecord, alias_of, keep_version
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import BlobCorruptError, BlobMissingError, HomeTooNewError
from loopwright.llm.embedding.table import open_embedder
from loopwright.llm.retrieval.build import Built, Progress, Tools, build, shortfall, unchanged
from loopwright.llm.retrieval.chunking import Inspect
from loopwright.llm.retrieval.document import Corpus, Skipped
from loopwright.llm.retrieval.draft import Changes
from loopwright.llm.retrieval.index import Index
from loopwright.llm.retrieval.kept_vectors import KeptVectors
from loopwright.llm.retrieval.packed import Packed
from loopwright.llm.retrieval.reading import read_corpus
from loopwright.llm.retrieval.stores import open_store
from loopwright.store.backends.os_errors import named_os_errors

_LEFT_BY = re.compile(r"index-(\d+)-.*")


class IndexBuild(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did.

    Attributes:
        name: The index.
        version: The version's digest.
        number: Its number.
        documents: How many it has.
        chunks: How many.
        changes: Documents, beside the version before.
        embedded: Chunks whose vectors were made now.
        skipped: Files that are no part of it, with the reason.
        note: What falls short; empty where nothing does.
        events: What was written down.
    """

    name: str
    version: Digest
    number: int
    documents: int
    chunks: int
    changes: Changes
    embedded: int
    skipped: tuple[Skipped, ...] = ()
    note: str = ""
    events: tuple[int, ...] = ()


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What looks for suspicious text in documents.

    Attributes:
        find: Names what it finds in a text.
        name: Its name and version, as `guards/1`: part of what a version is made by.
    """

    find: Inspect
    name: str


def build_index(
    workspace: Workspace,
    index: Index,
    *,
    promote: bool = False,
    progress: Progress | None = None,
    inspection: Inspection | None = None,
    caused_by: tuple[int, ...] = (),
) -> IndexBuild:
    """Build what changed since the newest version; where nothing did, that version is given.

    A build that is killed leaves the versions as they were. The vectors that it made are kept, and the next build
    goes on from them.

    Args:
        workspace: The workspace.
        index: The declaration.
        promote: Whether the version becomes champion at once. An application pins the version that it was judged with,
            so that only an index that is read by its name needs this.
        progress: Told (chunks embedded, chunks to embed).
        inspection: What looks for suspicious text.
        caused_by: Events that led to it.

    Raises:
        SourceError: There is no document, or none with any text.
        MissingExtraError, UpstreamError: The embedder cannot work.
        ConflictError: Other builds ended all the while.
    """
    corpus = read_corpus(index, workspace.project)
    stores = workspace.stores
    embedder = open_embedder(index.embedder, folder=cache_folder(workspace))
    ref = workspace.ref(REF_KIND, index.name, f"vectors-{embedder.digest[:16]}")
    kept = KeptVectors(stores.blobs, stores.ledger, ref)
    tools = Tools(
        blobs=stores.blobs, embedder=embedder, kept=kept, work=_work_folder(workspace), progress=progress,
        inspect=None if inspection is None else inspection.find,
        inspected="" if inspection is None else inspection.name,
        store=open_store(index.store, base=cache_folder(workspace)) if index.store else None,
    )  # fmt: skip
    before = _before(workspace, index.name)
    if before is not None and unchanged(index, corpus, tools, before=before):
        built = _same(corpus, before)
    else:
        built = build(index, corpus, tools, before=before)
    version, events = keep_version(workspace, built, promote=promote, caused_by=caused_by, also=dict(kept.end))
    return _said(version, built, events)


def cache_folder(workspace: Workspace) -> Path:
    """Where an embedder keeps the files that it makes."""
    folder = workspace.home / "cache"
    with named_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _before(workspace: Workspace, name: str) -> Packed | None:
    """The newest version; one that is damaged is built anew from nothing."""
    target = alias_of(workspace, name, LATEST)
    if target is None:
        return None
    try:
        packed = Packed(workspace.stores.blobs, target)
        for part in packed.manifest.parts:
            packed.path(part)
    except (BlobMissingError, BlobCorruptError, HomeTooNewError):
        return None
    return packed


def _same(corpus: Corpus, before: Packed) -> Built:
    return Built(
        digest=before.digest, manifest=before.manifest, changes=Changes(unchanged=len(corpus.documents)), embedded=0,
        skipped=corpus.skipped, note=shortfall(before.manifest),
    )  # fmt: skip


def _said(version: IndexVersionRecord, built: Built, events: tuple[int, ...]) -> IndexBuild:
    return IndexBuild(
        name=version.name, version=version.digest, number=version.number, documents=version.documents,
        chunks=version.chunks, changes=built.changes, embedded=built.embedded, skipped=built.skipped, note=built.note,
        events=events,
    )  # fmt: skip


def _work_folder(workspace: Workspace) -> Path:
    """Where a build keeps its files on the way; what a killed one left is taken away."""
    folder = cache_folder(workspace) / "indexes"
    with named_os_errors(folder):
        folder.mkdir(exist_ok=True)
        for left in folder.iterdir():
            by = _LEFT_BY.fullmatch(left.name)
            if by is not None and not _lives(int(by[1])):
                shutil.rmtree(left, ignore_errors=True)
    return folder


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
