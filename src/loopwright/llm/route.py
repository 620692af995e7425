"""Routes: which upstreams answer, in what shares, and what happens where one fails. Values, part of a bundle."""

from typing import Any, Literal

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.local_scheme import BUILTIN, NETWORK, local_scheme

Api = Literal["openai", "anthropic", "gemini"]


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """One model behind one address.

    Attributes:
        name: Unique within its route, as `primary`; figures, circuits and limits go by it.
        api: The protocol it speaks. `openai` is also vLLM, Ollama, TGI and most vendors.
        url: Base URL, with the version: `http://127.0.0.1:11434/v1`. Or a model in this process:
            `transformers:/models/qwen?adapter=part:adapter`, where `part:NAME` is what the loop's pipeline returned. Or
            a vendor by any-llm, with the extra of that name: `any-llm:mistral`.
        model: What the upstream calls the model.
        key: Where its key is: `env:NAME` or `file:PATH`; empty for none. Never the key itself.
        weight: Its share among the route's upstreams, in proportion to the others'; 0: a fallback only.
        provider: As `gen_ai.provider.name` says it, for prices and traces; the api's own name where empty.
        concurrency: Calls under way at most; 0: no limit.
        headers: Further headers, no secrets among them.
        parameters: Fields of the body where the caller left them out, as `{"temperature": 0}`.
    """

    name: str
    url: str
    model: str
    api: Api = "openai"
    key: str = ""
    weight: float = 1.0
    provider: str = ""
    concurrency: int = 0
    headers: dict[str, str] = {}
    parameters: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if not self.name or not self.model:
            raise UsageError("an upstream needs a name and a model")
        if not self.url.startswith(NETWORK) and not local_scheme(self.url):
            raise UsageError(
                f"the url of upstream {self.name!r} is {self.url!r}",
                why="it begins with http(s)://, or with the scheme of an installed package that answers by itself",
                fix="Write the url of a server, or install the package that brings the scheme.",
            )
        if self.key and not self.key.startswith(("env:", "file:")):
            raise UsageError(
                f"the key of upstream {self.name!r} is no reference", why="keys are never written down",
                fix="Write key='env:NAME' or key='file:PATH'.",
            )  # fmt: skip
        if not 0.0 <= self.weight < float("inf"):
            raise UsageError(
                f"the weight of upstream {self.name!r} is {self.weight}", why="it is a number of at least 0"
            )

    @property
    def provider_name(self) -> str:
        """The provider, as prices and traces name it."""
        return self.provider or {"gemini": "gcp.gemini"}.get(self.api, self.api)


def builtin_model(name: str = "builtin") -> Upstream:
    """The built-in model as an upstream: it quotes sentences of the documents that it is given. No network, no key."""
    return Upstream(name=name, url=f"{BUILTIN}:extractive", model="extractive", provider="loopwright")


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often a failed call is made again, and when.

    The wait before retry n is drawn evenly from 0 to min(`longest_s`, `first_s` × 2^(n-1)) ("full jitter"), and is at
    least what the upstream's `Retry-After` says; where that is longer than `longest_s`, the next upstream is asked.

    Attributes:
        times: Further attempts, over all upstreams.
        first_s: Seconds.
        longest_s: Seconds.
    """

    times: int = 2
    first_s: float = 0.03
    longest_s: float = 2.0


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of patience, for each attempt: to connect, to the first byte of an answer's body, between two of them;
    `total_s` is for the whole call with its retries. Of an answer that comes whole nothing is heard until it is done:
    it may take half of `total_s`, where that is more than `first_token_s`."""

    connect_s: float = 2.0
    first_token_s: float = 30.0
    between_tokens_s: float = 30.0
    total_s: float = 120.0


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """When an upstream is left alone: so many of its last calls failed. After a while one call at a time tries again.

    The defaults leave an upstream alone that fails one call in five, which retries make good: by chance it is closed
    off less than once in 500,000 calls (with a window of 20 and 5 failures, once in 1,600).

    Attributes:
        window: Calls that count.
        least_failures: Failures under which it stays closed.
        failure_share: Share of failures from which it opens.
        open_s: Seconds until one call tries again; doubled with each try that fails, up to 60 s.
    """

    window: int = 50
    least_failures: int = 10
    failure_share: float = 0.5
    open_s: float = 1.0


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where the calls of an application go.

    Attributes:
        upstreams: By weight the first to be asked; each other one stands in for it, in this order.
        retry: How failures are tried again. 429, 5xx, no connection, a time-out before the first piece are failures;
            any other 4xx is the caller's, and given to the caller.
        timeouts: Patience.
        circuit: When an upstream is left alone.
        hedge_after_s: A second upstream is asked too where the first has said nothing for so long; the first to speak
            answers and the other is cancelled. 0: never.
        max_tokens: Set as the most tokens of an answer where the caller sets none, so that its cost is bounded before
            it is made.
    """

    upstreams: tuple[Upstream, ...]
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    circuit: Circuit = Circuit()
    hedge_after_s: float = 0.0
    max_tokens: int = 4096

    def __post_init__(self) -> None:
        names = [upstream.name for upstream in self.upstreams]
        if not names or len(set(names)) != len(names):
            raise UsageError("a route needs upstreams, each with a name of its own", why=f"their names: {names}")
        if not any(upstream.weight > 0 for upstream in self.upstreams):
            raise UsageError("no upstream of the route has a weight above 0")
