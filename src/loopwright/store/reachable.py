"""Which blobs the ledger's pointers need: found by following refs through records, manifests and trees.

Kinds are data here, so that the rule is one of names: in a record or a JSON blob the fields `blob` and `tree` and the
values of `parts` are digests of blobs, and so are a tree's entries. Other digests may be identities of anything.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from loopwright.core.codec import plain
from loopwright.core.hashing import Digest, is_digest
from loopwright.errors import StoreError
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger
from loopwright.store.trees import TREE_FORMAT

_JSON_BYTES = 16 << 20
_SEGMENTS = 1_000_000


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What was found from the refs.

    Attributes:
        present: Blobs that are needed and there.
        absent: Blobs that are needed and not there, with what needs each.
        unknown: Refs that point to a digest that is neither a blob nor a record.
    """

    present: frozenset[Digest]
    absent: dict[Digest, str]
    unknown: dict[str, str]


def reachable(blobs: Blobs, ledger: Ledger) -> Reached:
    """Follow every ref and every sealed table segment.

    Raises:
        BlobCorruptError: A manifest or a tree on the way is damaged.
    """
    needed: list[tuple[Digest, str]] = []
    unknown: dict[str, str] = {}
    for ref, target in ledger.refs().items():
        record = next((found for kind in _kinds(ref) if (found := ledger.record(kind, target))), None)
        if record is not None:
            needed += [(digest, ref) for digest in _named_in(record.data)]
        elif is_digest(target) and blobs.has(target):
            needed.append((target, ref))
        elif is_digest(target):
            unknown[ref] = target
    segments = [r for r in ledger.search("table_segment", limit=_SEGMENTS) if "dropped" not in r.facets]
    needed += [(str(record.data["digest"]), f"table {record.facets['table']}") for record in segments]
    return _followed(blobs, needed, unknown)


def _followed(blobs: Blobs, needed: list[tuple[Digest, str]], unknown: dict[str, str]) -> Reached:
    present: set[Digest] = set()
    absent: dict[Digest, str] = {}
    while needed:
        digest, by = needed.pop()
        if digest in present or digest in absent:
            continue
        if not blobs.has(digest):
            absent[digest] = by
            continue
        present.add(digest)
        needed += [(inner, by) for inner in _named_in(_json(blobs, digest))]
    return Reached(present=frozenset(present), absent=absent, unknown=unknown)


def _kinds(ref: str) -> tuple[str, ...]:
    """Kinds of record that a ref `namespace/kind/name@alias` may point to."""
    parts = ref.split("/")
    kind = parts[1] if len(parts) > 2 else ref
    alias = ref.rpartition("@")[2]
    return (kind, f"{kind}_version", alias)


def _json(blobs: Blobs, digest: Digest) -> Any:
    path = blobs.local_path(digest)
    try:
        with path.open("rb") as file:
            if path.stat().st_size > _JSON_BYTES or file.read(1) != b"{":
                return None
        return plain(path.read_bytes())
    except msgspec.DecodeError:
        return None
    except OSError as error:
        raise StoreError(f"{path} could not be read", why=str(error)) from error


def _named_in(value: Any) -> Iterator[Digest]:
    if isinstance(value, list):
        for item in value:
            yield from _named_in(item)
        return
    if not isinstance(value, dict):
        return
    if value.get("format") == TREE_FORMAT:
        yield from (entry[2] for entry in value["entries"])
        return
    for name, inner in value.items():
        yield from _field(name, inner)


def _field(name: str, inner: Any) -> Iterator[Digest]:
    if name in ("blob", "tree") and isinstance(inner, str):
        yield from [inner] if is_digest(inner) else []
    elif name == "parts" and isinstance(inner, dict):
        yield from (part for part in inner.values() if isinstance(part, str) and is_digest(part))
    else:
        yield from _named_in(inner)
