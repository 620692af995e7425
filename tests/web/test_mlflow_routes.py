"""MLflow's scoring protocol, as its stock client and SageMaker's health check ask it."""

import json

import pytest

EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}
ROWS = [EXAMPLE, EXAMPLE | {"distance": 1500, "wind": None}]
NAMES = list(EXAMPLE)
DATA = [list(row.values()) for row in ROWS]


@pytest.fixture(scope="module")
def served(home, worker):
    home.arms(home.bundle())
    with worker(home, LOOPWRIGHT_MAX_REQUEST_BYTES="300000") as process:
        process.ready()
        yield process


@pytest.fixture(scope="module")
def expected(served):
    said = served.client.post("/predict/flights", json={"records": ROWS}).json()
    return {"predictions": [one["prediction"] for one in said["predictions"]]}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "data": DATA, "index": [0, 1]}},
        {"dataframe_records": ROWS},
        {"instances": ROWS},
        {"instances": DATA},
        {"inputs": {name: [row[name] for row in ROWS] for name in NAMES}},
        {"inputs": ROWS, "params": {"any": 1}},
    ],
)
def test_each_payload_is_answered(served, expected, body):
    answer = served.client.post("/invocations", json=body)
    assert (answer.status_code, answer.json()) == (200, expected)


def test_csv_and_the_nan_that_mlflows_client_writes_are_answered(served, expected):
    text = "carrier,distance,flight_id,wind,more\nAA,500,f1,3.5,x\nAA,1500,f1,,y\n"
    answer = served.client.post("/invocations", content=text, headers={"content-type": "text/csv; charset=utf-8"})
    assert answer.json() == expected
    nan = json.dumps({"dataframe_split": {"columns": NAMES, "data": [DATA[0], [*DATA[1][:-1], float("nan")]]}})
    answer = served.client.post("/invocations", content=nan, headers={"content-type": "application/json"})
    assert answer.json() == expected


def test_ping_health_and_version(served):
    for path in ("/ping", "/health"):
        assert (served.client.get(path).status_code, served.client.get(path).text) == (200, "\n")
    assert served.client.get("/version").text.count(".") >= 2


@pytest.mark.parametrize(
    ("content", "content_type", "query", "status", "error_code", "text"),
    [
        (b"{", "application/json", "", 400, "BAD_REQUEST", "not JSON"),
        (b"[]", "application/json", "", 400, "BAD_REQUEST", "dataframe_split"),
        (b'{"instances": [], "inputs": []}', "application/json", "", 400, "BAD_REQUEST", "exactly one"),
        (b'{"inputs": [{"carrier": "AA"}]}', "application/json", "", 400, "BAD_REQUEST", "flight_id"),
        (json.dumps({"inputs": [EXAMPLE | {"distance": "far"}]}).encode(), "application/json", "", 400, "BAD_REQUEST",
         "distance"),
        (json.dumps({"inputs": [EXAMPLE | {"wind": float("inf")}]}).encode(), "application/json", "", 400,
         "BAD_REQUEST", "wind"),
        (b"flight_id,carrier,distance\nx,AA,far", "text/csv", "", 400, "BAD_REQUEST", "distance"),
        (b"a", "application/x-parquet", "", 415, "BAD_REQUEST", "text/csv"),
        (b"a", "text/csv; charset=latin-1", "", 415, "BAD_REQUEST", "UTF-8"),
        (b" " * 300_001, "text/csv", "", 413, "BAD_REQUEST", "limit"),
        (b"{}", "application/json", "?endpoint=trains", 404, "ENDPOINT_NOT_FOUND", "flights"),
    ],
)  # fmt: skip
def test_an_error_is_in_mlflows_form(served, content, content_type, query, status, error_code, text):
    answer = served.client.post(f"/invocations{query}", content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error_code"]) == (status, error_code)
    assert text in answer.json()["message"]
    assert set(answer.json()) == {"error_code", "message"}


def test_an_endpoint_may_be_named(served, expected):
    assert served.client.post("/invocations?endpoint=flights", json={"inputs": ROWS}).json() == expected


def test_of_several_endpoints_one_must_be_named(second_home, worker):
    second_home.arms(second_home.bundle())
    with worker(second_home, "--endpoint", "trains") as process:
        answer = process.client.post("/invocations", json={"inputs": ROWS})
        assert (answer.status_code, "?endpoint=" in answer.json()["message"]) == (400, True)
        assert process.client.get("/ping").status_code == 503
