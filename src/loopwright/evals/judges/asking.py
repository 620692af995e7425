"""Asking a judge and reading what it says: strictly, with one chance to mend it."""

import re
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from loopwright.errors import LoopwrightError
from loopwright.evals.judges.judge import Judge, JudgeAsk

T = TypeVar("T", bound=msgspec.Struct)
_WHOLE_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)
_LONGEST = 300


class Said(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What came of asking.

    Attributes:
        value: What the judge said; None where it did not answer, or not in the form that was asked for.
        why: Why there is none.
        cost_usd: What was paid, as far as prices are known.
        unpriced: Answers of unknown price.
    """

    value: T | None
    why: str = ""
    cost_usd: float = 0.0
    unpriced: int = 0


async def ask_judge(
    judge: Judge, asked: JudgeAsk, *, form: type[T], sound: Callable[[T], str] | None = None
) -> Said[T]:
    """Ask, and read the answer as one JSON object of `form`; where it is none, say so to the judge and ask once more.

    The whole answer must be the object, or one code fence around it. An object is never looked for inside other text:
    there it may be one that the judged answer brought along. For the same reason the judge is not shown again what it
    said.

    Args:
        judge: What asks.
        asked: The question.
        form: The fields that are wanted; others are refused.
        sound: What is wrong with a value that has the form, in words of ours; empty where nothing is.
    """
    cost, unpriced, why, now = 0.0, 0, "", asked
    for _ in range(2):
        try:
            reply = await judge.ask(now)
        except LoopwrightError as error:
            said = f"the judge did not answer: {error.what}"[:_LONGEST]
            return Said(value=None, why=said, cost_usd=cost, unpriced=unpriced)
        cost, unpriced = cost + (reply.cost_usd or 0.0), unpriced + (reply.cost_usd is None)
        value, why = _read(reply.text, form, sound)
        if value is not None:
            return Said(value=value, cost_usd=cost, unpriced=unpriced)
        now = _again(asked, why)
    return Said(value=None, why=f"the judge cannot be understood: {why}", cost_usd=cost, unpriced=unpriced)


def _read(text: str, form: type[T], sound: Callable[[T], str] | None) -> tuple[T | None, str]:
    inner = _WHOLE_FENCE.match(text)
    try:
        value = msgspec.json.decode(inner.group(1) if inner else text, type=form)
    except msgspec.ValidationError:
        return None, "its answer is JSON of another form"
    except (msgspec.DecodeError, UnicodeError):
        return None, "its answer is not JSON" if text.strip() else "its answer is empty"
    wrong = sound(value) if sound is not None else ""
    return (None, wrong) if wrong else (value, "")


def _again(asked: JudgeAsk, why: str) -> JudgeAsk:
    """The same question with what was wrong with the first answer."""
    *before, last = asked.messages
    more = f"\n\nThis was asked once already, and {why}. Give the JSON object alone."
    return msgspec.structs.replace(asked, messages=[*before, {**last, "content": f"{last['content']}{more}"}])
