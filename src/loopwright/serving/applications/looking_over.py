"""Guards over all texts of a request or of an answer, each kind of text in its own way."""

from collections.abc import Sequence

from loopwright.llm.guard import Finding, Guarded
from loopwright.llm.guards.looking import Way
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.protocols.texts import Texts
from loopwright.serving.applications.aside import aside


async def looked_over(guards: GuardRunner, texts: Texts, way: Way) -> tuple[Texts, list[Finding]]:
    """The texts as guards let them pass, and what they found.

    Raises:
        GuardBlockedError: One of them is not let pass.
    """
    length = sum(len(text) for kind in texts for text in kind)
    return await aside(length, lambda: _looked(guards, texts, way))


def _looked(guards: GuardRunner, texts: Texts, way: Way) -> tuple[Texts, list[Finding]]:
    said: Sequence[Guarded] = (
        guards.incoming(texts.said) if way == "in" else [guards.whole(text) for text in texts.said]
    )
    calls = guards.calls(texts.calls, way)
    beside = guards.beside(texts.beside, way)
    looks: list[Sequence[Finding]] = [one.findings for one in (*said, *beside)] + [one.findings for one in calls]
    findings = [finding for found in looks for finding in found]
    passed = Texts([one.text for one in said], [one.arguments for one in calls], [one.text for one in beside])
    return passed, findings
