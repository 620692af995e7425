"""Bundles of applications: configuration alone, read from the store without extracting anything."""

import msgspec

from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError, ModelLoadError
from loopwright.formats.value import get_value
from loopwright.llm.application import KIND, Application
from loopwright.registry.bundle import read_manifest
from loopwright.release.routing import Arms
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger


def is_application(blobs: Blobs, version: Digest) -> bool:
    """Whether a version is an application. Raises BlobMissingError, BlobCorruptError, HomeTooNewError."""
    return read_manifest(blobs, version).kind == KIND


def answers_by_application(ledger: Ledger, blobs: Blobs, ref: str) -> bool:
    """Whether the champion of an endpoint is an application; an endpoint keeps its kind for good.

    Args:
        ledger: Names the arms.
        blobs: Where bundles lie.
        ref: The endpoint's arms, as `default/endpoint/support@arms`.

    Returns:
        False too where there are no arms yet, or their bundle cannot be read: the model's way tells the cause.
    """
    target = ledger.ref(ref)
    record = None if target is None else ledger.record("arms", target)
    try:
        return record is not None and is_application(blobs, Arms.of(record.data).champion.version)
    except LoopwrightError:
        return False


def read_application(blobs: Blobs, version: Digest) -> tuple[Application, Digest | None]:
    """An application, and the version of the index that it reads.

    Raises:
        ModelLoadError: The version is none, or parts of it are missing or damaged.
    """
    try:
        manifest = read_manifest(blobs, version)
        if manifest.kind != KIND:
            raise ModelLoadError(f"{version[:12]} is no application", why=f"its bundle's kind is {manifest.kind!r}")
        application = msgspec.convert(get_value(blobs, manifest.parts["application"]), Application)
        index = get_value(blobs, manifest.parts["index"])["version"] if "index" in manifest.parts else None
    except ModelLoadError:
        raise
    except LoopwrightError as error:
        why = f"{error.what}. {error.why}"
        raise ModelLoadError(f"the application {version[:12]} cannot be read", why=why, fix=error.fix) from error
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise ModelLoadError(f"the application {version[:12]} cannot be read", why=str(error)) from error
    return application, index
