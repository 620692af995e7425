"""What evaluations cost beside the models: scorers that compute, a judge's overhead, a run that finds all of it kept.

    python benchmarks/evaluations.py [--cases 200]

Models answer at once, in this process, so that what is left is ours. Where RAGAS is installed, its faithfulness is
asked the same way. Figures are medians of several rounds after one that is not counted.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from loopwright.core.clock import SystemClock
from loopwright.core.hashing import digest_value
from loopwright.core.ids import random_id
from loopwright.errors import LoopwrightError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case, Cases
from loopwright.evals.compare import compare
from loopwright.evals.judges.faithfulness import faithfulness
from loopwright.evals.judges.judge import Judge, JudgeAsk, JudgeReply
from loopwright.evals.judges.rubric import rubric
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.run import run_evaluation
from loopwright.evals.scorer import Scorer
from loopwright.evals.scorers.figures import numeric
from loopwright.evals.scorers.refusal import refusal
from loopwright.evals.scorers.text import contains, exact, length
from loopwright.integrations.ragas import ragas_metric
from loopwright.llm.retriever import Passage
from loopwright.llm.route import Route, Upstream
from loopwright.store.open_stores import create_home, open_stores

ROUNDS = 7
SCORERS = (exact(), contains(), length(at_most_words=100), numeric(), refusal())
ROUTE = Route(upstreams=(Upstream(name="judge", url="http://127.0.0.1:9/v1", model="judge"),))
PASSAGES = tuple(Passage(id=str(n), document="d", text="Parcels take two days. " * 10, score=1.0) for n in range(4))


class AtOnce:
    """A subject that answers at once."""

    def __init__(self, version: str) -> None:
        self.version = digest_value(version)

    async def respond(self, case: Case, *, repeat: int) -> Answer:  # noqa: ARG002 - each repeat is alike
        return Answer(text=f"It takes {len(case.id)} days, we think. " * 10, passages=PASSAGES)


class JudgeAtOnce(Judge):
    """A judge that answers at once, and counts."""

    asked = 0

    async def ask(self, asked: JudgeAsk) -> JudgeReply:
        self.asked += 1
        said = {
            "ruling": {"reasoning": "so", "verdict": "pass"},
            "statements": {"statements": ["one", "two"]},
            "supports": {"verdicts": [{"statement": n, "supported": True} for n in (1, 2)]},
            "StatementGeneratorOutput": {"statements": ["one", "two"]},
            "NLIStatementOutput": {"statements": [{"statement": s, "reason": "r", "verdict": 1} for s in "ab"]},
        }[asked.name]
        return JudgeReply(text=json.dumps(said), cost_usd=0.0)

    def fence(self) -> str:
        return random_id("f")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=200)
    cases = cases_of(parser.parse_args().cases)
    count = len(cases.cases)
    print(f"{count} cases x {len(SCORERS)} scorers that compute: {timed(lambda: run(cases, SCORERS)):.4f} s")
    kept_runs(cases)
    for name, scorer in judges().items():
        judge = JudgeAtOnce()
        took = timed(lambda s=scorer, j=judge: run(cases, [s.asking(j)]))
        calls = judge.asked / (ROUNDS + 1)
        print(f"{name}: {1000 * took / calls:.3f} ms a call of a judge, {calls / count:.0f} calls a case")
    first, second = (run(cases, SCORERS, version) for version in ("a", "b"))
    print(f"compare two versions: {timed(lambda: compare(first, second)):.4f} s")


def kept_runs(cases: Cases) -> None:
    """A run that keeps its answers in a home, and one that finds them there."""
    with tempfile.TemporaryDirectory() as name:
        clock = SystemClock()
        create_home(Path(name) / "home", replay=False, ids=random_id, clock=clock)
        stores = open_stores(Path(name) / "home", clock=clock, ids=random_id)
        fresh = timed(lambda: run(cases, SCORERS, kept=KeptAnswers(stores.kv, clock=clock, fresh=True)))
        again = timed(lambda: run(cases, SCORERS, kept=KeptAnswers(stores.kv, clock=clock)))
        stores.close()
    print(f"the same, kept in a home: {fresh:.4f} s; a second run, nobody asked: {again:.4f} s")


def judges() -> dict[str, Any]:
    found: dict[str, Any] = {"rubric": rubric("It is polite.", judge=ROUTE), "faithfulness": faithfulness(judge=ROUTE)}
    try:
        found["RAGAS faithfulness"] = ragas_metric("Faithfulness", judge=ROUTE, at_least=0.5)
    except LoopwrightError as error:
        print(f"RAGAS: {error.what}")
    return found


def cases_of(count: int) -> Cases:
    messages = [{"role": "user", "content": "How long do parcels take to come, please?"}]
    return Cases(
        name="made up",
        cases=tuple(Case(id=str(n), messages=messages, variables={"n": n}, expected="2 days") for n in range(count)),
    )


def run(cases: Cases, scorers: Any, version: str = "a", *, kept: KeptAnswers | None = None) -> Any:
    listed: list[Scorer] = list(scorers)
    return asyncio.run(run_evaluation(AtOnce(version), cases, listed, kept=kept))


def timed(work: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS + 1):
        start = perf_counter()
        work()
        took.append(perf_counter() - start)
    return median(took[1:])


if __name__ == "__main__":
    main()
