"""The gRPC service of one real worker, asked by stock tritonclient; and what nobody may do to it."""

import contextlib
import queue
import socket

import numpy as np
import pytest

grpc = pytest.importorskip("grpc", reason="the extra grpc is not installed")
triton = pytest.importorskip("tritonclient.grpc", reason="tritonclient is not installed")
from tests.web.certificates import Authority  # noqa: E402
from tritonclient.grpc import service_pb2, service_pb2_grpc  # noqa: E402
from tritonclient.utils import InferenceServerException  # noqa: E402

from loopwright.app.keys import new_key  # noqa: E402
from loopwright.app.workspace import open_workspace  # noqa: E402
from loopwright.core.access import Rate  # noqa: E402
from loopwright.serving.protocols.oip_messages import METHODS, messages  # noqa: E402


@pytest.fixture(scope="module")
def served(home, worker):
    home.arms(home.bundle())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with worker(home, LOOPWRIGHT_GRPC_PORT=str(port), LOOPWRIGHT_MAX_REQUEST_BYTES="200000") as process:
        process.ready()
        process.grpc = f"127.0.0.1:{port}"
        yield process


@pytest.fixture(scope="module")
def client(served):
    with triton.InferenceServerClient(served.grpc) as made:
        yield made


def tensor(name, values, datatype):
    made = triton.InferInput(name, [len(values)], datatype)
    dtype = {"BYTES": np.object_, "INT64": np.int64, "FP32": np.float32, "FP64": np.float64}[datatype]
    made.set_data_from_numpy(np.array(values, dtype=dtype))
    return made


def flights(rows=2, wind=1.5):
    return [
        tensor("flight_id", [f"f{n}" for n in range(rows)], "BYTES"),
        tensor("carrier", ["AA"] * rows, "BYTES"),
        tensor("distance", [500 + n for n in range(rows)], "INT64"),
        tensor("wind", [wind] * rows, "FP64"),
    ]


def test_health_and_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("flights")
    assert client.get_server_metadata().name == "loopwright"
    model = client.get_model_metadata("flights")
    assert [(tensor.name, tensor.datatype) for tensor in model.inputs] == [
        ("flight_id", "BYTES"), ("carrier", "BYTES"), ("distance", "INT64"), ("wind", "FP64")
    ]  # fmt: skip
    assert [tensor.name for tensor in model.outputs] == ["label", "score"]
    assert client.is_model_ready("flights", model.versions[0])
    assert not client.is_model_ready("flights", "0" * 64)
    assert [(m.name, m.state) for m in client.get_model_repository_index().models] == [("flights", "READY")]


def test_raw_tensors_are_answered_raw_and_as_the_plain_protocol_answers(client, served):
    result = client.infer("flights", flights(), request_id="mine")
    plain = served.client.post(
        "/predict/flights",
        json={"records": [{"flight_id": "x", "carrier": "AA", "distance": d, "wind": 1.5} for d in (500, 501)]},
    ).json()
    assert result.as_numpy("score").tolist() == [one["score"] for one in plain["predictions"]]
    assert result.as_numpy("label").dtype == bool
    response = result.get_response()
    assert response.id == "mine"
    assert len(response.raw_output_contents) == 2
    assert response.parameters["arm"].string_param == "champion"


def test_the_requests_are_in_the_request_log(client, home):
    id = client.infer("flights", flights(2)).get_response().parameters["request_id"].string_param
    assert {row["request_id"]: row["key"] for row in home.requests() if row["request_id"].startswith(id)} == {
        f"{id}.0": "f0", f"{id}.1": "f1"
    }  # fmt: skip


