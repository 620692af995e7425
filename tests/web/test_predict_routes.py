"""The plain protocol over HTTP: records, versions, streams, explanations."""

import json
import math
import time

import pytest

EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}


@pytest.fixture(scope="module")
def served(home, worker, children):
    champion, other = home.bundle(), home.bundle(seed=1)
    home.arms(champion, canary=other, share=0.0)
    with children(home), worker(home) as process:
        process.canary()
        process.versions = (champion, other)
        yield process


def test_a_bare_list_is_several_records(served):
    rows = [EXAMPLE, EXAMPLE | {"distance": 900}]
    bare = served.client.post("/predict/flights", json=rows).json()["predictions"]
    named = served.client.post("/predict/flights", json={"records": rows}).json()["predictions"]
    assert [one["score"] for one in bare] == [one["score"] for one in named]


def test_a_version_may_be_asked_by_its_digest_or_its_start(served):
    champion, other = served.versions
    scores = set()
    for version in (champion, other):
        for named in (version, version[:8]):
            path = f"/predict/flights/versions/{named}"
            said = served.client.post(path, json=EXAMPLE).json()
            assert said["version"] == version
            scores.add(said["score"])
            assert served.client.get(path).json()["version"] == version
    assert len(scores) == 2


@pytest.mark.parametrize("version", ["0" * 64, "0" * 8, "abc", "%2e%2e", "-"])
def test_a_version_that_does_not_answer_is_not_found(served, version):
    for ask in (served.client.get, served.client.post):
        answer = ask(f"/predict/flights/versions/{version}", **({"json": EXAMPLE} if ask == served.client.post else {}))
        assert (answer.status_code, answer.json()["code"]) == (404, "LW104")


@pytest.mark.parametrize("version", [0, 1], ids=["champion", "canary"])
@pytest.mark.parametrize("many", [False, True])
def test_an_explanation_adds_up_to_the_answer(served, many, version):
    path = f"/predict/flights/versions/{served.versions[version]}?explain=true"
    said = served.client.post(path, json=[EXAMPLE] * 2 if many else EXAMPLE).json()
    for one in said["predictions"] if many else [said]:
        told = one["explanation"]
        assert set(told["contributions"]) == {"carrier", "distance", "wind"}
        total = told["base_value"] + sum(told["contributions"].values())
        assert told["scale"] == "log_odds"
        assert 1 / (1 + math.exp(-total)) == pytest.approx(one["score"], rel=1e-6)
    assert "explanation" not in served.predict().json()


def events(text):
    return [
        dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
        for event in text.split("\n\n") if event
    ]  # fmt: skip


@pytest.mark.parametrize("how", [{"headers": {"accept": "text/event-stream"}}, {"params": {"stream": "true"}}])
def test_a_model_that_does_not_stream_answers_one_event(served, how):
    answer = served.client.post("/predict/flights", json=EXAMPLE, **how)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in answer.headers
    one, done = events(answer.text)
    assert json.loads(one["data"])["score"] == served.predict().json()["score"]
    assert (done["event"], json.loads(done["data"])) == ("done", {"request_id": json.loads(one["data"])["request_id"]})


WORDS = """
import time
from loopwright.serving.predictor import predict

def respond(model, record):
    for word in (record["carrier"], "is", "on", "its", "way"):
        if record["distance"] == 661 and word == "on":
            raise RuntimeError("a table is gone")
        if record["distance"] == 662:
            time.sleep(0.3)
        yield {"text": word + " "}
"""


@pytest.fixture(scope="module")
def streaming(second_home, worker):
    second_home.arms(second_home.bundle(code=WORDS, stream={"function": "own_predict:respond"}))
    with worker(second_home) as process:
        process.ready()
        yield process


def said(text):
    return "".join(json.loads(e["data"]).get("text", "") for e in events(text) if "event" not in e)


def test_a_model_that_streams_answers_word_by_word(streaming, second_home, wait_until):
    arrived = []
    with streaming.client.stream("POST", "/predict/flights?stream=true", json=EXAMPLE | {"distance": 662}) as answer:
        for chunk in answer.iter_text():
            arrived.append((time.monotonic(), chunk))
    assert said("".join(chunk for _, chunk in arrived)) == "AA is on its way "
    assert arrived[-1][0] - arrived[0][0] > 0.8, "events are not held back until the end"
    id = answer.headers["x-request-id"]

    def logged():
        (row,) = [row for row in second_home.requests() if row["request_id"] == id]
        return row

    row = wait_until(logged)
    assert (row["output"]["text"], row["output"]["ended"]) == ("AA is on its way ", "complete")


def test_what_fails_midway_is_the_last_event(streaming):
    answer = streaming.client.post("/predict/flights?stream=true", json=EXAMPLE | {"distance": 661})
    *_, last = events(answer.text)
    assert (last["event"], json.loads(last["data"])["code"]) == ("error", "LW508")
    assert said(answer.text) == "AA is "


def test_a_reader_who_leaves_ends_the_models_generator(streaming, second_home, wait_until):
    with streaming.client.stream("POST", "/predict/flights?stream=true", json=EXAMPLE | {"distance": 662}) as answer:
        next(answer.iter_text())
        id = answer.headers["x-request-id"]

    def ended():
        (row,) = [row for row in second_home.requests() if row["request_id"] == id]
        return row["output"]["ended"]

    assert wait_until(ended) == "left"


def test_the_same_model_answers_at_once_where_no_stream_is_asked_for(streaming):
    assert 0 <= streaming.predict().json()["score"] <= 1


def test_a_stream_that_cannot_begin_is_an_ordinary_error(served):
    answer = served.client.post("/predict/flights?stream=true", json=EXAMPLE | {"distance": -1})
    assert (answer.status_code, answer.json()["context"]["field"]) == (422, "distance")


def test_a_flag_that_is_neither_on_nor_off_is_refused(served):
    answer = served.client.post("/predict/flights?stream=maybe", json=EXAMPLE)
    assert (answer.status_code, answer.json()["code"]) == (400, "LW105")


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("DELETE", "/predict/flights", 405, "GET, POST, HEAD, OPTIONS"),
        ("PUT", "/predict/flights", 405, "GET, POST, HEAD, OPTIONS"),
        ("OPTIONS", "/predict/flights", 204, "GET, POST, HEAD, OPTIONS"),
        ("GET", "/invocations", 405, "POST, OPTIONS"),
        ("POST", "/ping", 405, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "/v2/models/flights/infer", 204, "POST, OPTIONS"),
        ("HEAD", "/v2/models/flights/infer", 405, "POST, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(served, method, path, status, allow):
    answer = served.client.request(method, path, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["allow"]) == (status, allow)
    assert served.predict().status_code == 200


def test_head_is_get_without_its_body(served):
    for path in ("/health/ready", "/predict/flights", "/v2", "/docs/flights", "/openapi.json"):
        head, get = served.client.head(path), served.client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        if "content-encoding" not in get.headers:
            assert head.headers["content-length"] == str(len(get.content))
