import json

import anthropic
import openai
import pytest
from tests.llm.protocols.clients import (
    MESSAGES,
    anthropic_client,
    chat_chunks,
    message_final,
    openai_client,
    response_events,
)

from loopwright.errors import (
    BudgetExceededError,
    ForbiddenError,
    GuardBlockedError,
    NotFoundError,
    OverloadedError,
    RateLimitedError,
    RequestRefusedError,
    UnauthorisedError,
    UpstreamError,
)
from loopwright.llm.protocols.errors import error_body, error_event

FAILURES = [
    (RequestRefusedError("the field `n` is wrong", field="n"), 400, "invalid_request_error", "invalid_request_error"),
    (GuardBlockedError("no"), 400, "invalid_request_error", "invalid_request_error"),
    (UnauthorisedError("who?"), 401, "authentication_error", "authentication_error"),
    (BudgetExceededError("spent"), 402, "insufficient_quota", "billing_error"),
    (ForbiddenError("no"), 403, "permission_error", "permission_error"),
    (NotFoundError("no such"), 404, "not_found_error", "not_found_error"),
    (RateLimitedError("slow"), 429, "rate_limit_error", "rate_limit_error"),
    (UpstreamError("broken"), 502, "api_error", "api_error"),
    (OverloadedError("full"), 503, "service_unavailable_error", "overloaded_error"),
]


@pytest.mark.parametrize(("error", "status", "kind", "_"), FAILURES)
def test_the_stock_openai_client_reads_every_error(error, status, kind, _):
    with pytest.raises(openai.APIStatusError) as caught:
        openai_client(error_body("chat", error, status=status), status=status).models.list()
    assert (caught.value.type, caught.value.code) == (kind, error.code)
    assert caught.value.param == error.context.get("field")
    assert error.what in caught.value.message
    assert error.fix in caught.value.message


@pytest.mark.parametrize(("error", "status", "_", "kind"), FAILURES)
def test_the_stock_anthropic_client_reads_every_error(error, status, _, kind):
    with pytest.raises(anthropic.APIStatusError) as caught:
        anthropic_client(error_body("message", error, status=status), status=status).messages.create(
            model="m", max_tokens=1, messages=MESSAGES
        )
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == kind
    assert error.what in caught.value.message


def test_context_other_than_the_field_stays_here():
    error = UpstreamError("broken", upstream="http://10.0.0.1", attempts=3)
    for operation in ("chat", "message", "response"):
        assert b"10.0.0.1" not in error_body(operation, error, status=502)
        assert b"10.0.0.1" not in error_event(operation, error)


def test_a_stream_that_broke_raises_in_the_stock_clients():
    error = UpstreamError("the upstream's stream was cut off")
    with pytest.raises(openai.APIError, match="cut off"):
        chat_chunks([error_event("chat", error)])
    with pytest.raises(anthropic.APIStatusError, match="cut off"):
        message_final([error_event("message", error)])
    (event,) = response_events([error_event("response", error)])
    assert (event.type, event.code) == ("error", "LW516")
    assert "cut off" in event.message


def test_bodies_are_one_json_object_each():
    for operation in ("chat", "completion", "embedding", "response", "message"):
        assert json.loads(error_body(operation, UpstreamError("x"), status=502))["error"]["message"].startswith("x.")