def test_typed_contents_are_answered_typed(served):
    request = service_pb2.ModelInferRequest(model_name="flights")
    for name, datatype, field, values in (
        ("flight_id", "BYTES", "bytes_contents", [b"a"]),
        ("carrier", "BYTES", "bytes_contents", [b"UA"]),
        ("distance", "INT32", "int_contents", [500]),
        ("wind", "FP32", "fp32_contents", [float("nan")]),
    ):
        said = request.inputs.add(name=name, datatype=datatype, shape=[1])
        getattr(said.contents, field).extend(values)
    with grpc.insecure_channel(served.grpc) as channel:
        response = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)
    label, score = response.outputs
    assert not response.raw_output_contents
    assert list(label.contents.bool_contents) == [score.contents.fp64_contents[0] >= 0.5]


def test_asked_outputs_versions_and_compression(client):
    version = client.get_model_metadata("flights").versions[0]
    result = client.infer(
        "flights", flights(), model_version=version, outputs=[triton.InferRequestedOutput("score")],
        compression_algorithm="gzip",
    )  # fmt: skip
    assert [output.name for output in result.get_response().outputs] == ["score"]


def test_many_asynchronous_requests(client):
    answers = queue.Queue()
    for _ in range(20):
        client.async_infer("flights", flights(1), callback=lambda result, error: answers.put((result, error)))
    got = [answers.get(timeout=20) for _ in range(20)]
    assert all(error is None for _, error in got)
    assert len({result.as_numpy("score")[0] for result, _ in got}) == 1


def test_a_stream_answers_each_request_and_outlives_one_that_fails(client):
    got = []
    client.start_stream(callback=lambda result, error: got.append((result, error)))
    for inputs in (flights(1), flights(1)[:2], flights(3)):
        client.async_stream_infer("flights", inputs)
    client.stop_stream()
    assert [error is None for _, error in got] == [True, False, True]
    assert "distance" in str(got[1][1])
    assert got[2][0].as_numpy("score").shape == (3,)


@pytest.mark.parametrize(
    ("ask", "status", "text"),
    [
        (lambda c: c.infer("trains", flights()), "NOT_FOUND", "trains"),
        (lambda c: c.infer("flights", flights(), model_version="0" * 64), "NOT_FOUND", "version"),
        (lambda c: c.infer("flights", flights()[:2]), "INVALID_ARGUMENT", "distance"),
        (lambda c: c.infer("flights", flights(wind=float("inf"))), "INVALID_ARGUMENT", "wind"),
        (
            lambda c: c.infer("flights", flights(), outputs=[triton.InferRequestedOutput("price")]),
            "INVALID_ARGUMENT",
            "price",
        ),
        (
            lambda c: c.infer("flights", flights(), outputs=[triton.InferRequestedOutput("score", class_count=2)]),
            "INVALID_ARGUMENT",
            "classification",
        ),
        (lambda c: c.infer("flights", flights(), timeout=1), "DEADLINE_EXCEEDED", "deadline"),
        (lambda c: c.infer("flights", [tensor("input", [1.0, 2.0], "FP64")]), "INVALID_ARGUMENT", ""),
        (lambda c: c.infer("flights", flights(20_000)), "RESOURCE_EXHAUSTED", ""),
        (lambda c: c.get_model_metadata("trains"), "NOT_FOUND", "trains"),
        (lambda c: c.get_model_config("flights"), "UNIMPLEMENTED", ""),
    ],
)
def test_an_error_names_its_cause(client, ask, status, text):
    with pytest.raises(InferenceServerException) as caught:
        ask(client)
    assert caught.value.status() == f"StatusCode.{status}"
    assert text in caught.value.message()
    assert client.infer("flights", flights(1)).as_numpy("score").shape == (1,)


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.raw_input_contents.append(b""),
        lambda r: r.raw_input_contents.extend([b"", b""]),
        lambda r: r.inputs[0].shape.extend([2, 2, 2]),
        lambda r: r.inputs[0].shape.pop(),
        lambda r: setattr(r.inputs[0], "datatype", "FP16"),
        lambda r: setattr(r.inputs[0], "datatype", "STRING"),
        lambda r: setattr(r.inputs[0], "datatype", "FP64"),
        lambda r: r.inputs[0].contents.int64_contents.append(1),
        lambda r: (
            r.inputs[0].parameters["shared_memory_region"].MergeFrom(service_pb2.InferParameter(string_param="x"))
        ),
        lambda r: r.inputs.pop(),
        lambda r: r.inputs.append(r.inputs[0]),
    ],
)
def test_a_request_that_contradicts_itself_is_refused(served, change):
    request = service_pb2.ModelInferRequest(model_name="flights")
    said = request.inputs.add(name="distance", datatype="INT64", shape=[1])
    said.contents.int64_contents.append(5)
    change(request)
    with grpc.insecure_channel(served.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_rubbish_is_no_message_and_hurts_nobody(served, client):
    with grpc.insecure_channel(served.grpc) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for rubbish in (b"\xff" * 100, b"\x0a\xff", bytes(range(256))):
            with pytest.raises(grpc.RpcError) as caught:
                ask(rubbish)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    host, port = served.grpc.split(":")
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 64):
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(rubbish)
    assert client.infer("flights", flights(1)).as_numpy("score").shape == (1,)


