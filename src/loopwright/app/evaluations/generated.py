"""Cases that a model writes to documents: a start where nobody has written any. People should read them."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.evaluations.opened import RouteJudge
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import digest_value
from loopwright.errors import NoVerdictError, SourceError
from loopwright.evals.case import Case
from loopwright.evals.judges.asking import ask_judge
from loopwright.evals.judges.judge import JudgeAsk
from loopwright.evals.judges.material import Text, fenced, judge_prompt
from loopwright.llm.route import Route

SOURCE = "generated"
_SHORTEST, _LONGEST = 200, 4000
_PROMPT = judge_prompt(
    "write-case",
    task="Instead of judging: write one question that a user might ask and that the passage answers, and the answer in "
    "one or two sentences, from the passage alone. The question must be understood without the passage.",
    answer='{"question": "…", "answer": "…"}',
)


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the model is to write."""

    question: str
    answer: str


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the cases, and why passages gave none, by reason."""

    cases: tuple[Case, ...]
    without: dict[str, int] = {}
    cost_usd: float = 0.0
    unpriced: int = 0


def passages_of(patterns: Sequence[str], project: Path) -> tuple[tuple[str, str], ...]:
    """The passages of text files, with their documents' paths: paragraphs, put together until they are long enough.

    Raises:
        SourceError: No file matches, or none has a passage.
    """
    files = sorted({path for pattern in patterns for path in project.glob(pattern) if path.is_file()})
    found = [
        (path.relative_to(project).as_posix(), passage)
        for path in files
        for passage in _passages(path.read_text(encoding="utf-8", errors="replace"))
    ]
    if not found:
        raise SourceError(f"no passage in {' or '.join(patterns)}", why=f"{len(files)} files match in {project}")
    return tuple(found)


async def generate_cases(
    workspace: Workspace, passages: Sequence[tuple[str, str]], route: Route, *, size: int, seed: int = 0
) -> Generated:
    """Ask a model for a question and its answer to passages that are drawn by chance.

    Args:
        workspace: The workspace; calls count against its budgets.
        passages: Documents' paths and texts.
        route: The model.
        size: Passages, at most.
        seed: Of the draw.

    Raises:
        NoVerdictError: No case came of it; it says why.
    """
    drawn = np.random.default_rng(seed).permutation(len(passages))[:size]
    cases: dict[str, Case] = {}
    without: dict[str, int] = {}
    cost, unpriced = 0.0, 0
    async with OpenedApplications(workspace, "evaluation") as opened:
        judge = RouteJudge(opened, workspace)
        for document, text in (passages[at] for at in drawn):
            fence = judge.fence()
            messages = _PROMPT.render({"fence": fence, "material": fenced([Text("Passage", text)], fence)})
            asked = JudgeAsk(route=route, messages=messages, schema=msgspec.json.schema(Written), name="written")
            said = await ask_judge(judge, asked, form=Written, sound=_wrong)
            cost, unpriced = cost + said.cost_usd, unpriced + said.unpriced
            if said.value is None:
                without[said.why] = without.get(said.why, 0) + 1
                continue
            case = _case(said.value, document, text)
            cases[case.id] = case
    if not cases:
        why = "; ".join(f"{count} times: {reason}" for reason, count in without.items())
        raise NoVerdictError("the model wrote no case", why=why, fix="Mend what is said, or ask another model.")
    return Generated(cases=tuple(cases.values()), without=without, cost_usd=cost, unpriced=unpriced)


def _case(written: Written, document: str, text: str) -> Case:
    messages = [{"role": "user", "content": written.question.strip()}]
    return Case(
        id=digest_value(messages)[:16],
        messages=messages,
        expected=written.answer.strip(),
        relevant=(document,),
        metadata={"passages": [text]},
        source=SOURCE,
    )


def _wrong(written: Written) -> str:
    return "" if written.question.strip() and written.answer.strip() else "its question or answer is empty"


def _passages(text: str) -> list[str]:
    found, now = [], ""
    for paragraph in text.split("\n\n"):
        now = f"{now}\n\n{paragraph.strip()}".strip()
        if len(now) >= _SHORTEST:
            found.append(now[:_LONGEST])
            now = ""
    return found
