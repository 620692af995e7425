"""What the report rule found of a column, as a card."""

import numpy as np
import polars as pl

from loopwright.export.finding_cards import effect_facts, finding_card
from loopwright.monitoring.compare import compare
from loopwright.monitoring.findings import ColumnFinding
from loopwright.pictures.histograms import histogram


def test_a_card_says_what_moved_and_how_far() -> None:
    rng = np.random.default_rng(0)
    found = compare(
        pl.DataFrame({"x": rng.normal(size=3_000), "c": rng.choice(["a", "b"], 3_000)}),
        pl.DataFrame({"x": rng.normal(0.5, 1, 3_000), "c": rng.choice(["a", "b", "z"], 3_000)}),
    )
    cards = {card.name: card for card in map(finding_card, found.findings.columns)}
    assert (cards["x"].badge, cards["x"].tone) == ("moved", "warn")
    facts = dict(cards["x"].facts)
    assert "sd" in facts["place"]
    assert "p " in facts["place"]
    assert facts["rows, was"] == "3,000, 3,000"
    assert len(cards["x"].labels) == len(cards["x"].current)
    assert not cards["c"].ordered
    assert dict(cards["c"].facts)["new"] == "z"
    assert "new levels" in histogram(cards["c"])


def test_a_column_that_cannot_be_compared_says_why() -> None:
    finding = ColumnFinding(column="x", kind="number", state="absent", moved=True, said="is not there")
    card = finding_card(finding)
    assert (card.badge, card.tone, card.labels) == ("is not there", "bad", ())


def test_effects_of_any_age_do_no_harm() -> None:
    assert list(effect_facts(None)) == []
    assert list(effect_facts([{"statistic": "odd", "effect": 1.0}, "x", {}])) == []
    assert list(effect_facts([{"statistic": "a_b", "effect": 1.0, "said": "so"}])) == [("a b", "so")]