def test_a_wrong_key_is_as_good_as_none_on_loopback_and_a_good_one_passes(client, home):
    for authorization in ("Bearer no", f"Bearer {home.token}"):
        client.infer("flights", flights(1), headers={"authorization": authorization})


def test_over_tls_a_client_shows_a_certificate_where_the_settings_ask_for_one(
    second_home, worker, tmp_path, wait_until
):
    authority = Authority(tmp_path)
    (certificate, key), (mine, my_key) = authority.issue("server"), authority.issue("client")
    second_home.arms(second_home.bundle())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {
        "LOOPWRIGHT_GRPC_PORT": str(port), "LOOPWRIGHT_TLS_CERTIFICATE": str(certificate),
        "LOOPWRIGHT_TLS_KEY": str(key), "LOOPWRIGHT_TLS_CLIENT_CA": str(authority.path),
    }  # fmt: skip
    ca, chain, private = authority.path.read_bytes(), mine.read_bytes(), my_key.read_bytes()
    shown = grpc.ssl_channel_credentials(ca, private_key=private, certificate_chain=chain)
    with worker(second_home, **given):
        with triton.InferenceServerClient(f"localhost:{port}", creds=shown) as client:

            def ready():
                try:
                    assert client.is_server_ready()
                except InferenceServerException as error:
                    raise AssertionError from error

            wait_until(ready)
            assert client.infer("flights", flights(1)).as_numpy("score").shape == (1,)
        for without in (
            {"creds": grpc.ssl_channel_credentials(ca)},
            {},
        ):
            with (
                triton.InferenceServerClient(f"localhost:{port}", **without) as client,
                pytest.raises(InferenceServerException),
            ):
                client.infer("flights", flights(1), client_timeout=3)


def test_over_tls_a_renewed_certificate_is_shown_to_new_connections(second_home, worker, tmp_path, wait_until):
    authority, another = Authority(tmp_path), Authority(tmp_path, "another")
    certificate, key = authority.issue("server")
    second_home.arms(second_home.bundle())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {
        "LOOPWRIGHT_GRPC_PORT": str(port), "LOOPWRIGHT_TLS_CERTIFICATE": str(certificate),
        "LOOPWRIGHT_TLS_KEY": str(key),
    }  # fmt: skip

    def ready(ca):
        creds = grpc.ssl_channel_credentials(ca.path.read_bytes())
        with triton.InferenceServerClient(f"localhost:{port}", creds=creds) as client:
            try:
                assert client.is_server_ready()
            except InferenceServerException as error:
                raise AssertionError from error

    with worker(second_home, "--name", "renewed", **given):
        wait_until(lambda: ready(authority))
        for target, source in zip((certificate, key), another.issue("renewed"), strict=True):
            target.write_bytes(source.read_bytes())
        wait_until(lambda: ready(another), 10)


