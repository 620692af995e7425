"""Prompts by name where they are used: `llm.prompt("answer@production")`, from a home or from a file that pins them."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from loopwright.core.clock import Clock, SystemClock
from loopwright.core.codec import from_json
from loopwright.core.environment import variables
from loopwright.core.hashing import Digest
from loopwright.core.ids import random_id
from loopwright.errors import NotAHomeError, NotFoundError, PromptError
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.prompts.registry import content_of, find_version, split_selector
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger
from loopwright.store.open_stores import open_stores

PINS_FORM = 1
_LOOK_EVERY_S = 0.1
_HOME = ".loopwright"


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt in a file, with the digest that it had when it was written there."""

    digest: Digest
    number: int
    prompt: Prompt


class Pins(msgspec.Struct, frozen=True, kw_only=True):
    """Prompts in a file, by selector, each with its digest: what is used where there is no home."""

    form: int
    prompts: Mapping[str, Pinned]


class _Seen(NamedTuple):
    """A prompt that was read: when the ledger was last asked, and what it said."""

    looked: float
    blob: Digest
    prompt: Prompt


class PromptReader:
    """Gives prompts by selector; a prompt whose alias moved is given anew within a tenth of a second.

    Safe from several threads.
    """

    def __init__(self, ledger: Ledger, blobs: Blobs, *, clock: Clock, namespace: str = "default") -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._clock = clock
        self._namespace = namespace
        self._seen: dict[str, _Seen] = {}

    def get(self, selector: str) -> Prompt:
        """The prompt of `NAME`, `NAME@ALIAS`, `NAME:NUMBER`.

        Raises:
            NotFoundError: There is none.
            BlobMissingError, BlobCorruptError: Its content is gone.
        """
        now = self._clock.monotonic()
        seen = self._seen.get(selector)
        if seen is not None and now - seen.looked < _LOOK_EVERY_S:
            return seen.prompt
        version = find_version(self._ledger, selector, namespace=self._namespace)
        known = seen is not None and seen.blob == version.blob
        read = seen.prompt if seen is not None and known else content_of(self._blobs, version).prompt
        self._seen[selector] = _Seen(looked=now, blob=version.blob, prompt=read)
        return read


def prompt(selector: str, *, home: str | Path | None = None, pins: str | Path | None = None) -> Prompt:
    """A prompt by name.

    Args:
        selector: `NAME` (its latest version), `NAME@ALIAS` or `NAME:NUMBER`.
        home: The home; None: what LOOPWRIGHT_HOME says, else the `.loopwright` of this folder or the nearest above it.
        pins: A file that `loopwright prompt export` wrote. No home is needed then.

    Raises:
        NotFoundError: There is no such prompt.
        NotAHomeError: There is no home.
        PromptError: The file holds no pinned prompts, or one that was changed.
    """
    if pins is not None:
        return _pinned(selector, Path(pins))
    return _reader(_home(os.getcwd()) if home is None else Path(home).resolve()).get(selector)


def read_pins(path: Path) -> Pins:
    """A file of pinned prompts, each of which has the digest that the file says.

    Raises:
        PromptError: It cannot be read, or a prompt in it was changed.
    """
    try:
        pins = from_json(path.read_bytes(), Pins)
    except (OSError, msgspec.DecodeError) as error:
        raise PromptError(f"{path} holds no pinned prompts", why=str(error)) from error
    if pins.form > PINS_FORM:
        raise PromptError(f"{path} was written by a newer release", fix="Upgrade loopwright.")
    for selector, pinned in pins.prompts.items():
        if pinned.prompt.digest != pinned.digest:
            raise PromptError(
                f"the prompt {selector!r} in {path} is not the one that was pinned",
                fix="Write the file anew: loopwright prompt export --to FILE.",
            )
    return pins


def _pinned(selector: str, path: Path) -> Prompt:
    stat = path.stat() if path.is_file() else None
    pins = _read_once(path, (stat.st_mtime_ns, stat.st_size) if stat is not None else (0, 0))
    name, wish = split_selector(selector)
    for known in (selector, f"{name}@{wish}"):
        if known in pins.prompts:
            return pins.prompts[known].prompt
    raise NotFoundError(f"{path} pins no prompt {selector!r}", why=f"it pins: {', '.join(pins.prompts) or 'none'}")


@lru_cache(maxsize=8)
def _read_once(path: Path, _state: tuple[int, int]) -> Pins:
    return read_pins(path)


@lru_cache(maxsize=4)
def _reader(home: Path) -> PromptReader:
    clock = SystemClock()
    stores = open_stores(home, clock=clock, ids=random_id)
    return PromptReader(
        stores.ledger, stores.blobs, clock=clock, namespace=variables().get("LOOPWRIGHT_NAMESPACE", "default")
    )


@lru_cache(maxsize=16)
def _home(here: str) -> Path:
    said = variables().get("LOOPWRIGHT_HOME")
    if said:
        return Path(said).resolve()
    for folder in (Path(here), *Path(here).parents):
        if (folder / _HOME / "home.json").is_file():
            return folder / _HOME
    raise NotAHomeError(
        f"there is no home in {here} or above it",
        fix="Push a prompt first: loopwright prompt push FILE; or give `pins`.",
    )
