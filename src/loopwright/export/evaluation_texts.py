"""An evaluation for pull requests: Markdown for people, JUnit for machines."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

from loopwright.app.evaluations.results import KeptResult
from loopwright.core.clock import iso
from loopwright.evals.compare import Comparison
from loopwright.evals.result import EvaluationResult, Judged
from loopwright.evals.score import Score
from loopwright.export.evaluation_page import mean_text, money, percent

_MOST_ROWS = 20
_LONGEST = 200
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&])")
_SIGNS = {"pass": "✅", "warn": "⚠️", "fail": "❌", "unknown": "❔"}


def evaluation_markdown(kept: KeptResult, result: EvaluationResult, comparison: Comparison | None = None) -> str:
    """A summary of some 40 lines. What models said is escaped: it can neither mention anybody nor hide the rest."""
    lines = [f"### {_heading(kept)}", ""]
    if kept.verdict is not None:
        lines += [f"**{kept.verdict.outcome}**: {_plain(kept.verdict.reason)}", ""]
    lines += [
        f"{_plain(kept.subject)}: {len(result.rows)} answers to {_plain(result.name)}, "
        f"{sum(result.errors.values())} errors, {money(result)}.",
        "",
        "| scorer | pass rate (95 %) | passed | failed | no verdict | mean |",
        "|---|---|---:|---:|---:|---|",
        *(
            f"| {_plain(one.scorer)} | {percent(one.rate)} | {one.passed} | {one.failed} | {one.no_verdict} "
            f"| {mean_text(one)} |"
            for one in result.summaries
        ),
        "",
        *(_compared(comparison) if comparison is not None else ()),
        *_failed(result),
    ]
    return "\n".join(lines).rstrip() + "\n"


def evaluation_junit(kept: KeptResult, result: EvaluationResult) -> str:
    """One test suite a scorer, one test case an answer. A fail is a failure; an answer without a verdict is an error,
    so that nobody takes it for a pass."""
    root = Xml.Element("testsuites", name=_xml(kept.evaluation))
    for at, summary in enumerate(result.summaries):
        suite = Xml.SubElement(
            root,
            "testsuite",
            name=_xml(summary.scorer),
            tests=str(len(result.rows)),
            failures=str(summary.failed),
            errors=str(summary.no_verdict),
            timestamp=iso(kept.at)[:19],
        )
        for row in result.rows:
            _test(suite, row, row.scores[at], of=kept.evaluation)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _test(suite: Xml.Element, row: Judged, score: Score, *, of: str) -> None:
    name = row.case if row.repeat == 0 else f"{row.case} ({row.repeat + 1})"
    seconds = f"{row.answer.latency_us / 1e6:.6f}"
    case = Xml.SubElement(suite, "testcase", classname=_xml(f"{of}.{score.scorer}"), name=_xml(name), time=seconds)
    if score.verdict == "pass":
        return
    kind = "failure" if score.verdict == "fail" else "error"
    found = Xml.SubElement(case, kind, message=_xml(score.reason or score.verdict), type=score.verdict)
    found.text = _xml(f"question: {row.question}\nanswer: {row.answer.text or row.answer.error}")


def _heading(kept: KeptResult) -> str:
    sign = _SIGNS.get(str(kept.verdict.outcome), "") if kept.verdict is not None else ""
    return f"{sign} {_plain(kept.evaluation)}".strip()


def _compared(comparison: Comparison) -> Iterator[str]:
    yield from (
        f"Against `{comparison.second[:12]}`:",
        "",
        "| scorer | difference (95 %) | wins | losses | ties |",
        "|---|---|---:|---:|---:|",
    )
    for one in comparison.differences:
        yield f"| {_plain(one.scorer)} | {percent(one.rate)} | {one.wins} | {one.losses} | {one.ties} |"
    yield ""


def _failed(result: EvaluationResult) -> Iterator[str]:
    found = [(row, score) for row in result.rows for score in row.scores if score.verdict != "pass"]
    if not found:
        return
    yield from (
        f"<details><summary>{len(found)} did not pass</summary>",
        "",
        "| question | scorer | why |",
        "|---|---|---|",
    )
    for row, score in found[:_MOST_ROWS]:
        sign = _SIGNS["fail" if score.verdict == "fail" else "unknown"]
        yield f"| {_plain(row.question)} | {sign} {_plain(score.scorer)} | {_plain(score.reason)} |"
    yield from ("", "</details>")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    shown = " ".join(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST].split())
    return _SPECIAL.sub(r"\\\1", shown).replace("@", "@&#8203;")


def _xml(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
