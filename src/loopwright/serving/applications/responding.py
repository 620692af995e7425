"""How one arm answers one call: prepared, looked up, reserved, called, settled; whole, or piece by piece."""

from dataclasses import dataclass
from functools import partial

from loopwright.core.clock import Clock
from loopwright.errors import GuardBlockedError
from loopwright.llm.answer_cache import AnswerCache, CacheHit
from loopwright.llm.ask import Reply, Usage
from loopwright.llm.calling.caller import StreamCall
from loopwright.llm.metering import Charge, Meter, Spend
from loopwright.llm.protocols.bounds import input_bound, output_bound
from loopwright.llm.protocols.chat import reply_of
from loopwright.llm.protocols.texts import reply_texts, with_reply_texts
from loopwright.llm.route import Upstream
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.looking_over import looked_over
from loopwright.serving.applications.preparing import GroupsOf, blocked_by, prepare

_WELL_ENDED = frozenset({"stop", "tool_calls"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondTools:
    """What arms answer with.

    Attributes:
        meter: Budgets.
        cache: Answers that are kept.
        clock: Times first pieces.
        groups_of: The groups of a caller, for access to documents.
    """

    meter: Meter
    cache: AnswerCache
    clock: Clock
    groups_of: GroupsOf


class Responder:
    """Lets arms answer. Lives on one event loop."""

    def __init__(self, tools: RespondTools) -> None:
        self._tools = tools

    async def whole(self, course: Course) -> Reply:
        """The answer, in the caller's protocol; what it took is settled, however this ends.

        Raises:
            PromptError, GuardBlockedError, RequestRefusedError, UpstreamRefusedError: The caller's.
            BudgetExceededError, RateLimitedError, PriceUnknownError, StoreError: The meter's.
            UpstreamError: No upstream answered.
        """
        course.asked = await prepare(course, self._tools.groups_of, self._tools.clock)
        hit = await self.look(course)
        if hit is not None:
            return translated(course, hit.reply)
        call, caller = course.call, course.arm.loaded.callers.of(course.call.model)
        try:
            called = await caller.call(course.asked, sticky=call.sticky, before=partial(self._reserve, course))
            course.upstream, course.attempts = called.upstream, len(called.attempts)
            self.settle(course, called.reply.usage)
            course.replied(called.reply)
            reply = await self._guarded(course, called.reply)
        except BaseException as error:
            self.give_up(course, error)
            raise
        self.keep(course, reply)
        return translated(course, reply)

    async def begin(self, course: Course) -> StreamCall | CacheHit:
        """The upstream's stream with its first piece there, or a whole answer from the cache.

        Raises:
            As `whole`.
        """
        course.asked = await prepare(course, self._tools.groups_of, self._tools.clock)
        hit = await self.look(course)
        if hit is not None:
            return hit
        call, caller = course.call, course.arm.loaded.callers.of(course.call.model)
        try:
            stream = await caller.stream(course.asked, sticky=call.sticky, before=partial(self._reserve, course))
        except BaseException as error:
            self.give_up(course, error)
            raise
        course.upstream, course.attempts = stream.upstream, len(stream.attempts)
        course.first_token_s = self._tools.clock.monotonic()
        return stream

    async def look(self, course: Course) -> CacheHit | None:
        """What the cache has for a call; it counts as answered for nothing."""
        policy = course.arm.loaded.application.cache
        if not policy.exact_s and policy.semantic == "off":
            return None
        hit = await self._tools.cache.look(
            course.asked, version=_kept_under(course), tenant=tenant_of(course), policy=policy
        )
        if hit is None:
            return None
        course.cache = hit.how
        course.replied(hit.reply)
        course.spend = Spend(usage=hit.reply.usage, cost_usd=0.0)
        return hit

    def keep(self, course: Course, reply: Reply) -> None:
        """Offer an answer to the cache."""
        policy = course.arm.loaded.application.cache
        if (policy.exact_s or policy.semantic != "off") and (reply.finish in _WELL_ENDED or _is_embedding(course)):
            version = _kept_under(course)
            self._tools.cache.keep(course.asked, reply, version=version, tenant=tenant_of(course), policy=policy)

    def settle(self, course: Course, usage: Usage | None) -> None:
        """Replace what was reserved by what was used; once."""
        upstream = course.upstream
        if course.spend is not None or upstream is None:
            return
        course.usage = usage
        course.spend = self._tools.meter.settle(
            course.charge_id, usage, provider=upstream.provider_name, model=upstream.model
        )

    def give_up(self, course: Course, error: BaseException) -> None:
        """Settle a call that has no answer: what an upstream refused cost nothing; of any other nobody knows."""
        if not course.reserved:
            return
        context = getattr(error, "context", {})
        nothing = isinstance(context.get("status"), int) or (
            context.get("cause") == "connect" and context.get("attempts") == 1
        )
        self.settle(course, Usage() if nothing else None)

    async def _reserve(self, course: Course, upstream: Upstream, lost: int) -> None:
        call, asked = course.call, course.asked
        await self._tools.meter.reserve(
            Charge(
                call=course.charge_id, endpoint=course.label.endpoint, caller=call.caller, user=call.user,
                feature=call.feature, lost=lost, provider=upstream.provider_name, model=upstream.model,
                input_tokens=input_bound(asked), output_tokens=output_bound(asked) or 0,
            )
        )  # fmt: skip
        course.upstream = upstream
        course.attempts += 1

    async def _guarded(self, course: Course, reply: Reply) -> Reply:
        """The answer as guards let it pass. Raises GuardBlockedError."""
        guards = course.arm.loaded.guards
        if not guards.needs_text or _is_embedding(course):
            return reply
        try:
            texts, findings = await looked_over(guards, reply_texts(course.asked, reply), "out")
        except GuardBlockedError as error:
            course.found("out", blocked_by(error))
            course.text = ""
            raise
        course.found("out", findings)
        changed = with_reply_texts(course.asked, reply, texts)
        course.text = changed.text
        return changed


def translated(course: Course, reply: Reply) -> Reply:
    """An answer in the caller's protocol, where a prompt made a chat of the call."""
    original = course.call.ask
    return reply if original.operation == course.asked.operation else reply_of(original, reply)


def _is_embedding(course: Course) -> bool:
    """Whether vectors are asked for, which have no text and no reason to end."""
    return course.asked.operation == "embedding"


def _kept_under(course: Course) -> str:
    """What answers are kept under: the version, and where callers name the upstream's model, that too."""
    loaded = course.arm.loaded
    return f"{loaded.version}/{course.call.model}" if loaded.takes_any_model else loaded.version


def tenant_of(course: Course) -> str:
    """Whose answers a call may be given."""
    call = course.call
    return f"{call.caller}/{call.user}" if course.arm.loaded.application.cache.per_user else call.caller
