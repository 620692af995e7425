"""The routes, doors and limits of a worker, over real HTTP to one real process; and what nobody may do to it."""

import asyncio
import json
import socket

import httpx
import pytest

from loopwright.errors import InternalError
from loopwright.web.auth import ANYONE
from loopwright.web.inference import HttpLimits, InferenceServer, Served

EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}


@pytest.fixture(scope="module")
def served(home, worker):
    home.arms(home.bundle())
    with worker(home) as process:
        process.ready()
        yield process


def post(served, content, **headers):
    return served.client.post(
        "/predict/flights", content=content, headers={"content-type": "application/json"} | headers
    )


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "LW206"),
        (b"{", 422, "LW206"),
        (b"[" * 200_000, 422, "LW206"),
        (b'{"distance": NaN}', 422, "LW206"),
        (json.dumps(EXAMPLE | {"distance": "far"}).encode(), 422, "LW206"),
        (json.dumps(EXAMPLE | {"distance": 10**40}).encode(), 422, "LW206"),
        (json.dumps(EXAMPLE | {"__class__": "x"}).encode(), 422, "LW206"),
        (json.dumps({"records": [EXAMPLE, EXAMPLE | {"distance": 0}]}).encode(), 422, "LW206"),
        (json.dumps({"records": [EXAMPLE] * 10_001}).encode(), 400, "LW105"),
        (b" " * 9_000_000, 413, "LW509"),
    ],
)
def test_a_hostile_body_gets_one_clear_error(served, content, status, code):
    answer = post(served, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {"what", "why", "fix"} <= set(answer.json())
    assert "Traceback" not in answer.text
    assert served.predict().status_code == 200


def test_a_refusal_names_field_and_rule(served):
    said = served.predict(distance=0).json()
    assert (said["context"]["field"], said["context"]["rule"]) == ("distance", "minimum")
    many = post(served, json.dumps({"records": [EXAMPLE, EXAMPLE | {"distance": 0}]}).encode()).json()
    assert many["context"]["record"] == 1


def test_a_body_that_never_says_its_length_is_cut_off(served):
    def endless():
        for _ in range(200):
            yield b" " * 65_536

    answer = served.client.post("/predict/flights", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_several_records_are_answered_in_order(served, home):
    answer = post(served, json.dumps({"records": [EXAMPLE | {"flight_id": f"m{n}"} for n in range(3)]}).encode()).json()
    ids = [one["request_id"] for one in answer["predictions"]]
    assert ids == [f"{answer['request_id']}.{n}" for n in range(3)]
    logged = {row["request_id"]: row["key"] for row in home.requests()}
    assert [logged[id] for id in ids] == ["m0", "m1", "m2"]


def test_a_callers_fresh_random_id_is_kept_and_any_other_is_replaced(served):
    mine = "0123456789abcdef" * 2
    assert post(served, json.dumps(EXAMPLE), **{"x-request-id": mine}).json()["request_id"] == mine
    again = post(served, json.dumps(EXAMPLE), **{"x-request-id": mine}).json()["request_id"]
    guessable = post(served, json.dumps(EXAMPLE), **{"x-request-id": "1"}).json()["request_id"]
    assert again.startswith("req_")
    assert guessable.startswith("req_")
    assert again != guessable


def test_get_shows_the_contract_and_an_example_that_works(served):
    shown = served.client.get("/predict/flights").json()
    assert [column["name"] for column in shown["inputs"]] == ["flight_id", "carrier", "distance", "wind"]
    assert served.client.post("/predict/flights", json=shown["example"]).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict/trains", 404),
        ("DELETE", "/predict/flights", 405),
        ("GET", "/health/live", 200),
        ("GET", "/health/startup", 200),
        ("GET", "/health/ready", 200),
        ("GET", "/health/other", 404),
        ("GET", "/metrics", 401),
        ("GET", "/version", 200),
        ("GET", "/ping", 200),
        ("GET", "/nowhere", 401),
    ],
)
def test_routes(served, method, path, status):
    answer = served.client.request(method, path)
    assert answer.status_code == status
    assert answer.status_code == 200 or answer.json()["fix"]


