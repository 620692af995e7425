"""`loopwright cache`."""

import json
from typing import Any

import pytest

from loopwright.app.workspace import open_workspace
from loopwright.core.clock import SECOND
from loopwright.llm.cache.trials import CacheTrial, write_trials
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.observations.generation_rows import GenerationRow

Command = Any
DIGEST = HashingEmbedder(512).digest


@pytest.fixture
def pairs(tmp_path):
    """400 pairs that differ and 50 that do not, as a file."""
    rows = [
        {"one": f"How do I mend item {number} again?", "other": f"How can I mend item {number} again?", "same": True}
        for number in range(50)
    ]
    rows += [
        {"one": f"Show order {number}", "other": f"Show order {number + 1}", "same": False} for number in range(400)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def _trials(cli: Command, count: int, *, wrong: int = 0, at: int = SECOND) -> None:
    workspace = open_workspace(cli.folder)
    trials = [
        CacheTrial(
            at=at, version="v", embedder=DIGEST, question="q", found="f", similarity=0.9, same_answer=number >= wrong
        )
        for number in range(count)
    ]
    write_trials(workspace.stores.tables, trials)
    workspace.close()


def _call(**fields: Any) -> GenerationRow:
    given = {
        "request_id": "r", "at": SECOND, "event_time": SECOND, "endpoint": "support", "arm": "champion",
        "version": "v", "inputs": {}, "latency_us": 500_000, "cost_usd": 0.02, "input_tokens": 100,
        "output_tokens": 100, **fields,
    }  # fmt: skip
    return GenerationRow(**given)


def _calls(cli: Command, rows: list[GenerationRow]) -> None:
    workspace = open_workspace(cli.folder)
    workspace.stores.tables.append("requests", rows)
    workspace.close()


def test_pairs_give_a_threshold_and_the_line_to_write(cli: Command, pairs: str) -> None:
    said = cli.json("cache", "eval", "--pairs", pairs, "--embedder", "hashing")
    assert said["n"] == 450
    assert said["policy"]["semantic"] == "on"
    assert said["policy"]["stated_error"] == pytest.approx(1 - 0.05 ** (1 / 400), abs=1e-4)
    assert said["policy"]["stated_error"] >= said["chosen"]["at_most"]
    shown = cli.text("cache", "eval", "--pairs", pairs, "--embedder", "hashing")
    assert f"threshold={said['chosen']['threshold']:.2f}, stated_error=0.0075)" in shown


def test_where_no_threshold_is_good_enough_the_exit_code_says_so(cli: Command, pairs: str) -> None:
    words = ("cache", "eval", "--pairs", pairs, "--embedder", "hashing", "--at-most", "0.1%")
    assert "leave the semantic cache off" in cli.text(*words, code=4)
    assert cli.json(*words, code=4)["needed"] == 2995


def test_traffic_is_measured_by_what_the_shadow_saw(cli: Command) -> None:
    _trials(cli, 900, wrong=1)
    said = cli.json("cache", "eval", "--traffic", "--embedder", "hashing")
    assert (said["measured_on"], said["n"]) == ("traffic", 900)
    assert said["chosen"]["threshold"] == 0.88
    assert said["chosen"]["false_hits"]["n"] == 900
    assert "person's judgement" in cli.text("cache", "eval", "--traffic", "--embedder", "hashing")


def test_traffic_that_another_embedder_judged_is_no_evidence(cli: Command) -> None:
    _trials(cli, 1)
    workspace = open_workspace(cli.folder)
    other = CacheTrial(at=SECOND, version="v", embedder="another", question="q")
    write_trials(workspace.stores.tables, [other])
    workspace.close()
    assert cli.json("cache", "eval", "--traffic", "--embedder", "hashing", code=4)["n"] == 1


def test_without_traffic_there_is_no_verdict(cli: Command) -> None:
    _trials(cli, 5)
    error = cli.error("cache", "eval", "--traffic", "--embedder", "hashing", "--from", "2026-01-01", code=4)
    assert "shadow" in error["fix"]


@pytest.mark.parametrize("share", ["0", "100%", "1", "much", "-1%", "nan"])
def test_a_share_that_is_none_is_refused(cli: Command, share: str) -> None:
    assert f"--at-most {share}" in cli.error("cache", "eval", "--at-most", share)["what"]


def test_pairs_and_traffic_together_are_refused(cli: Command, pairs: str) -> None:
    assert "together" in cli.error("cache", "eval", "--traffic", "--pairs", pairs)["what"]


def test_a_file_that_is_not_there_is_named(cli: Command) -> None:
    assert "none.jsonl" in cli.error("cache", "eval", "--pairs", "none.jsonl", "--embedder", "hashing", code=2)["what"]


def test_what_was_saved_is_counted_by_tokens_and_medians(cli: Command) -> None:
    hit = {"cost_usd": 0.0, "latency_us": 1000}
    _calls(
        cli,
        [
            _call(), _call(cost_usd=0.04, input_tokens=300),
            _call(cost_usd=None, input_tokens=None, output_tokens=None),
            _call(cache="exact", input_tokens=50, output_tokens=50, **hit), _call(cache="semantic", **hit),
            _call(cache="exact", status=500, **hit), _call(cache="exact", shadow_of="r", **hit),
            _call(endpoint="other", cache="exact", **hit),
        ],
    )  # fmt: skip
    other, support = cli.json("cache", "report")
    assert (other["endpoint"], other["exact"], other["saved_usd"], other["saved_s"]) == ("other", 1, None, None)
    assert (support["requests"], support["exact"], support["semantic"]) == (5, 1, 1)
    # 0.06 dollars for 600 tokens; 100 and 200 tokens came from the cache.
    assert support["saved_usd"] == pytest.approx(0.03)
    assert support["spent_usd"] == pytest.approx(0.06)
    assert support["saved_s"] == pytest.approx(2 * 0.499)
    assert "support" in cli.text("cache", "report", "support")


def test_a_sampled_log_counts_for_all_it_stands_for(cli: Command) -> None:
    _calls(cli, [_call(weight=10.0), _call(cache="exact", cost_usd=0.0, latency_us=1000, weight=10.0)])
    (row,) = cli.json("cache", "report")
    assert (row["requests"], row["exact"]) == (20, 10)
    assert row["saved_usd"] == pytest.approx(0.2)


def test_without_calls_there_is_nothing_to_report(cli: Command) -> None:
    assert cli.json("cache", "report") == []
    assert "No call" in cli.text("cache", "report")
