"""Versions of prompts in a home: numbered records about a prompt's digest, its content as a blob, aliases as refs."""

from typing import Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.codec import canonical, from_json
from loopwright.core.hashing import Digest
from loopwright.errors import HomeTooNewError, NotFoundError, UsageError
from loopwright.llm.prompts.file import text_of_prompt
from loopwright.llm.prompts.prompt import Prompt
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger, Record

KIND = "prompt_version"
REF_KIND = "prompt"
LATEST = "latest"
_FORM = 1
_MOST = 100_000
_LEAST_PREFIX = 8


class PromptVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version.

    Attributes:
        name: The prompt's.
        number: From 1 within `name`.
        digest: The prompt's own.
        blob: Its content.
        at: When it came.
    """

    name: str
    number: int
    digest: Digest
    blob: Digest
    at: Micros = 0


class PromptContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a version's blob holds: the prompt, and the text of the file that it came from."""

    form: int
    prompt: Prompt
    source: str


def put_content(blobs: Blobs, prompt: Prompt, source: str = "") -> Digest:
    """Keep a prompt's content.

    Args:
        blobs: Where.
        prompt: The prompt.
        source: The text of its file; made of the prompt where it came from none.
    """
    return blobs.put(canonical(PromptContent(form=_FORM, prompt=prompt, source=source or text_of_prompt(prompt))))


def content_of(blobs: Blobs, version: PromptVersion) -> PromptContent:
    """A version's content.

    Raises:
        BlobMissingError, BlobCorruptError: It is gone.
        HomeTooNewError: A newer release wrote it.
    """
    content = from_json(blobs.get(version.blob), PromptContent)
    if content.form > _FORM:
        raise HomeTooNewError(f"version {version.number} of the prompt {version.name!r} is of form {content.form}")
    return content


def ref_of(name: str, alias: str, namespace: str) -> str:
    """The ref behind `NAME@ALIAS`."""
    return f"{namespace}/{REF_KIND}/{name}@{alias}"


def prompt_names(ledger: Ledger, *, namespace: str = "default") -> tuple[str, ...]:
    """Every prompt that has a version, by name."""
    prefix = f"{namespace}/{REF_KIND}/"
    return tuple(sorted({ref.removeprefix(prefix).partition("@")[0] for ref in ledger.refs(prefix)}))


def versions_of(ledger: Ledger, name: str, *, namespace: str = "default") -> tuple[PromptVersion, ...]:
    """The versions of a prompt, newest first; none where there is no such prompt."""
    where: dict[str, Any] = {"name": name, "namespace": namespace}
    return tuple(_version(record) for record in ledger.search(KIND, where=where, order="-number", limit=_MOST))


def aliases_of(ledger: Ledger, name: str, *, namespace: str = "default") -> dict[str, Digest]:
    """Every alias of a prompt and where it points."""
    prefix = ref_of(name, "", namespace)
    return {ref.removeprefix(prefix): target for ref, target in ledger.refs(prefix).items()}


def split_selector(selector: str) -> tuple[str, str]:
    """The name and the wish of `NAME`, `NAME@ALIAS`, `NAME@DIGEST` or `NAME:3`; a name alone means its latest version.

    Raises:
        UsageError: It has no name.
    """
    name, sign, wish = selector.partition("@") if "@" in selector else selector.partition(":")
    if not name or (sign and not wish):
        raise UsageError(f"{selector!r} names no prompt", fix="Write NAME, NAME@ALIAS or NAME:NUMBER.")
    return name, wish or LATEST


def find_version(ledger: Ledger, selector: str, *, namespace: str = "default") -> PromptVersion:
    """The version that is meant by `NAME`, `NAME@ALIAS`, `NAME:NUMBER`, or `NAME@` and the start of its digest.

    Raises:
        NotFoundError: There is none.
        UsageError: The selector names no prompt.
    """
    name, wish = split_selector(selector)
    target = ledger.ref(ref_of(name, wish, namespace))
    found = version_of_digest(ledger, name, target, namespace=namespace) if target is not None else None
    if found is None and wish.isdecimal():
        found = _one(ledger, name, namespace, number=int(wish))
    if found is None and len(wish) >= _LEAST_PREFIX:
        every = versions_of(ledger, name, namespace=namespace)
        found = next((version for version in every if version.digest.startswith(wish)), None)
    if found is None:
        raise _missing(ledger, name, wish, namespace=namespace)
    return found


def version_of_digest(ledger: Ledger, name: str, digest: Digest, *, namespace: str = "default") -> PromptVersion | None:
    """The version of a prompt with this digest."""
    return _one(ledger, name, namespace, digest=digest)


def record_of(version: PromptVersion, *, namespace: str) -> Record:
    """A version as the ledger keeps it."""
    facets: dict[str, str | float | int | bool] = {
        "name": version.name, "namespace": namespace, "number": version.number, "digest": version.digest,
    }  # fmt: skip
    return Record(
        kind=KIND, id=f"{namespace}/{version.name}:{version.number}", data=msgspec.to_builtins(version), facets=facets
    )


def _one(ledger: Ledger, name: str, namespace: str, **facets: str | int) -> PromptVersion | None:
    found = ledger.search(KIND, where={"name": name, "namespace": namespace, **facets}, limit=1)
    return _version(found[0]) if found else None


def _version(record: Record) -> PromptVersion:
    return msgspec.structs.replace(msgspec.convert(record.data, PromptVersion), at=record.at)


def _missing(ledger: Ledger, name: str, wish: str, *, namespace: str) -> NotFoundError:
    numbers = [str(version.number) for version in versions_of(ledger, name, namespace=namespace)[:10]]
    if not numbers:
        known = ", ".join(prompt_names(ledger, namespace=namespace)) or "none"
        return NotFoundError(
            f"there is no prompt {name!r}", why=f"there are: {known}", fix="Push one: loopwright prompt push FILE"
        )
    known = ", ".join(aliases_of(ledger, name, namespace=namespace))
    return NotFoundError(
        f"the prompt {name!r} has no version or alias {wish!r}",
        why=f"it has the versions {', '.join(numbers)} and the aliases {known}",
        fix=f"Run `loopwright prompt show {name}`.",
    )
