from loopwright.data.failure import Failure, summary

BROKEN = Failure(column="x", rule="greater_than(0)", rows=7, positions=(0, 3))


def test_a_sentence_says_rule_count_and_places() -> None:
    assert (
        BROKEN.placed(lambda row: f"f.csv:{row + 2}").sentence()
        == "x: greater_than(0) broken by 7 rows (f.csv:2, f.csv:5, …)"
    )
    assert Failure(column="y", rule="column missing").sentence() == "y: column missing"
    assert Failure(column="", rule="whole", rows=1).sentence() == "table: whole broken by 1 row"


def test_what_the_journal_keeps_has_no_places() -> None:
    assert BROKEN.placed(str).counted() == {"column": "x", "rule": "greater_than(0)", "rows": 7}


def test_a_summary_has_a_line_for_each() -> None:
    assert summary([BROKEN, BROKEN]).count("\n") == 1
