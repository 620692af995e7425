"""What models say cannot get out of the reports that quote it."""

from xml.etree import ElementTree as Xml

from loopwright.app.evaluations.results import KeptResult
from loopwright.evals.answer import Answer
from loopwright.evals.result import EvaluationResult, Judged
from loopwright.evals.score import Score
from loopwright.evals.summary import summaries
from loopwright.export.evaluation_page import evaluation_page
from loopwright.export.evaluation_texts import evaluation_junit, evaluation_markdown
from loopwright.export.report import render

NASTY = "</details>\n| x | @everyone\x00\x1b[31m <script>alert(1)</script> ]]> [a](http://x) \ufffe"


def reported(verdict="fail"):
    score = Score(scorer="judge", verdict=verdict, value=None if verdict == "no_verdict" else 0.0, reason=NASTY)
    rows = (Judged(case="c", repeat=0, answer=Answer(text=NASTY), scores=(score,), question=NASTY, tags=(NASTY,)),)
    result = EvaluationResult(
        version="v" * 64, cases="c" * 64, name="cases", scorers=({"scorer": "judge"},), repeats=1, rows=rows,
        summaries=summaries(["judge"], rows),
    )  # fmt: skip
    kept = KeptResult(
        id="evl_1", evaluation=NASTY, subject=NASTY, version="v" * 64, cases="c" * 64, rates={}, answers=1, errors={},
        cost_usd=0.0, unpriced=1, judging_usd=0.0, blob="b" * 64,
    )  # fmt: skip
    return kept, result


def test_markdown_neither_mentions_links_nor_closes_anything():
    text = evaluation_markdown(*reported())
    assert text.count("</details>") == 1
    assert "@everyone" not in text
    assert "<script>" not in text
    assert "[a](http" not in text
    assert all(line.count("|") - line.count("\\|") in (0, 4, 7) for line in text.splitlines())
    text.encode("utf-8")


def test_junit_is_xml_whatever_was_said():
    root = Xml.fromstring(evaluation_junit(*reported()))
    assert len(root.findall(".//failure")) == 1


def test_an_answer_without_a_verdict_is_an_error_in_junit():
    root = Xml.fromstring(evaluation_junit(*reported("no_verdict")))
    assert (len(root.findall(".//error")), len(root.findall(".//failure"))) == (1, 0)
    assert root[0].get("errors") == "1"


def test_a_page_escapes_what_was_said():
    page = render(evaluation_page(*reported()))
    assert "<script>" not in page
    assert "alert(1)" in page
