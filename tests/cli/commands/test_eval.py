"""`loopwright eval`."""

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from tests.app.evaluations.test_traffic import log
from tests.evals.judges.local_judge import Material, saying

from loopwright.app.workspace import open_workspace
from loopwright.testing.upstream_server import LocalUpstream

Command = Any
EVALS = """
import loopwright as lw
from loopwright import evals

numbers = evals.evaluation("cases/*.jsonl", evals.exact(), at_least=AT_LEAST, name="numbers")
free = evals.evaluation("cases/*.jsonl", evals.length(), name="free")
"""


@pytest.fixture
def upstream() -> Iterator[LocalUpstream]:
    with LocalUpstream() as running:
        yield running


@pytest.fixture
def project(bare: Command) -> Command:
    cases = [{"id": f"c{n}", "question": f"SAY: {n}", "expected": str(n % 4), "tags": ["t"]} for n in range(5)]
    (bare.folder / "cases").mkdir()
    (bare.folder / "cases/a.jsonl").write_text("\n".join(map(json.dumps, cases)))
    (bare.folder / "evals.py").write_text(EVALS.replace("AT_LEAST", "0.8"))
    return bare


def at(upstream: LocalUpstream, *words: str) -> list[str]:
    return ["eval", "run", *words, "--endpoint", upstream.url, "--model", "tiny"]


def test_what_a_file_declares_is_run_and_shown(project: Command, upstream: LocalUpstream) -> None:
    said = project.text(*at(upstream, "--file", "evals.py"))
    assert "80.0 % (37.6 to 96.4)" in said
    assert "pass: exact passes 0.8000 of 5 cases >= 0.8" in said
    assert "free: tiny at 127.0.0.1" in said
    assert [one["evaluation"] for one in project.json("eval", "list")] == ["free", "numbers"]


@pytest.mark.parametrize(("bound", "fault", "code"), [("0.8", "", 0), ("0.81", "", 3), ("0.8", "500", 4)])
def test_the_exit_code_is_the_gates(project: Command, bound: str, fault: str, code: int) -> None:
    (project.folder / "evals.py").write_text(EVALS.replace("AT_LEAST", bound))
    with LocalUpstream(fault=fault) as upstream:
        project.json(*at(upstream, "numbers", "--file", "evals.py"), code=code)


def test_cases_and_scorers_can_be_given_by_name(project: Command, upstream: LocalUpstream) -> None:
    words = ["--cases", "cases/*.jsonl", "--scorer", "contains", "--scorer", "numeric"]
    (kept,) = project.json(*at(upstream, *words, "--at-least", "0.5"))
    assert set(kept["rates"]) == {"contains", "numeric"}
    assert "numeric" not in project.error(*at(upstream, "--cases", "cases/*.jsonl", "--scorer", "no"))["what"]


def test_a_dry_run_asks_nobody(project: Command, upstream: LocalUpstream) -> None:
    (plan, _) = project.json(*at(upstream, "--file", "evals.py", "--dry-run"))
    assert (plan["to_ask"], plan["cost_usd"]) == (5, None)
    assert "cost: unknown" in project.text(*at(upstream, "--file", "evals.py", "--dry-run"))
    assert upstream.counts["calls"] == 0


def test_a_model_behind_a_key_is_asked_only_with_consent(project: Command, upstream: LocalUpstream) -> None:
    error = project.error(*at(upstream, "--file", "evals.py", "--key", "env:NO_SUCH_KEY"))
    assert "--yes" in error["fix"]
    assert upstream.counts["calls"] == 0


def test_reports_are_written_and_read_by_their_readers(project: Command, upstream: LocalUpstream, tmp_path) -> None:
    paths = {form: tmp_path / f"e.{form}" for form in ("html", "markdown", "junit")}
    words = [word for form, path in paths.items() for word in (f"--{form}", str(path))]
    project.json(*at(upstream, "numbers", "--file", "evals.py", *words))
    suite = Xml.parse(paths["junit"]).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "1", "0")
    assert "| exact | 80.0 %" in paths["markdown"].read_text()
    assert "Pass rates" in paths["html"].read_text()
    again = tmp_path / "again.md"
    project.text("eval", "report", "latest", "--markdown", str(again))
    assert again.read_text() == paths["markdown"].read_text()


