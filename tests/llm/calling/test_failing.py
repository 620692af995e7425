"""What a status or an error on the way means for the call, and for the caller."""

import msgspec
import pytest

from loopwright.errors import UpstreamError, UpstreamRefusedError
from loopwright.llm.calling.attempt import Attempt, Failure
from loopwright.llm.calling.failing import busy, circuit_open, failure_of_error, failure_of_status, gave_up
from loopwright.llm.http.exchange import failed
from loopwright.llm.route import Upstream

UPSTREAM = Upstream(name="main", url="http://x/v1", model="m", key="env:KEY")


def of_status(status: int, operation="chat") -> Failure:
    return failure_of_status(UPSTREAM, operation, status=status, words="because", retry_after_s=None)


def attempt(status: int | None, error: str = "status") -> Attempt:
    return Attempt(upstream="main", provider="openai", model="m", started=0.0, ended=1.0, status=status, error=error)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (302, "denied"), (400, "refused"), (401, "denied"), (402, "denied"), (403, "denied"), (404, "denied"),
        (408, "status"), (409, "status"), (413, "refused"), (422, "refused"), (429, "limited"), (500, "status"),
        (503, "status"), (529, "status"),
    ],
)  # fmt: skip
def test_a_status_says_whose_fault_it_is(status, cause):
    assert of_status(status).cause == cause


def test_an_answer_that_is_not_there_any_more_is_the_callers_matter():
    assert of_status(404, "response").cause == "refused"


def test_the_callers_fault_is_told_with_the_upstreams_status_and_words():
    told = of_status(422)
    assert told.final
    assert isinstance(told.error, UpstreamRefusedError)
    assert (told.error.context["http_status"], told.error.why) == (422, "because")


def test_our_fault_names_the_reference_of_the_key_and_never_the_callers_status():
    told = of_status(401)
    assert isinstance(told.error, UpstreamError)
    assert told.error.http_status == 502
    assert "http_status" not in told.error.context
    assert "env:KEY" in told.error.fix
    assert told.hopeless
    assert not told.final


@pytest.mark.parametrize(
    ("error", "cause", "stays"),
    [
        (failed("http://x", "connect", ""), "connect", False),
        (failed("http://x", "timeout", ""), "timeout", False),
        (failed("http://x", "closed", ""), "closed", True),
        (UpstreamError("no JSON"), "malformed", True),
        (UpstreamError("odd", cause="something else"), "malformed", True),
        (UpstreamRefusedError("cannot be said"), "untold", False),
    ],
)
def test_errors_on_the_way_are_told_apart(error, cause, stays):
    told = failure_of_error(error)
    assert (told.cause, told.stays) == (cause, stays)


def test_being_limited_or_refused_is_no_sign_of_bad_health():
    assert not of_status(429).of_upstream
    assert not of_status(400).of_upstream
    assert of_status(500).of_upstream
    assert of_status(401).of_upstream


def test_who_gives_up_says_the_last_real_failure_and_how_often_was_asked():
    limited = msgspec.structs.replace(of_status(429), retry_after_s=7.0)
    error = gave_up([of_status(500), limited, busy(UPSTREAM), circuit_open(UPSTREAM)], [attempt(500), attempt(429)])
    assert isinstance(error, UpstreamError)
    assert "429" in error.what
    assert error.context == {
        "upstream": "main", "attempts": 2, "status": 429, "cause": "limited", "retry_after_s": 7.0,
    }  # fmt: skip


def test_a_status_is_told_only_where_no_attempt_may_have_cost_something():
    error = gave_up([failure_of_error(failed("x", "timeout", "")), of_status(500)], [attempt(None), attempt(500)])
    assert error.context["status"] is None
    error = gave_up(
        [failure_of_error(failed("x", "connect", "")), of_status(500)], [attempt(None, "connect"), attempt(500)]
    )
    assert error.context["status"] == 500


def test_a_request_that_nobody_can_be_told_is_refused_with_the_field_that_was_named():
    untold = failure_of_error(UpstreamRefusedError("logit_bias cannot be said"))
    assert gave_up([untold], []) is untold.error
    assert isinstance(gave_up([of_status(500), untold], [attempt(500)]), UpstreamError)
    assert "left alone" in gave_up([circuit_open(UPSTREAM), untold], []).what
