"""What the request log says of a call of an LLM application, beside what it says of every request."""

from loopwright.observations.request_log import RequestRow


class GenerationRow(RequestRow, frozen=True, kw_only=True, gc=False):
    """One call. `inputs` and `output` hold content only where it was switched on, redacted by rule.

    Attributes:
        operation: The protocol's route: chat, completion, embedding, response, message.
        caller: The key's id.
        user: Whom the caller says it is for, as a keyed digest.
        feature: What the caller says it is for.
        session: The conversation that the caller says it belongs to.
        upstream: Which one answered, as its route names it; None where none did.
        provider: Whose it is, as `gen_ai.provider.name`.
        model: The upstream's name of the model.
        attempts: How often upstreams were asked.
        input_tokens: By the upstream's count; None where it did not say.
        output_tokens: The same.
        cached_tokens: Of the input, read from the upstream's cache.
        cost_usd: None where the price is unknown.
        price: Version of the price table.
        first_token_us: Until the first piece was sent; None where the answer came whole.
        finish: Why the answer ended.
        cache: `exact` or `semantic` where an upstream did not have to be asked; `shadow` where a similar one was found.
        stream: Whether it streamed.
        guards: What guards found, as `in:secrets:api_key:block`.
        passages: Ids of the passages that the prompt was given.
        prepared_us: From receipt until an upstream was asked: guards, retrieval, rendering, the cache.
        upstream_us: What upstreams took, retries among it; None where none was asked.
        trace_id: The trace it belongs to: the caller's, by `traceparent`, or one of its own.
        parent_span_id: The caller's span, where it named one.
        weight: How many requests it stands for in a sampled log; None: for itself.
    """

    operation: str = "chat"
    caller: str = ""
    user: str | None = None
    feature: str | None = None
    session: str | None = None
    upstream: str | None = None
    provider: str | None = None
    model: str | None = None
    attempts: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost_usd: float | None = None
    price: str | None = None
    first_token_us: int | None = None
    finish: str | None = None
    cache: str | None = None
    stream: bool = False
    guards: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    prepared_us: int | None = None
    upstream_us: int | None = None
    trace_id: str | None = None
    parent_span_id: str | None = None
    weight: float | None = None