def test_the_summary_of_a_run_at_github_gets_the_markdown(project: Command, upstream, tmp_path, monkeypatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    project.json(*at(upstream, "numbers", "--file", "evals.py"))
    assert summary.read_text().startswith("before\n### ")


def test_two_results_are_compared(project: Command, upstream: LocalUpstream) -> None:
    (first,) = project.json(*at(upstream, "numbers", "--file", "evals.py"))
    with LocalUpstream(say=lambda question: "0") as other:
        (second,) = project.json(*at(other, "numbers", "--file", "evals.py"), code=3)
    (found,) = project.json("eval", "compare", first["id"], second["id"])["differences"]
    assert (found["wins"], found["losses"], found["ties"]) == (3, 1, 1)
    assert "won" in project.text("eval", "compare", first["id"], second["id"])


def test_a_judge_of_pairs_says_which_answers_are_better(project: Command, upstream: LocalUpstream) -> None:
    def first_is_longer(material: Material) -> str:
        longer = len(material.texts["First answer"]) > len(material.texts["Second answer"])
        return json.dumps({"reasoning": "", "better": "first" if longer else "second"})

    (first,) = project.json(*at(upstream, "free", "--file", "evals.py"))
    with LocalUpstream(say=lambda question: "many words") as other, LocalUpstream(say=saying(first_is_longer)) as judge:
        (second,) = project.json(*at(other, "free", "--file", "evals.py"))
        with (project.folder / "evals.py").open("a") as file:
            file.write(f"""
from loopwright import llm
up = llm.Upstream(name="j", url="{judge.url}", model="judge")
better = evals.pairwise(judge=llm.Route(upstreams=(up,)))
""")
        words = ["eval", "compare", second["id"], first["id"], "--pairwise", "evals.py"]
        found = project.json(*words)
        assert (found["wins"], found["losses"], found["no_verdict"]) == (5, 0, 0)
        assert "5 better, 0 worse" in project.text(*words)
    project.error("eval", "compare", second["id"], first["id"], "--pairwise", "loop.py")


def test_scorers_are_held_against_people(project: Command, upstream: LocalUpstream, tmp_path) -> None:
    project.json(*at(upstream, "numbers", "--file", "evals.py"))
    labels = tmp_path / "labels.jsonl"
    labels.write_text("\n".join(json.dumps({"case": f"c{n}", "label": "pass"}) for n in range(5)))
    (found,) = project.json("eval", "calibrate", "latest", "--labels", str(labels))
    assert (found["n"], found["share"]) == (5, 0.8)
    assert "exact differs on c4" in project.text("eval", "calibrate", "--labels", str(labels))
    project.error("eval", "calibrate")


def test_given_answers_are_judged(project: Command) -> None:
    (project.folder / "cases/a.jsonl").write_text('{"question": "q", "expected": "a", "metadata": {"answer": "a"}}')
    (kept,) = project.json("eval", "run", "numbers", "--file", "evals.py", "--given")
    assert kept["rates"]["exact"]["value"] == 1.0


@pytest.mark.parametrize(
    "words",
    [
        ["--file", "none.py", "--given"],
        ["other", "--file", "evals.py", "--given"],
        ["--given", "--version", "x", "--file", "evals.py"],
        ["--given", "--limit-cost", "much", "--file", "evals.py"],
        ["--given", "--cases", "cases/*.jsonl"],
        ["--endpoint", "http://127.0.0.1:1/v1", "--file", "evals.py"],
    ],
)
def test_what_cannot_be_is_refused(project: Command, words: list[str]) -> None:
    project.error("eval", "run", *words)


def test_cases_that_are_none_are_refused_before_anything_is_asked(project: Command, upstream: LocalUpstream) -> None:
    (project.folder / "cases/a.jsonl").write_text('{"question": "q"}\n{')
    assert "line 2" in project.error(*at(upstream, "--file", "evals.py"), code=2)["what"]
    assert upstream.counts["calls"] == 0


APPLICATION = """
import loopwright as lw
from loopwright import evals, llm

loop = lw.Loop(
    "bot",
    application=llm.Application(route=llm.Route(upstreams=(llm.Upstream(name="a", url="URL", model="tiny"),))),
    gate=[evals.evaluation("cases/*.jsonl", evals.exact(), at_least=0.5, name="numbers")],
)
watched = evals.live(evals.refusal(), share=1.0)
"""


def test_the_champion_of_a_loop_is_evaluated_and_its_answers_are_not_asked_again(
    project: Command, upstream: LocalUpstream
) -> None:
    (project.folder / "loop.py").write_text(APPLICATION.replace("URL", upstream.url))
    project.json("run")
    asked = upstream.counts["calls"]
    (kept,) = project.json("eval", "run")
    assert kept["subject"].startswith("bot@")
    assert kept["rates"]["exact"]["value"] == 0.8
    assert upstream.counts["calls"] == asked
    assert project.json("eval", "run", "--version", "@latest", "--fresh")[0]["version"] == kept["version"]
    assert upstream.counts["calls"] == asked + 5
    project.error("eval", "run", "--version", "abcdef")


def test_traffic_is_judged_reviewed_and_made_into_cases(project: Command, upstream: LocalUpstream, tmp_path) -> None:
    (project.folder / "loop.py").write_text(APPLICATION.replace("URL", upstream.url))
    workspace = open_workspace(project.folder, create=True)
    log(workspace, 4)
    workspace.close()
    assert project.json("eval", "live", "bot")["verdicts"] == {"refusal/pass": 2, "refusal/fail": 2}
    assert "refusal" in project.text("eval", "queue", "bot")
    project.text("eval", "label", "bot", "req_1", "--down", "--correction", "Within 30 days.")
    project.error("eval", "label", "bot", "req_1")
    out = tmp_path / "cases.jsonl"
    assert project.json("eval", "cases", "bot", str(out), "--reviewed")["cases"] == 1
    assert json.loads(out.read_text())["expected"] == "Within 30 days."


def test_a_model_writes_cases_to_documents(project: Command, tmp_path) -> None:
    (project.folder / "docs").mkdir()
    (project.folder / "docs/a.md").write_text("Parcels take two days. " * 20)
    out = tmp_path / "new.jsonl"
    with LocalUpstream(say=lambda question: json.dumps({"question": "How long?", "answer": "Two days."})) as upstream:
        words = ["eval", "generate", "docs/*.md", str(out), "--endpoint", upstream.url, "--model", "tiny"]
        assert len(project.json(*words)["cases"]) == 1
        assert json.loads(out.read_text())["expected"] == "Two days."
        project.error(*words, "--key", "env:NO_SUCH_KEY")
        assert upstream.counts["calls"] == 1
