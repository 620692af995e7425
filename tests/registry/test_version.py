"""Versions, aliases, judgements and cards: numbered once, moved only from where they were seen, told as recorded."""

from threading import Thread

import pytest

from loopwright.core.events import EventDraft
from loopwright.core.schema import Column, Signature
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import ConflictError, NotFoundError
from loopwright.formats.value import put_value
from loopwright.registry.alias import AliasMove, alias_history, alias_target, aliases, move_alias
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.registry.card import card_markdown, model_card
from loopwright.registry.judgement import Judgement, judgements, record_judgement
from loopwright.registry.version import (
    ModelVersion,
    Provenance,
    find_version,
    get_version,
    register_version,
    versions,
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


def test_versions_are_numbered_within_their_name(ledger: Ledger) -> None:
    assert [register(ledger, ONE).number, register(ledger, TWO).number, register(ledger, TWO, "other").number] == [
        1,
        2,
        1,
    ]
    assert [(v.number, v.digest) for v in versions(ledger, "delay")] == [(2, TWO), (1, ONE)]
    assert get_version(ledger, name="delay", number=1).provenance == ORIGIN
    assert ledger.ref("default/model/delay@latest") == TWO


def test_record_of_a_version_is_found_by_its_digest(ledger: Ledger) -> None:
    register(ledger, ONE)
    register(ledger, ONE, "copy")
    record = ledger.record("model_version", ONE)
    assert record is not None
    assert record.data["name"] == "delay"
    assert [found.name for name in ("delay", "copy") if (found := find_version(ledger, ONE, name=name))] == [
        "delay",
        "copy",
    ]
    assert find_version(ledger, TWO) is None


def test_registering_tells_its_cause_and_twice_is_once(ledger: Ledger) -> None:
    cause = ledger.commit(events=[EventDraft(kind="run_finished", subject="run:run_1")])[0].seq
    first = register_version(ledger, name="delay", digest=ONE, provenance=ORIGIN, caused_by=(cause,), actor="ann")
    again = register_version(ledger, name="delay", digest=ONE, provenance=Provenance(run="run_2"))
    assert first.event is not None
    assert (first.event.kind, first.event.subject, first.event.actor) == ("version_registered", "model:delay", "ann")
    assert first.event.caused_by == (cause,)
    assert first.event.data["digest"] == ONE
    assert again.event is None
    assert again.version == first.version
    assert len(ledger.read()) == 2


def test_namespaces_are_apart(ledger: Ledger) -> None:
    register(ledger, ONE)
    assert register(ledger, TWO, namespace="team").number == 1
    assert versions(ledger, "delay", namespace="team")[0].digest == TWO
    assert len(versions(ledger, "delay")) == 1


def test_unknown_number_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="version 3"):
        get_version(ledger, name="delay", number=3)


def test_writers_at_once_get_numbers_of_their_own(ledger: Ledger) -> None:
    threads = [Thread(target=register, args=(ledger, str(i) * 64)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(v.number for v in versions(ledger, "delay")) == [1, 2, 3, 4, 5]


def move(to: str | None, expect: str | None, **more: object) -> AliasMove:
    return AliasMove(name="delay", to=to, expect=expect, reason="gate passed", **more)  # type: ignore[arg-type]


def test_alias_moves_with_an_event_and_its_history_is_kept(ledger: Ledger) -> None:
    register(ledger, ONE)
    register(ledger, TWO)
    first = move_alias(ledger, move(ONE, None))
    second = move_alias(ledger, move(TWO, ONE, caused_by=(first.seq,), actor="ann"))
    assert (second.kind, second.subject, second.actor, second.caused_by) == (
        "ref_moved",
        "model:delay",
        "ann",
        (first.seq,),
    )
    assert second.data == {
        "ref": "default/model/delay@champion", "from": ONE, "to": TWO, "reason": "gate passed",
    }  # fmt: skip
    assert alias_target(ledger, "delay") == TWO
    assert [(past.to, past.number, past.seq) for past in alias_history(ledger, "delay")] == [
        (ONE, 1, first.seq), (TWO, 2, second.seq),
    ]  # fmt: skip
    assert aliases(ledger, "delay") == {"champion": TWO, "latest": TWO}


def test_alias_moves_only_from_where_it_was_seen(ledger: Ledger) -> None:
    register(ledger, ONE)
    register(ledger, TWO)
    move_alias(ledger, move(ONE, None))
    before = len(ledger.read())
    for expect in (None, TWO):
        with pytest.raises(ConflictError):
            move_alias(ledger, move(TWO, expect))
    assert alias_target(ledger, "delay") == ONE
    assert len(ledger.read()) == before


def test_alias_points_only_at_versions_of_its_model(ledger: Ledger) -> None:
    register(ledger, ONE, "other")
    with pytest.raises(NotFoundError, match="no version of the model 'delay'"):
        move_alias(ledger, move(ONE, None))


def test_alias_can_be_taken_away(ledger: Ledger) -> None:
    register(ledger, ONE)
    move_alias(ledger, move(ONE, None))
    move_alias(ledger, move(None, ONE))
    assert alias_target(ledger, "delay") is None
    assert [past.to for past in alias_history(ledger, "delay")] == [ONE, None]


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


def test_judgements_come_back_newest_first_with_their_event(ledger: Ledger) -> None:
    event = record_judgement(ledger, judgement(run="run_1"), caused_by=())
    assert (event.kind, event.data["outcome"]) == ("gate_judged", "unknown")
    assert event.data["checks"] == {"at_least(roc_auc, 0.62)": "pass", "fair(by=origin)": "unknown"}
    found = judgements(ledger, name="delay", candidate=ONE)
    assert [(j.id, j.run, j.verdicts) for j in found] == [("jud_1", "run_1", judgement().verdicts)]
    assert judgements(ledger, name="delay", candidate=TWO) == ()


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
