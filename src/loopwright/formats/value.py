"""Values in the blob store: the same value always has the same digest."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.codec import canonical, from_json
from loopwright.core.hashing import Digest
from loopwright.errors import BlobCorruptError
from loopwright.formats.catalogue import Catalogue
from loopwright.store.blobs import Blobs
from loopwright.store.trees import put_tree, tree_files

_INLINE_BYTES = 4096
_LABEL_FILE = "format.json"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a value's digest names: the format, and its files as a tree or, where they are small, in the envelope."""

    format: str
    tree: Digest | None = None
    inline: dict[str, str] | None = None


def put_value(blobs: Blobs, value: Any, *, trust_pickle: bool = False) -> Digest:
    """Store a value and name it.

    Args:
        blobs: Where the bytes go.
        value: A value that some format takes: JSON, bytes, NumPy, polars, models, and containers of these.
        trust_pickle: Pickle what no format takes.

    Returns:
        The digest of `{"format": "parquet/1", "tree": digest}`; values of at most 4 KiB are in that blob itself. It
        depends on the value only, except for pickles.

    Raises:
        UnsupportedValueError: No format takes the value.
        UntrustedFormatError: Part of it could only be pickled.
    """
    label, files = Catalogue(trust_pickle=trust_pickle).encode(value)
    if sum(map(len, files.values())) <= _INLINE_BYTES:
        inline = {path: base64.b64encode(data).decode("ascii") for path, data in files.items()}
        return blobs.put(canonical(Envelope(format=label, inline=inline)))
    return blobs.put(canonical(Envelope(format=label, tree=put_tree(blobs, files))))


def get_value(blobs: Blobs, digest: Digest, *, trust_pickle: bool = False) -> Any:
    """The value of a digest that `put_value` gave.

    Raises:
        BlobMissingError, BlobCorruptError: The bytes are not there, or not what they claim.
        UnsupportedValueError, MissingExtraError: This installation cannot read the format.
        UntrustedFormatError: The value is a pickle, and `trust_pickle` is not set.
    """
    label, files = value_files(blobs, digest)
    return Catalogue(trust_pickle=trust_pickle).decode(label, files)


def value_files(blobs: Blobs, digest: Digest) -> tuple[str, dict[str, bytes]]:
    """The format's label and the files of a value, not decoded. Raises BlobMissingError, BlobCorruptError."""
    envelope = read_envelope(blobs, digest)
    if envelope.tree is not None:
        return envelope.format, tree_files(blobs, envelope.tree)
    try:
        inline = envelope.inline or {}
        return envelope.format, {path: base64.b64decode(text, validate=True) for path, text in inline.items()}
    except ValueError as error:
        raise BlobCorruptError(
            f"the value {digest[:12]} has unreadable files", why=str(error), digest=digest
        ) from error


def read_envelope(blobs: Blobs, digest: Digest) -> Envelope:
    """What a value's digest names; for those who trace which blobs a value needs. Raises BlobCorruptError."""
    try:
        return from_json(blobs.get(digest), Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BlobCorruptError(
            f"the blob {digest[:12]} is not a stored value", why=str(error), digest=digest
        ) from error


def extract_value(blobs: Blobs, digest: Digest, folder: Path) -> None:
    """Write a value's files and its label below `folder`, for a process that has no store."""
    label, files = value_files(blobs, digest)
    write_files(folder, {_LABEL_FILE: canonical({"format": label})} | {f"files/{path}": files[path] for path in files})


def load_value(folder: Path, *, trust_pickle: bool = False) -> Any:
    """The value that `extract_value` wrote. Raises as `get_value`."""
    return Catalogue(trust_pickle=trust_pickle).decode(*_extracted(folder))


def load_native(folder: Path, *, trust_pickle: bool = False) -> Any:
    """The model that `extract_value` wrote, for a process that only asks it: a `NativeModel`, or an ensemble of such.

    None where its format has no such form. Raises as `get_value`.
    """
    return Catalogue(trust_pickle=trust_pickle).native(*_extracted(folder))


def _extracted(folder: Path) -> tuple[str, dict[str, bytes]]:
    try:
        label = from_json((folder / _LABEL_FILE).read_bytes(), Envelope).format
    except (OSError, msgspec.MsgspecError) as error:
        raise BlobCorruptError(f"{folder} holds no extracted value", why=str(error)) from error
    root = folder / "files"
    return label, {
        path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path. Raises BlobCorruptError for a path that leads out of `folder`."""
    for path, data in files.items():
        target = folder / path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise BlobCorruptError(f"a stored file has the path {path!r}, which leads out of its folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
