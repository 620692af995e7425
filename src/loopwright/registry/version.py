"""Versions of a named model: numbered records about a bundle's digest."""

from typing import Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.events import Event, EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ConflictError, NotFoundError
from loopwright.store.ledger import Ledger, Record

KIND = "model_version"
_ATTEMPTS = 8


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version comes from: enough to make it again.

    Attributes:
        run: Id of the run that made it.
        datasets: Version digest by dataset name.
        parameters: The pipeline's parameters.
        code: Digest of the source tree.
        environment: Digest of the environment lock.
        metrics: Figures on the holdout, by name.
    """

    run: str = ""
    datasets: dict[str, Digest] = {}
    parameters: dict[str, Any] = {}
    code: Digest = ""
    environment: Digest = ""
    metrics: dict[str, float | None] = {}


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version: `digest` is its bundle's, `number` counts from 1 within `name`."""

    name: str
    number: int
    digest: Digest
    provenance: Provenance
    at: Micros = 0


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What `register_version` did: `event` is None where this version was registered already."""

    version: ModelVersion
    event: Event | None


def register_version(
    ledger: Ledger,
    *,
    name: str,
    digest: Digest,
    provenance: Provenance,
    caused_by: tuple[int, ...] = (),
    actor: str = "system",
    namespace: str = "default",
) -> Registration:
    """Record a bundle as the next version of a model and move `NAME@latest` to it, with event `version_registered`.

    The same digest under the same name is the same version: it keeps its number and first provenance, and nothing is
    written.

    Raises:
        ConflictError: Other writers registered versions of this model all the while.
    """
    for _ in range(_ATTEMPTS):
        known = find_version(ledger, digest, name=name, namespace=namespace)
        if known is not None:
            return Registration(version=known, event=None)
        latest = ref_name(name, "latest", namespace)
        before = ledger.ref(latest)
        version = ModelVersion(
            name=name, number=_next_number(ledger, name, namespace), digest=digest, provenance=provenance
        )
        draft = EventDraft(
            kind="version_registered",
            subject=f"model:{name}",
            data={"digest": digest, "number": version.number, "run": provenance.run, "metrics": provenance.metrics},
            caused_by=caused_by,
            actor=actor,
            namespace=namespace,
        )
        try:
            written = ledger.commit(
                expect={latest: before},
                moves={latest: digest},
                records=[_record(ledger, version, namespace)],
                events=[draft],
            )
        except ConflictError:
            continue
        return Registration(version=msgspec.structs.replace(version, at=written[0].at), event=written[0])
    raise ConflictError(f"other writers kept registering versions of {name!r}")


def find_version(
    ledger: Ledger, digest: Digest, *, name: str | None = None, namespace: str = "default"
) -> ModelVersion | None:
    """The version with this bundle digest, under `name` where given; None where there is none."""
    where: dict[str, str | float | int | bool] = {"digest": digest, "namespace": namespace}
    if name is not None:
        where["name"] = name
    found = ledger.search(KIND, where=where, order="at", limit=1)
    return _version(found[0]) if found else None


def get_version(ledger: Ledger, *, name: str, number: int, namespace: str = "default") -> ModelVersion:
    """The version with this number. Raises NotFoundError."""
    found = ledger.search(KIND, where={"name": name, "number": number, "namespace": namespace}, limit=1)
    if not found:
        raise NotFoundError(f"there is no version {number} of the model {name!r}")
    return _version(found[0])


def versions(ledger: Ledger, name: str, *, namespace: str = "default", limit: int = 100) -> tuple[ModelVersion, ...]:
    """Versions of a model, newest first."""
    found = ledger.search(KIND, where={"name": name, "namespace": namespace}, order="-number", limit=limit)
    return tuple(_version(record) for record in found)


def ref_name(name: str, alias: str, namespace: str = "default") -> str:
    """The ref behind `NAME@ALIAS`."""
    return f"{namespace}/model/{name}@{alias}"


def _next_number(ledger: Ledger, name: str, namespace: str) -> int:
    newest = versions(ledger, name, namespace=namespace, limit=1)
    return newest[0].number + 1 if newest else 1


def _record(ledger: Ledger, version: ModelVersion, namespace: str) -> Record:
    # Under the first name that a bundle gets its record is found by the digest alone; further names are told apart.
    digest = version.digest
    facets: dict[str, str | float | int | bool] = {
        "name": version.name, "number": version.number, "digest": version.digest, "namespace": namespace,
        "run": version.provenance.run,
    }  # fmt: skip
    id_ = digest if ledger.record(KIND, digest) is None else f"{digest}@{namespace}/{version.name}"
    return Record(kind=KIND, id=id_, data=msgspec.to_builtins(version), facets=facets)


def _version(record: Record) -> ModelVersion:
    return msgspec.structs.replace(msgspec.convert(record.data, ModelVersion), at=record.at)