def test_the_homes_token_opens_the_rest(served, home):
    key = {"authorization": f"Bearer {home.token}"}
    served.predict()
    assert post(served, json.dumps({})).status_code == 422
    text = served.client.get("/metrics", headers=key).text
    assert 'loopwright_requests_total{arm="champion",endpoint="flights"' in text
    assert 'cause="LW206"' in text
    assert served.client.get("/nowhere", headers=key).status_code == 404
    assert served.client.get("/metrics", headers={"authorization": "Bearer no"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:80"},
        {"host": ""},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_browser_sent_by_another_site_is_turned_away(served, headers):
    answer = post(served, json.dumps(EXAMPLE), **headers)
    assert answer.status_code in (400, 403)
    assert "score" not in answer.text


def test_a_form_is_not_json(served):
    answer = served.client.post("/predict/flights", content=json.dumps(EXAMPLE), headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_the_clock_of_a_home_that_is_not_for_replay_cannot_be_set(served):
    answer = post(served, json.dumps(EXAMPLE), **{"loopwright-clock": "1000"})
    assert (answer.status_code, answer.json()["code"]) == (403, "LW510")


def test_the_open_inference_protocol_answers(served):
    infer = {
        "id": "mine",
        "inputs": [
            {"name": "flight_id", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]},
            {"name": "carrier", "shape": [2], "datatype": "BYTES", "data": ["AA", "UA"]},
            {"name": "distance", "shape": [2], "datatype": "INT64", "data": [500, 600]},
            {"name": "wind", "shape": [2], "datatype": "FP64", "data": [1.5, None]},
        ],
    }
    client = served.client
    model = client.get("/v2/models/flights").json()
    (version,) = model["versions"]
    assert client.get("/v2").json()["name"] == "loopwright"
    assert client.get("/v2/health/live").json()["live"] is True
    assert client.get("/v2/health/ready").json()["ready"] is True
    assert client.get("/v2/models/flights/ready").json() == {"name": "flights", "ready": True}
    assert client.get(f"/v2/models/flights/versions/{version}/ready").status_code == 200
    assert client.get("/v2/models/flights/versions/nope/ready").status_code == 503
    for path in ("/v2/models/flights/infer", f"/v2/models/flights/versions/{version}/infer"):
        said = client.post(path, json=infer).json()
        assert (said["id"], said["model_version"]) == ("mine", version)
        assert {output["name"]: output["shape"] for output in said["outputs"]} == {"label": [2], "score": [2]}
    wrong = client.post("/v2/models/flights/infer", json={"inputs": infer["inputs"][:2]})
    assert (wrong.status_code, list(wrong.json())) == (422, ["error"])
    assert "distance" in wrong.json()["error"]
    assert list(client.get("/v2/models/trains").json()) == ["error"]


def test_rubbish_on_the_wire_does_not_hurt_the_next_request(served):
    url = served.client.base_url
    for rubbish in (b"\x16\x03\x01\x02\x00" * 50, b"GET / HTTP/9.9\r\n\r\n", b"POST /predict/flights HTTP/1.1\r\n\r\n"):
        with socket.create_connection((url.host, url.port)) as raw:
            raw.sendall(rubbish)
    assert served.predict().status_code == 200


class Stuck:
    """An endpoint that answers when told to."""

    name = "flights"
    arms = None

    def __init__(self):
        self.let_go = asyncio.Event()

    async def answer(self, call):
        await self.let_go.wait()
        raise RuntimeError("a bug that quotes a row")


class Open:
    """A door that lets everything pass."""

    def admit(self, method, headers, **how):
        return ANYONE


class Now:
    replay = False

    def monotonic(self):
        return 0.0


class Ids:
    def of(self, given):
        return "r1"


def test_over_the_limit_comes_503_and_a_bug_comes_as_500_that_tells_nothing():
    async def run():
        stuck = Stuck()
        app = InferenceServer(
            Served(
                endpoints={"flights": stuck}, doors=Open(), clock=Now(), ids=Ids(), scrape=None, failures=dict,
                limits=HttpLimits(in_flight=1),
            )
        )  # fmt: skip
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            first = asyncio.create_task(client.post("/predict/flights", json=EXAMPLE))
            await asyncio.sleep(0.01)
            over = await client.post("/predict/flights", json=EXAMPLE)
            live = await client.get("/health/live")
            ready = await client.get("/health/ready")
            stuck.let_go.set()
            return over, live, ready, await first

    over, live, ready, bug = asyncio.run(run())
    assert (over.status_code, over.headers["retry-after"], over.json()["code"]) == (503, "1", "LW502")
    assert (live.status_code, ready.status_code) == (200, 503)
    assert (bug.status_code, bug.json()["code"]) == (500, InternalError.code)
    assert "quotes a row" not in bug.text


def test_a_caller_that_goes_away_is_no_error():
    sent = []

    async def run():
        app = InferenceServer(
            Served(
                endpoints={"flights": Stuck()}, doors=Open(), clock=Now(), ids=Ids(), scrape=None, failures=dict,
                limits=HttpLimits(),
            )
        )  # fmt: skip

        async def receive():
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/predict/flights", "headers": []}
        await app(scope, receive, send)

    asyncio.run(run())
    assert sent == []