def test_other_machines_need_a_key_that_is_good_for_predictions(second_home, worker, wait_until):
    second_home.arms(second_home.bundle())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with contextlib.closing(open_workspace(second_home.path.parent)) as workspace:
        good = new_key(workspace, "good", scopes=("predict",), rate=Rate.parse("3/h")).secret
        wrong = new_key(workspace, "wrong", scopes=("feedback",)).secret
    given = {"LOOPWRIGHT_GRPC_PORT": str(port), "LOOPWRIGHT_ALLOWED_HOSTS": "models.example,127.0.0.1"}
    with worker(second_home, "--host", "0.0.0.0", "--name", "open", **given) as process:
        process.ready()
        with triton.InferenceServerClient(f"127.0.0.1:{port}") as client:

            def status(secret=None):
                headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
                try:
                    client.infer("flights", flights(1), headers=headers)
                except InferenceServerException as error:
                    return error.status().removeprefix("StatusCode.")
                return "OK"

            assert client.is_server_ready()
            assert [status(), status("no"), status(wrong)] == ["UNAUTHENTICATED"] * 2 + ["PERMISSION_DENIED"]
            assert [status(good) for _ in range(4)] == ["OK"] * 3 + ["RESOURCE_EXHAUSTED"]
            errors = []
            client.start_stream(callback=lambda result, error: errors.append(error))
            with contextlib.suppress(InferenceServerException):  # the client may know already that it is refused
                client.async_stream_infer("flights", flights(1))
            wait_until(lambda: errors[0])
            assert "UNAUTHENTICATED" in str(errors[0].status())


def test_a_callers_own_deadline_ends_the_request_here_too(second_home, worker, faulty, wait_until):
    second_home.arms(second_home.bundle(code=faulty))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    slow = flights(1)
    slow[2] = tensor("distance", [662], "INT64")
    with worker(second_home, LOOPWRIGHT_GRPC_PORT=str(port)) as process:
        process.ready()
        with (
            triton.InferenceServerClient(f"127.0.0.1:{port}") as client,
            pytest.raises(InferenceServerException) as caught,
        ):
            client.infer("flights", slow, client_timeout=0.5)
        assert caught.value.status() == "StatusCode.DEADLINE_EXCEEDED"

        def logged():
            (row,) = [row for row in second_home.requests() if row["error"] is not None]
            return row

        row = wait_until(logged)
        assert (row["status"], row["error"]) == (504, "LW503")
        assert row["latency_us"] < 3_000_000


def test_a_port_that_is_taken_is_named(home, capfd, worker):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        late = worker(home, "--name", "late", LOOPWRIGHT_GRPC_PORT=str(taken.getsockname()[1]))
        assert late.child.wait(timeout=20) == 1
    late.client.close()
    late.child.stdin.close()
    said = capfd.readouterr().err
    assert "LW107" in said
    assert "grpc_port" in said
    assert "Traceback" not in said


def kinds(message):
    """Every field of a message and of those within it: name → number, type, whether repeated."""
    made = {f.name: (f.number, f.type, f.is_repeated) for f in message.fields if f.name != "parameters"}
    made |= {f.name: (f.number, "parameters") for f in message.fields if f.name == "parameters"}
    return made | {inner.name: kinds(inner) for inner in message.nested_types if not inner.GetOptions().map_entry}


@pytest.mark.parametrize(
    "name",
    [f"{method}{end}" for method in METHODS for end in ("Request", "Response")]
    + ["InferTensorContents", "ModelStreamInferResponse"],
)
def test_the_messages_are_those_of_the_clients_that_people_use(name):
    theirs = kinds(getattr(service_pb2, name).DESCRIPTOR)
    for field, ours in kinds(messages()[name].DESCRIPTOR).items():
        assert theirs[field] == ours, field


def test_parameters_are_those_of_the_clients_that_people_use():
    theirs = {f.name: (f.number, f.type) for f in service_pb2.InferParameter.DESCRIPTOR.fields}
    assert {f.name: (f.number, f.type) for f in messages()["InferParameter"].DESCRIPTOR.fields} == theirs
