"""What upstreams and callers do wrong: each is told, settled and logged, and harms nothing else."""

import json
import socket
import time

import anthropic
import httpx
import openai
import pytest
from tests.web.gateway.gateways import Gateway, application, eventually, new_home, upstream_of

from loopwright.testing.upstream_server import LocalUpstream

HELLO = [{"role": "user", "content": "Hello there, how are you today?"}]
BODY = {"model": "support", "messages": HELLO}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A gateway over one upstream, whose faults the tests set."""
    home = new_home(tmp_path_factory.mktemp("project"))
    with LocalUpstream() as upstream:
        home.serve("support", application(upstream_of(upstream)))
        with Gateway(home) as gateway:
            gateway.upstream = upstream
            yield gateway
    home.stores.close()


@pytest.fixture(autouse=True)
def no_fault(place):
    yield
    place.upstream.fail("")


def calm(place):
    """Wait until a circuit that earlier faults opened lets calls through."""
    place.upstream.fail("")
    eventually(lambda: place.http.post("/v1/chat/completions", json=BODY).raise_for_status(), 30)


@pytest.mark.parametrize("fault", ["500", "429", "malformed_json", "wrong_length", "reset"])
def test_an_upstream_that_fails_is_a_502_that_says_so_and_no_traceback(place, fault):
    calm(place)
    place.upstream.fail(fault)
    answer = place.http.post("/v1/chat/completions", json=BODY)
    assert answer.status_code in (502, 429), answer.text
    said = answer.json()["error"]
    assert said["code"] == "LW516"
    assert "Traceback" not in answer.text
    row = place.home.row(answer.headers["x-request-id"])
    assert (row["error"], row["status"], row["attempts"]) == ("LW516", 502, 2)


def test_an_upstream_that_hangs_is_given_up_in_time(place):
    calm(place)
    place.upstream.fail("hang")
    began = time.monotonic()
    answer = place.http.post("/v1/chat/completions", json=BODY)
    assert answer.status_code in (502, 504), answer.text
    assert time.monotonic() - began < 6.0


@pytest.mark.parametrize("fault", ["truncated", "malformed_sse"])
def test_a_stream_that_breaks_ends_with_an_error_and_never_as_if_it_were_whole(place, fault):
    calm(place)
    place.upstream.fail(fault)
    with place.http.stream("POST", "/v1/chat/completions", json={**BODY, "stream": True}) as answer:
        raw = answer.read().decode()
        id = answer.headers.get("x-request-id")
    assert "[DONE]" not in raw
    if answer.status_code == 200:
        assert json.loads(raw.strip().rpartition("data: ")[2])["error"]["code"] == "LW516"
        row = place.home.row(id)
        assert (row["status"], row["error"]) == (502, "LW516")


def test_a_caller_who_goes_away_cancels_the_upstream_and_leaves_a_row(place):
    calm(place)
    place.upstream.fail("slow=0.2")
    before = place.upstream.counts["cancelled"]
    with place.http.stream("POST", "/v1/chat/completions", json={**BODY, "stream": True}) as answer:
        id = answer.headers["x-request-id"]
        next(answer.iter_raw())
    eventually(lambda: _at_least(place.upstream.counts["cancelled"], before + 1))
    row = place.home.row(id)
    assert (row["status"], row["stream"], row["error"]) == (499, True, None)


def test_a_caller_who_goes_away_before_a_whole_answer_cancels_it_too(place):
    calm(place)
    place.upstream.fail("hang")
    before = place.upstream.counts["cancelled"]
    with socket.create_connection(("127.0.0.1", place.port)) as caller:
        body = json.dumps(BODY).encode()
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        caller.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.3)
    eventually(lambda: _at_least(place.upstream.counts["cancelled"], before + 1))
    assert eventually(lambda: [row for row in place.home.rows() if row["status"] == 499 and not row["stream"]])


def _at_least(found, wanted):
    assert found >= wanted


def test_a_body_of_1_mb_passes_and_one_that_is_no_json_is_refused_in_the_callers_words(place):
    calm(place)
    long = "word " * 200_000
    raw = place.openai().chat.completions.with_raw_response.create(
        model="support", messages=[{"role": "user", "content": long}]
    )
    assert raw.parse().choices[0].message.content
    refused = place.http.post("/v1/chat/completions", content=b"{", headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")
    refused = place.http.post("/v1/messages", content=b"{", headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["type"]) == (400, "error")


def test_other_methods_and_types_are_refused(place):
    assert place.http.get("/v1/chat/completions").status_code == 405
    plain = place.http.post("/v1/chat/completions", content=b"{}", headers={"content-type": "text/plain"})
    assert (plain.status_code, "error" in plain.json()) == (415, True)
    foreign = place.http.post("/v1/chat/completions", json=BODY, headers={"origin": "https://elsewhere.example"})
    assert foreign.status_code == 403


def test_errors_are_the_clients_own(place):
    with pytest.raises(openai.BadRequestError):
        place.openai().chat.completions.create(model="support", messages=HELLO, max_tokens=0)
    with pytest.raises(anthropic.NotFoundError):
        place.anthropic().messages.create(model="nobody", max_tokens=5, messages=HELLO)


def test_a_paid_upstream_needs_a_key_even_on_loopback(home, upstream):
    home.serve("support", application(upstream_of(upstream, key="env:GATEWAY_TEST_KEY")))
    with Gateway(home, GATEWAY_TEST_KEY="sk-very-secret") as gateway:
        with pytest.raises(openai.AuthenticationError):
            gateway.openai().chat.completions.create(model="support", messages=HELLO)
        said = gateway.openai(home.token).chat.completions.create(model="support", messages=HELLO)
        assert said.choices[0].message.content
        message = gateway.anthropic(home.token).messages.create(model="support", max_tokens=50, messages=HELLO)
        assert message.content[0].text
    assert upstream.seen[-1].headers["authorization"] == "Bearer sk-very-secret"
    assert upstream.counts["calls"] == 2
    for path in home.path.rglob("*"):
        assert not path.is_file() or b"sk-very-secret" not in path.read_bytes(), path
    row = home.rows()[-1]
    assert row["caller"] == "home"


def test_feedback_about_an_answer_is_taken(place):
    raw = place.openai().chat.completions.with_raw_response.create(model="support", messages=HELLO)
    id = raw.headers["x-request-id"]
    kept = place.http.post("/feedback", json={"endpoint": "support", "request_id": id, "value": "up", "kind": "thumbs"})
    assert kept.status_code == 200, kept.text


def test_what_it_took_is_on_the_metrics_page(place):
    calm(place)
    page = place.http.get("/metrics", headers={"authorization": f"Bearer {place.home.token}"}).text
    assert 'loopwright_llm_tokens_total{endpoint="support",model="tiny",provider="openai",type="input"}' in page
    assert "loopwright_requests_total{" in page
    assert place.http.get("/openapi.json").status_code == 200


def test_an_answer_was_logged_before_it_was_given_even_if_the_worker_is_killed(home, upstream):
    home.serve("support", application(upstream_of(upstream)))
    answered = []
    with Gateway(home) as gateway:
        end = time.monotonic() + 0.5
        with httpx.Client(base_url=gateway.url) as client:
            while time.monotonic() < end:
                answered.append(client.post("/v1/chat/completions", json=BODY).headers["x-request-id"])
        gateway.kill()
    assert len(answered) > 20
    assert set(answered) <= {row["request_id"] for row in home.rows()}
