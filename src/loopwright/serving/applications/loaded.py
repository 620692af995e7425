"""One version of an application, ready to answer in this process."""

from collections.abc import Callable
from dataclasses import dataclass

from loopwright.core.hashing import Digest
from loopwright.llm.application import Application
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.provider import Provider
from loopwright.llm.retriever import Retriever
from loopwright.llm.route import Upstream
from loopwright.serving.applications.callers import Callers, takes_any_model


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedApplication:
    """A version and what it works with.

    Attributes:
        version: Its digest.
        application: What it is.
        callers: Call its route.
        guards: Look at what goes in and out.
        retriever: Its index, open; None where it reads none.
        providers: Speak the upstreams' protocols.
    """

    version: Digest
    application: Application
    callers: Callers
    guards: GuardRunner
    retriever: Retriever | None
    providers: Callable[[str], Provider]

    @property
    def upstreams(self) -> tuple[Upstream, ...]:
        """Where its calls may go."""
        return self.application.route.upstreams

    @property
    def takes_any_model(self) -> bool:
        """Whether callers name the upstreams' model themselves."""
        return takes_any_model(self.application.route)

    @property
    def paid(self) -> bool:
        """Whether a call may cost somebody money: an upstream of it needs a key."""
        return any(upstream.key for upstream in self.upstreams)
