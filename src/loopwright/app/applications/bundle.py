"""The bundle of an application: everything that an answer depends on, by digest."""

from collections.abc import Mapping

import msgspec

from loopwright.app.applications.files import with_files
from loopwright.app.workspace import Workspace
from loopwright.core.codec import canonical, plain
from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.errors import UsageError
from loopwright.formats.value import put_value
from loopwright.llm.application import KIND, Application
from loopwright.registry.bundle import Manifest

PART = "application"
INDEX = "index"
SIGNATURE = Signature(task="generation", request=(Column(name="messages", kind="string"),), features=(), label="answer")


class IndexPin(msgspec.Struct, frozen=True, kw_only=True):
    """Which version of which index an application reads."""

    index: str
    version: Digest


def manifest_of_application(
    workspace: Workspace, application: Application, *, index: IndexPin | None, made: Mapping[str, Digest]
) -> Manifest:
    """The manifest of an application; the same declaration over the same index always has the same digest.

    Args:
        workspace: Where its parts are put.
        application: As declared.
        index: The version of its index; None where it retrieves nothing.
        made: What its pipeline made, by name; `dict[str, bytes]` becomes files.

    Raises:
        UsageError: A result of the pipeline has the name of a part of ours, or an index is declared and none is there.
    """
    blobs = workspace.stores.blobs
    if taken := sorted({PART, INDEX} & made.keys()):
        raise UsageError(f"a result of the pipeline is named {taken[0]!r}", fix="Return it under another name.")
    if (application.retrieval is None) != (index is None):
        raise UsageError("an application that retrieves needs the version of its index, and no other one does")
    parts = {PART: put_value(blobs, plain(canonical(application))), **with_files(blobs, made)}
    if index is not None:
        parts[INDEX] = put_value(blobs, {"index": index.index, "version": index.version})
    return Manifest(
        kind=KIND, parts=parts, entry=PART, signature=SIGNATURE, example=dict(plain(canonical(application.example)))
    )
