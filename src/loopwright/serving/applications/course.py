"""The course of one call through one arm: all that is found out on the way, for row, headers and figures."""

from collections.abc import Sequence

from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.guard import Finding
from loopwright.llm.metering import Spend
from loopwright.llm.retriever import Passage
from loopwright.llm.route import Upstream
from loopwright.serving.applications.arms import ApplicationArm
from loopwright.serving.applications.call import GenerationCall
from loopwright.serving.observer import ArmLabel


class Course:
    """What is known so far. Lives on one event loop.

    Attributes:
        call: What was asked.
        arm: Who answers.
        label: Whose figures it counts among.
        charge_id: Under which the meter knows it.
        shown: What the caller asked, as guards let it pass; None before they have.
        asked: What goes to the upstream: rendered, with passages, bounded.
        upstream: Which one was asked last.
        attempts: How often upstreams were asked.
        usage: Tokens, as the upstream counted.
        spend: What it cost; None until it is settled.
        cache: `exact`, `semantic` or `shadow`.
        findings: What guards found, by `in`, `passage` or `out`.
        passages: What the prompt was given.
        text: What was answered, as far as anybody has looked.
        finish: Why the answer ended.
        first_token_s: Monotonic seconds at the first piece of a stream.
        retrieved_s: At the beginning of its retrieval; None where there is none.
        prepared_s: When all was ready for the upstream.
        fallback_from: The arm that failed before this one was asked.
    """

    __slots__ = (
        "arm", "asked", "attempts", "cache", "call", "charge_id", "fallback_from", "findings", "finish",
        "first_token_s", "label", "passages", "prepared_s", "retrieved_s", "shown", "spend", "text", "upstream",
        "usage",
    )  # fmt: skip

    def __init__(
        self, call: GenerationCall, arm: ApplicationArm, label: ArmLabel, *, charge_id: str, fallback_from: str | None
    ) -> None:
        self.call = call
        self.arm = arm
        self.label = label
        self.charge_id = charge_id
        self.fallback_from = fallback_from
        self.shown: Ask | None = None
        self.asked: Ask = call.ask
        self.upstream: Upstream | None = None
        self.attempts = 0
        self.usage: Usage | None = None
        self.spend: Spend | None = None
        self.cache: str | None = None
        self.findings: list[str] = []
        self.passages: tuple[Passage, ...] = ()
        self.text = ""
        self.finish: str | None = None
        self.first_token_s: float | None = None
        self.retrieved_s: float | None = None
        self.prepared_s: float | None = None

    def found(self, where: str, findings: Sequence[Finding]) -> None:
        """Note what guards found, as `in:secrets:api_key:block`."""
        self.findings += [f"{where}:{one.guard}:{one.kind}:{one.action}" for one in findings]

    def replied(self, reply: Reply) -> None:
        """Note what an answer says of itself."""
        self.usage, self.text, self.finish = reply.usage, reply.text, reply.finish

    @property
    def reserved(self) -> bool:
        """Whether the meter holds something for it that is not settled."""
        return self.upstream is not None and self.spend is None
