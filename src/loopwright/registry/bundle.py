"""Bundles: one digest that pins all that a model is made of, and a folder that a serving process needs nothing beside.

Into the manifest goes only what the model *is*; verdicts, cards and provenance are records about its digest. Everything
in it is deterministic, so that reproducing a model gives the same digest.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from loopwright.core.codec import canonical, from_json, plain
from loopwright.core.hashing import Digest, digest_bytes
from loopwright.core.schema import Signature
from loopwright.errors import (
    BlobCorruptError,
    BlobMissingError,
    HomeTooNewError,
    LoopwrightError,
    ModelLoadError,
    UsageError,
)
from loopwright.formats.value import extract_value, load_native, load_value
from loopwright.store.blobs import Blobs
from loopwright.store.trees import TREE_FORMAT, extract_tree

T = TypeVar("T")
FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"
_PART_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is.

    Attributes:
        kind: What the bundle holds, as `model`.
        parts: Digest by part: a value of `formats` or a tree. Known parts: `model`, `code` (a tree), `environment`,
            `features`, `reference`, `evaluation`, `stream` (`{"function": "module:qualname"}` of a function in `code`).
        entry: The part that answers requests, or `module:qualname` of a function in the part `code` that is given the
            model and the columns.
        signature: Its contract.
        example: A request that must be answered before the version gets any traffic: column to value.
        trust_pickle: Whether the step that made the model allowed pickle; without it no pickle in a part is read.
        format_version: Version of this manifest's own form.
    """

    kind: str
    parts: dict[str, Digest]
    entry: str
    signature: Signature
    example: dict[str, Any]
    trust_pickle: bool = False
    format_version: int = FORMAT_VERSION


def put_bundle(blobs: Blobs, manifest: Manifest) -> Digest:
    """Store a manifest; its digest is the model's.

    Raises:
        UsageError: A part has no proper name, or the entry is none of the parts.
        BlobMissingError: A part is not in the store.
    """
    for name, digest in manifest.parts.items():
        if not _PART_NAME.fullmatch(name):
            raise UsageError(f"{name!r} cannot name a part", fix="Use lower-case letters, digits and underscores.")
        if not blobs.has(digest):
            raise BlobMissingError(f"the part {name!r} of the bundle is not in the store", digest=digest)
    part = "code" if ":" in manifest.entry else manifest.entry
    if part not in manifest.parts:
        raise UsageError(
            f"the entry {manifest.entry!r} is no part of the bundle", why=f"parts: {', '.join(sorted(manifest.parts))}"
        )
    return blobs.put(canonical(manifest))


def read_manifest(blobs: Blobs, digest: Digest) -> Manifest:
    """The manifest of a model digest.

    Raises:
        BlobMissingError: There is no such blob.
        BlobCorruptError: The blob is no manifest.
        HomeTooNewError: A newer version wrote it.
    """
    return _parsed(blobs.get(digest), digest)


def extract_bundle(blobs: Blobs, digest: Digest, folder: Path) -> None:
    """Write `manifest.json` and `parts/NAME/…` as `folder`, which appears whole or not at all.

    A folder that holds this bundle already is left as it is, so that several workers may ask for one folder at once.

    Raises:
        UsageError: Something else is there.
        BlobMissingError, BlobCorruptError: A part is not what the manifest says.
    """
    manifest = read_manifest(blobs, digest)
    taken = folder.exists()  # before it is looked into: another worker may publish it between the two
    if _holds(folder, digest):
        return
    if taken:
        raise _in_the_way(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        (building / MANIFEST_FILE).write_bytes(blobs.get(digest))
        for name, part in manifest.parts.items():
            _extract_part(blobs, part, building / "parts" / name)
        _publish(building, folder, digest)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def load_manifest(folder: Path) -> Manifest:
    """The manifest of an extracted bundle. Raises ModelLoadError where there is none."""
    try:
        return _parsed((folder / MANIFEST_FILE).read_bytes(), folder.name)
    except (OSError, LoopwrightError) as error:
        raise ModelLoadError(f"{folder} holds no readable bundle", why=str(error)) from error


def load_part(folder: Path, name: str) -> Any:
    """The value of a part of an extracted bundle.

    Raises:
        ModelLoadError: There is no such part, or this process cannot read it.
    """
    manifest = load_manifest(folder)
    return _of_part(folder, manifest, name, load=lambda part: load_value(part, trust_pickle=manifest.trust_pickle))


def load_native_part(folder: Path, name: str) -> Any:
    """A part's model for a process that only asks it, see `load_native`; None: decode it. Raises as `load_part`."""
    manifest = load_manifest(folder)
    return _of_part(folder, manifest, name, load=lambda part: load_native(part, trust_pickle=manifest.trust_pickle))


def _of_part(folder: Path, manifest: Manifest, name: str, *, load: Callable[[Path], T]) -> T:
    if name not in manifest.parts:
        raise ModelLoadError(f"the bundle in {folder} has no part {name!r}")
    try:
        return load(folder / "parts" / name)
    except LoopwrightError as error:
        raise ModelLoadError(
            f"the part {name!r} of the bundle in {folder} cannot be loaded",
            why=f"{error.what}. {error.why}",
            fix=error.fix,
        ) from error


def changed_parts(old: Manifest, new: Manifest) -> tuple[str, ...]:
    """Names of what differs between two models: parts, and the manifest's own fields."""
    names = {name for name in old.parts.keys() | new.parts.keys() if old.parts.get(name) != new.parts.get(name)}
    fields = ("kind", "entry", "signature", "example", "trust_pickle")
    return tuple(sorted(names | {field for field in fields if getattr(old, field) != getattr(new, field)}))


def _parsed(data: bytes, name: str) -> Manifest:
    try:
        head: Mapping[str, Any] = plain(data)
        version = head["format_version"]
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise HomeTooNewError(f"the bundle {name[:12]} has format {version}, newer than {FORMAT_VERSION}")
        return from_json(data, Manifest)
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise BlobCorruptError(f"{name[:12]} is no bundle's manifest", why=str(error)) from error


def _holds(folder: Path, digest: Digest) -> bool:
    try:
        return digest_bytes((folder / MANIFEST_FILE).read_bytes()) == digest
    except OSError:
        return False


def _extract_part(blobs: Blobs, digest: Digest, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _is_tree(blobs, digest):
        extract_tree(blobs, digest, folder)
    else:
        extract_value(blobs, digest, folder)


def _is_tree(blobs: Blobs, digest: Digest) -> bool:
    try:
        head = plain(blobs.get(digest))
    except msgspec.MsgspecError as error:
        raise BlobCorruptError(f"the part {digest[:12]} is neither a value nor a tree", why=str(error)) from error
    return isinstance(head, dict) and head.get("format") == TREE_FORMAT


def _publish(building: Path, folder: Path, digest: Digest) -> None:
    building.chmod(0o700)
    try:
        os.rename(building, folder)
    except OSError as error:
        # Another process published the same bundle first; its folder is as good as this one.
        if not _holds(folder, digest):
            raise _in_the_way(folder) from error


def _in_the_way(folder: Path) -> UsageError:
    return UsageError(f"{folder} is in the way", fix="Name a folder that does not exist.")
