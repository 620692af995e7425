"""The Open Inference Protocol over HTTP, asked by stock tritonclient in JSON and in binary form."""

import gzip
import json
import struct
import zlib

import numpy as np
import pytest

triton = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
from tritonclient.utils import InferenceServerException  # noqa: E402

from loopwright.core.schema import Column, Signature  # noqa: E402

DTYPES = {"BYTES": np.object_, "INT64": np.int64, "INT32": np.int32, "FP32": np.float32, "FP64": np.float64}


@pytest.fixture(scope="module")
def served(home, worker):
    home.arms(home.bundle())
    with worker(home, LOOPWRIGHT_MAX_REQUEST_BYTES="500000") as process:
        process.ready()
        yield process


@pytest.fixture(scope="module")
def client(served):
    url = served.client.base_url
    with triton.InferenceServerClient(f"{url.host}:{url.port}", concurrency=4) as made:
        yield made


def tensor(name, values, datatype, *, binary=True):
    made = triton.InferInput(name, [len(values)], datatype)
    made.set_data_from_numpy(np.array(values, dtype=DTYPES[datatype]), binary_data=binary)
    return made


def flights(rows=2, wind=1.5, **how):
    return [
        tensor("flight_id", [f"f{n}" for n in range(rows)], "BYTES", **how),
        tensor("carrier", ["AA"] * rows, "BYTES", **how),
        tensor("distance", [500 + n for n in range(rows)], "INT64", **how),
        tensor("wind", [wind] * rows, "FP64", **how),
    ]


def plain_scores(served, distances):
    records = [{"flight_id": "x", "carrier": "AA", "distance": d, "wind": 1.5} for d in distances]
    said = served.client.post("/predict/flights", json={"records": records}).json()
    return [one["score"] for one in said["predictions"]]


