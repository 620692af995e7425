"""Cards tell what was recorded, escaped."""

import pytest

from loopwright.core.schema import Column, Signature
from loopwright.core.verdict import Outcome, Verdict
from loopwright.formats.value import put_value
from loopwright.registry.alias import AliasMove, move_alias
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.registry.card import card_markdown, model_card
from loopwright.registry.judgement import Judgement, record_judgement
from loopwright.registry.version import (
    ModelVersion,
    Provenance,
    register_version,
)
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Ledger
from loopwright.testing.clocks import ManualClock

ONE, TWO = "1" * 64, "2" * 64

ORIGIN = Provenance(run="run_1", datasets={"flights": "d" * 64}, parameters={"trees": 200}, metrics={"roc_auc": 0.7})


@pytest.fixture
def ledger() -> Ledger:
    return MemoryLedger(clock=ManualClock())


def register(ledger: Ledger, digest: str, name: str = "delay", **more: object) -> ModelVersion:
    return register_version(ledger, name=name, digest=digest, provenance=ORIGIN, **more).version  # type: ignore[arg-type]


def move(to: str | None, expect: str | None, **more: object) -> AliasMove:
    return AliasMove(name="delay", to=to, expect=expect, reason="gate passed", **more)  # type: ignore[arg-type]


def judgement(id_: str = "jud_1", **more: object) -> Judgement:
    verdict = Verdict(
        check="at_least(roc_auc, 0.62)", outcome=Outcome.PASS, reason="0.7 >= 0.62", value=0.7, threshold=0.62,
        interval=(0.6, 0.8), n=10,
    )  # fmt: skip
    unknown = Verdict(check="fair(by=origin)", outcome=Outcome.UNKNOWN, reason="too few rows")
    fields: dict[str, object] = {
        "id": id_, "name": "delay", "candidate": ONE, "outcome": Outcome.UNKNOWN, "verdicts": (verdict, unknown),
    }  # fmt: skip
    return Judgement(**fields | more)  # type: ignore[arg-type]


def test_card_tells_what_was_recorded(ledger: Ledger) -> None:
    blobs = MemoryBlobs()
    columns = (
        Column(name="distance_mi", kind="int", minimum=0, maximum=6000, exclusive_minimum=True),
        Column(name="carrier", kind="category", categories=("AA", "<script>|x")),
    )
    signature = Signature(task="binary", request=columns, features=columns, classes=(False, True), label="late")
    digest = put_bundle(
        blobs,
        Manifest(kind="model", parts={"model": put_value(blobs, 1)}, entry="model", signature=signature, example={}),
    )
    version = register(ledger, digest)
    empty = card_markdown(model_card(ledger, blobs, version))
    assert "No gate has judged this version." in empty
    record_judgement(ledger, judgement(candidate=digest))
    move_alias(ledger, move(digest, None))
    text = card_markdown(model_card(ledger, blobs, version))
    for told in (
        digest,
        "champion, latest",
        "0.7",
        "0.6 to 0.8",
        "unknown",
        "&gt; 0 and &lt;= 6000",
        "dataset flights",
        "200",
    ):
        assert told in text, told
    assert "<script>" not in text
    assert "&lt;script&gt;\\|x" in text
