"""A home in which one endpoint has been watched for some days, written record by record: quick, and all of it known."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from loopwright.app.clock import set_clock
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SECOND
from loopwright.core.events import EventDraft
from loopwright.core.schema import Column, Signature
from loopwright.formats.value import put_value
from loopwright.monitoring.reference import build_reference
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.registry.version import Provenance, register_version
from loopwright.store.ledger import Record

NAME = "flight-delay"
DAY = 86_400 * SECOND
FIRST = 15_800
"""The first day watched, since 1970."""
CARRIERS = ("AA", "B6", "UA")
SIGNATURE = Signature(
    task="binary",
    request=(Column(name="distance", kind="float"), Column(name="carrier", kind="string", categories=CARRIERS)),
    features=(
        Column(name="distance", kind="float", nullable=True),
        Column(name="carrier", kind="category", categories=CARRIERS),
    ),
    classes=(False, True),
)


def a_home(folder: Path, *, days: int = 10) -> Workspace:
    """A home with a champion; its clock stands at the end of the last day."""
    workspace = open_workspace(folder, create=True, replay=True)
    set_clock(workspace.stores, FIRST * DAY)
    rng = np.random.default_rng(1)
    rows = 6_000
    frame = pl.DataFrame({"distance": rng.normal(1_000, 200, rows), "carrier": rng.integers(0, 2, rows)})
    reference = build_reference(
        frame,
        rng.random(rows),
        rng.random(rows) < 0.2,
        event_time=((FIRST - 30) * DAY + np.arange(rows) * (30 * DAY // rows)).astype(np.int64),
        signature=SIGNATURE,
        quality={"roc_auc": 0.75},
    )
    blobs = workspace.stores.blobs
    parts = {"model": put_value(blobs, {"weight": 1}), "reference": put_value(blobs, reference)}
    manifest = Manifest(kind="model", parts=parts, entry="model", signature=SIGNATURE, example={"distance": 1.0})
    digest = put_bundle(blobs, manifest)
    register_version(workspace.stores.ledger, name=NAME, digest=digest, provenance=Provenance(run="run_1"))
    moved = EventDraft(kind="ref_moved", subject=f"model:{NAME}", data={"to": digest}, logical_at=FIRST * DAY)
    workspace.stores.ledger.commit(moves={workspace.ref("model", NAME, "champion"): digest}, events=[moved])
    set_clock(workspace.stores, (FIRST + days) * DAY)
    return workspace


def champion(workspace: Workspace) -> str:
    return str(workspace.stores.ledger.ref(workspace.ref("model", NAME, "champion")))


def ask(workspace: Workspace, day: int, count: int = 200, *, shift: float = 0.0, labelled: bool = True) -> None:
    """Requests of one day; `shift` is what their distance has moved by, and one in ten has none."""
    rng = np.random.default_rng(day)
    start, version = (FIRST + day) * DAY, champion(workspace)
    rows = [
        RequestRow(
            request_id=f"r{day}-{i}",
            at=start + (i + 1) * SECOND,
            event_time=start + (i + 1) * SECOND,
            endpoint=NAME,
            arm="champion",
            version=version,
            key=f"k{day}-{i}",
            inputs={"carrier": CARRIERS[i % 2]},
            features={"distance": None if i % 10 == 0 else float(rng.normal(1_000 + shift, 200))},
            score=float(rng.random()),
            output={"score": 0.5},
        )
        for i in range(count)
    ]
    RequestLog(workspace.stores.tables).append(rows)
    if labelled:
        append_labels(
            workspace.stores.tables,
            [
                LabelRow(
                    endpoint=NAME, key=row.key, value=i % 4 == 0, event_time=row.at, at=row.at + SECOND, source="t"
                )
                for i, row in enumerate(rows)
            ],
        )


def verdict(check: str, outcome: str = "pass", value: float | None = None, **more: Any) -> dict[str, Any]:
    return {
        "check": check,
        "outcome": outcome,
        "reason": f"{check} says {outcome}",
        "value": value,
        "details": {},
        **more,
    }


def drift_of(evidence: float, outcome: str = "pass") -> dict[str, Any]:
    return verdict("drift", outcome, evidence, threshold=1_000.0, details={"mean_time_between_false_alarms": 1_000})


def report_of(*columns: tuple[str, float]) -> dict[str, Any]:
    lines = [{"column": name, "effect": effect, "moved": effect > 0.1, "psi": effect / 2} for name, effect in columns]
    return verdict("drift report", "warn", columns[0][1], threshold=0.1, details={"columns": lines})


def look(workspace: Workspace, day: int, **rules: dict[str, Any]) -> None:
    """What a day's looks came to: by rule, as `days` keeps it."""
    number = FIRST + day
    kept = {name: {"looks": 1, "failed": 0, "verdicts": [], "reports": [], **said} for name, said in rules.items()}
    record = Record(
        kind="watch_day",
        id=f"{NAME}/{number}",
        data={"day": number, "rules": kept},
        facets={"endpoint": NAME, "day": number},
        at=(number + 1) * DAY,
    )
    workspace.stores.ledger.commit(records=[record])


def an_incident(
    workspace: Workspace, id_: str = "inc_1", *, state: str = "open", opened: int = 2, updated: int = 3, **more: Any
) -> None:
    finding = {"check": "drift", "reason": "distance moved", "columns": ["distance"], "value": 2_000.0,
               "threshold": 1_000.0, "first_at": 0, "last_at": 0}  # fmt: skip
    data = {
        "id": id_,
        "cause": "version:abc",
        "opened_at": (FIRST + opened) * DAY,
        "updated_at": (FIRST + updated) * DAY,
        "findings": [finding],
        **more,
    }
    facets: dict[str, Any] = {"endpoint": NAME, "state": state, "checks": "drift"}
    record = Record(kind="incident", id=id_, data=data, facets=facets, at=(FIRST + updated) * DAY)
    said = EventDraft(
        kind="incident_opened",
        subject=f"incident:{id_}",
        data={"endpoint": NAME, "reason": "distance moved"},
        logical_at=(FIRST + opened) * DAY,
    )
    workspace.stores.ledger.commit(records=[record], events=[said])
