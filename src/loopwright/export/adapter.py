"""An adapter in an application's bundle, as serving systems are told of it."""

import re

import msgspec

from loopwright.core.codec import plain
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError, UsageError
from loopwright.registry.bundle import read_manifest
from loopwright.store.blobs import Blobs
from loopwright.store.trees import TREE_FORMAT, tree_files

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as the most ranks of an adapter."""


class AdapterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of PEFT's `adapter_config.json`."""

    peft_type: str = "LORA"
    base_model_name_or_path: str | None = None
    r: int = 0


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter.

    Attributes:
        name: The application's.
        version: The application's version.
        part: The part of its bundle.
        files: Content by file name.
        rank: Its rank; 0 where its configuration does not say.
        trained_on: The base model that it was trained on, as its configuration names it; empty where it does not.
    """

    name: str
    version: Digest
    part: str
    files: dict[str, bytes]
    rank: int
    trained_on: str

    @property
    def served_name(self) -> str:
        """What callers name it: lower-case letters, digits and dashes, as Kubernetes wants them too."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:50] or "adapter"

    @property
    def rank_allowed(self) -> int:
        """The least of vLLM's limits that lets this rank in."""
        return next((rank for rank in _RANKS if rank >= self.rank), self.rank)


def adapter_of(blobs: Blobs, name: str, version: Digest, *, part: str = "adapter") -> Adapter:
    """The adapter of an application's version.

    Args:
        blobs: Where bundles lie.
        name: The application's.
        version: Its version.
        part: The part of the bundle that holds the adapter.

    Raises:
        NotFoundError: The bundle has no such part.
        UsageError: The part is no LoRA adapter as PEFT writes them.
    """
    parts = read_manifest(blobs, version).parts
    if part not in parts:
        raise NotFoundError(
            f"the version {version[:12]} of {name!r} has no part {part!r}",
            why=f"its parts are {', '.join(sorted(parts))}",
            fix="Name the part that the pipeline returned, with --part.",
        )
    head = plain(blobs.get(parts[part]))
    files = tree_files(blobs, parts[part]) if isinstance(head, dict) and head.get("format") == TREE_FORMAT else {}
    if missing := sorted({CONFIG, WEIGHTS} - files.keys()):
        raise UsageError(
            f"the part {part!r} is no adapter", why=f"it has no {missing[0]}",
            fix="Let a step return the files that `save_pretrained` of PEFT writes, as dict[str, bytes].",
        )  # fmt: skip
    try:
        said = msgspec.json.decode(files[CONFIG], type=AdapterConfig)
    except msgspec.MsgspecError as error:
        raise UsageError(f"the {CONFIG} of the part {part!r} cannot be read", why=str(error)) from error
    if said.peft_type != "LORA":
        raise UsageError(f"the part {part!r} is an adapter of the kind {said.peft_type}", why="only LORA is exported")
    return Adapter(
        name=name, version=version, part=part, files=files, rank=said.r, trained_on=said.base_model_name_or_path or ""
    )
