"""What there is in a home, in one value: what `loopwright status`, `GET /api/status` and the report show."""

from typing import Any

import msgspec

from loopwright.app.notify.outbox import notifications
from loopwright.app.releases.kill_switch import KillSwitch, switches_on
from loopwright.app.releases.waiting import WaitingVersion, all_waiting
from loopwright.app.retraining.retrain import Retrain, retrains
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.store.ledger import Record

NEWEST = 10


class DatasetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset's newest version."""

    name: str
    version: str
    rows_landed: int
    parts: int


class ModelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A model and where its aliases point; `versions` counts all that were registered."""

    name: str
    versions: int
    aliases: dict[str, str]
    metrics: dict[str, float | None]


class ArmStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of an endpoint; `share` is its part of the traffic."""

    endpoint: str
    arm: str
    role: str
    version: str
    share: float


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A home at a glance.

    `untold` are messages about incidents that wait to be tried again or were given up; `killed` are endpoints on which
    nothing is released until somebody allows it again; `waiting` are versions that are released as soon as nothing is
    in their way; `retrains` are the newest ones, the one under way with its progress.
    """

    home: str
    now: Micros
    replay: bool
    datasets: tuple[DatasetStatus, ...]
    models: tuple[ModelStatus, ...]
    arms: tuple[ArmStatus, ...]
    runs: tuple[dict[str, Any], ...]
    releases: tuple[dict[str, Any], ...]
    incidents: tuple[dict[str, Any], ...]
    untold: int
    killed: tuple[KillSwitch, ...]
    waiting: tuple[WaitingVersion, ...]
    retrains: tuple[Retrain, ...] = ()


def status(workspace: Workspace) -> Status:
    """Read it all from the ledger."""
    ledger = workspace.stores.ledger
    return Status(
        home=str(workspace.home),
        now=workspace.clock.now(),
        replay=workspace.stores.replay,
        datasets=tuple(_datasets(workspace)),
        models=tuple(_models(workspace)),
        arms=tuple(_arms(workspace)),
        runs=tuple(_brief(record) for record in ledger.search("run", limit=NEWEST)),
        releases=tuple(_brief(record) for record in ledger.search("release", limit=NEWEST)),
        incidents=tuple(_brief(record) for record in ledger.search("incident", limit=NEWEST)),
        untold=len(notifications(workspace, failing=True)),
        killed=switches_on(workspace),
        waiting=all_waiting(workspace),
        retrains=retrains(workspace, limit=NEWEST),
    )


def _datasets(workspace: Workspace) -> list[DatasetStatus]:
    found = []
    for ref, version in workspace.stores.ledger.refs(f"{workspace.namespace}/dataset/").items():
        record = workspace.stores.ledger.record("dataset_version", version)
        facets = record.facets if record else {}
        found.append(
            DatasetStatus(
                name=ref.split("/")[-1].partition("@")[0],
                version=version,
                rows_landed=int(facets.get("rows_landed", 0)),
                parts=int(facets.get("parts", 0)),
            )
        )
    return found


def _models(workspace: Workspace) -> list[ModelStatus]:
    by_name: dict[str, dict[str, str]] = {}
    for ref, version in workspace.stores.ledger.refs(f"{workspace.namespace}/model/").items():
        name, _, alias = ref.split("/")[-1].partition("@")
        by_name.setdefault(name, {})[alias] = version
    found = []
    for name, aliases in by_name.items():
        records = workspace.stores.ledger.search("model_version", where={"name": name}, limit=10_000)
        shown = aliases.get("champion") or aliases.get("latest")
        metrics: dict[str, float | None] = next(
            (r.data["provenance"]["metrics"] for r in records if r.facets.get("digest") == shown), {}
        )
        found.append(ModelStatus(name=name, versions=len(records), aliases=aliases, metrics=metrics))
    return found


def _arms(workspace: Workspace) -> list[ArmStatus]:
    found = []
    for ref, target in workspace.stores.ledger.refs(f"{workspace.namespace}/endpoint/").items():
        record = workspace.stores.ledger.record("arms", target)
        endpoint = ref.split("/")[-1].partition("@")[0]
        for arm in record.data["arms"] if record else ():
            found.append(
                ArmStatus(
                    endpoint=endpoint, arm=arm["name"], role=arm["role"], version=arm["version"], share=arm["share"]
                )
            )
    return found


def _brief(record: Record) -> dict[str, Any]:
    return {"id": record.id, "at": record.at, **record.facets}