def test_health_metadata_index_and_config(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("flights")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    model = client.get_model_metadata("flights")
    (version,) = model["versions"]
    assert client.is_model_ready("flights", version)
    assert client.get_model_metadata("flights", version[:8])["inputs"] == model["inputs"]
    index = client.get_model_repository_index()
    assert [(said["name"], said["version"], said["state"]) for said in index] == [("flights", version, "READY")]
    config = client.get_model_config("flights")
    assert [(said["name"], said["data_type"]) for said in config["input"]][:2] == [
        ("flight_id", "TYPE_STRING"), ("carrier", "TYPE_STRING")
    ]  # fmt: skip


@pytest.mark.parametrize("out", [True, False])
@pytest.mark.parametrize("into", [True, False])
def test_json_and_binary_tensors_both_ways_say_the_same(client, served, into, out):
    wanted = [triton.InferRequestedOutput(name, binary_data=out) for name in ("score", "label")]
    result = client.infer("flights", flights(3, binary=into), outputs=wanted, request_id="mine")
    assert result.as_numpy("score").tolist() == plain_scores(served, [500, 501, 502])
    assert result.as_numpy("label").tolist() == [score >= 0.5 for score in result.as_numpy("score")]
    assert result.get_response()["id"] == "mine"
    assert all(("data" in said) is not out for said in result.get_response()["outputs"])


def test_all_outputs_are_binary_where_none_is_named(client):
    assert all("data" not in said for said in client.infer("flights", flights()).get_response()["outputs"])


@pytest.mark.parametrize("back", [None, "gzip", "deflate"])
@pytest.mark.parametrize("there", [None, "gzip", "deflate"])
def test_compressed_requests_and_answers(client, served, there, back):
    result = client.infer(
        "flights", flights(300), request_compression_algorithm=there, response_compression_algorithm=back
    )
    assert result.as_numpy("score").tolist() == plain_scores(served, range(500, 800))


def test_an_answer_is_compressed_only_where_it_is_worth_it(served):
    def infer(rows):
        inputs = [
            {"name": name, "shape": [rows], "datatype": kind, "data": [value] * rows}
            for name, kind, value in (
                ("flight_id", "BYTES", "a"), ("carrier", "BYTES", "AA"), ("distance", "INT64", 5), ("wind", "FP64", 1)
            )
        ]  # fmt: skip
        return served.client.post(
            "/v2/models/flights/infer", json={"inputs": inputs}, headers={"accept-encoding": "br, gzip;q=0.5"}
        )

    assert "content-encoding" not in infer(1).headers
    assert infer(200).headers["content-encoding"] == "gzip"
    assert infer(200).json()["outputs"][0]["shape"] == [200]


def test_many_asynchronous_requests(client):
    asked = [client.async_infer("flights", flights(1)) for _ in range(20)]
    assert len({one.get_result().as_numpy("score")[0] for one in asked}) == 1


def test_near_datatypes_and_columns_of_one(client, served):
    inputs = flights(2)
    inputs[2] = triton.InferInput("distance", [2, 1], "INT32")
    inputs[2].set_data_from_numpy(np.array([[500], [501]], dtype=np.int32))
    inputs[3] = tensor("wind", [1.5, 1.5], "FP32")
    assert client.infer("flights", inputs).as_numpy("score").tolist() == plain_scores(served, [500, 501])


def test_nan_in_a_binary_tensor_is_null(client, served):
    said = client.infer("flights", flights(1, wind=float("nan"))).as_numpy("score")
    assert said.tolist() == [served.predict(wind=None).json()["score"]]


@pytest.mark.parametrize(
    ("ask", "status", "text"),
    [
        (lambda c: c.infer("trains", flights()), 404, "trains"),
        (lambda c: c.infer("flights", flights(), model_version="0" * 64), 404, "version"),
        (lambda c: c.infer("flights", flights()[:2]), 422, "distance"),
        (lambda c: c.infer("flights", flights(wind=float("inf"))), 422, "wind"),
        (lambda c: c.infer("flights", flights(), outputs=[triton.InferRequestedOutput("price")]), 422, "price"),
        (
            lambda c: c.infer("flights", flights(), outputs=[triton.InferRequestedOutput("score", class_count=2)]),
            400,
            "classification",
        ),
        (lambda c: c.infer("flights", flights(), timeout=1), 504, "deadline"),
        (lambda c: c.infer("flights", flights(10_001)), 400, "10001 records"),
        (lambda c: c.infer("flights", flights(50_000)), 413, "limit"),
        (
            lambda c: c.infer("flights", flights(50_000), request_compression_algorithm="gzip"),
            413,
            "limit",
        ),
        (lambda c: c.infer("flights", [tensor("input", [1.0, 2.0], "FP64")]), 422, "input"),
        (lambda c: c.get_model_metadata("trains"), 404, "trains"),
        (lambda c: c.load_model("flights"), 400, "release"),
        (lambda c: c.get_inference_statistics("flights"), 404, "metrics"),
    ],
)  # fmt: skip
def test_an_error_names_its_cause(client, ask, status, text):
    with pytest.raises(InferenceServerException) as caught:
        ask(client)
    assert (caught.value.status(), text in caught.value.message()) == (str(status), True), caught.value.message()
    assert client.infer("flights", flights(1)).as_numpy("score").shape == (1,)


BODY = json.dumps({"inputs": []}).encode()
HOSTILE = {
    "no length": (BODY + b"\0\0\0", {}),
    "a length past the end": (BODY, {"inference-header-content-length": "999"}),
    "a length that is no number": (BODY, {"inference-header-content-length": "+5"}),
    "two inputs in the same bytes": (
        json.dumps({"inputs": [
            {"name": name, "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}} for name in "ab"
        ]}).encode() + b"\0" * 8,
        {"inference-header-content-length": "?"},
    ),
    "gzip that is none": (b"no", {"content-encoding": "gzip"}),
    "gzip that ends early": (gzip.compress(BODY)[:-9], {"content-encoding": "gzip"}),
    "gzip that goes on": (gzip.compress(BODY) + b"x", {"content-encoding": "gzip"}),
    "a bomb": (zlib.compress(b"\0" * 50_000_000), {"content-encoding": "deflate"}),
    "an unknown encoding": (BODY, {"content-encoding": "br"}),
    "a form": (b"a=b", {"content-type": "application/x-www-form-urlencoded"}),
    "a huge shape": (
        json.dumps({"inputs": [{"name": "a", "shape": [2**62, 4], "datatype": "INT8", "data": [1]}]}).encode(), {}
    ),
    "a shape of thousands": (
        json.dumps({"inputs": [{"name": "a", "shape": [1] * 5000, "datatype": "INT8", "data": [1]}]}).encode(), {}
    ),
    "an element longer than the body": (
        b'{"inputs":[{"name":"carrier","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":4}}]}'
        + struct.pack("<I", 2**32 - 1),
        {"inference-header-content-length": "?"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_a_hostile_body_gets_one_clear_error(served, body):
    content, headers = HOSTILE[body]
    headers = {"content-type": "application/json"} | headers
    if headers.get("inference-header-content-length") == "?":
        headers["inference-header-content-length"] = str(content.index(b"]}") + 2 if b"]}" in content else 0)
    answer = served.client.post("/v2/models/flights/infer", content=content, headers=headers)
    assert answer.status_code in (400, 413, 415, 422), answer.text
    assert list(answer.json()) == ["error"]
    assert served.predict().status_code == 200


NUMBERS = (Column(name="a", kind="float", nullable=True), Column(name="b", kind="int"), Column(name="c", kind="bool"))
NUMERIC = Signature(task="multiclass", request=NUMBERS, features=NUMBERS, classes=("x", "y", "z"))


@pytest.fixture(scope="module")
def table(second_home, worker):
    second_home.arms(second_home.numeric_bundle(NUMERIC))
    with worker(second_home) as process:
        process.ready()
        yield process


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("binary", [True, False])
def test_one_table_of_all_numeric_columns(table, binary, dtype):
    url = table.client.base_url
    rows = np.array([[0.5, 3, 0], [-1.5, 7, 1]], dtype=dtype)
    given = triton.InferInput("input", rows.shape, {np.float32: "FP32", np.float64: "FP64"}[dtype])
    given.set_data_from_numpy(rows, binary_data=binary)
    with triton.InferenceServerClient(f"{url.host}:{url.port}") as client:
        result = client.infer("flights", [given])
    records = [{"a": 0.5, "b": 3, "c": False}, {"a": -1.5, "b": 7, "c": True}]
    plain = table.client.post("/predict/flights", json=records).json()["predictions"]
    assert result.as_numpy("probabilities").tolist() == [one["probabilities"] for one in plain]
    assert [label.decode() for label in result.as_numpy("label")] == [one["prediction"] for one in plain]
