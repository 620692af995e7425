"""The OpenAPI document is true: schemathesis asks a real worker all that the document says, and what it forbids."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from loopwright.core.schema import Column, Signature
from loopwright.serving.door import Door
from loopwright.web.json_schemas import record_schema
from loopwright.web.openapi import Described, document

SCHEMATHESIS = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
EVERY_KIND = (
    Column(name="id", kind="string"),
    Column(name="at", kind="datetime"),
    Column(name="carrier", kind="category", categories=("AA", "UA"), closed=True),
    Column(name="gate/~ 1", kind="category", categories=("A", "B"), nullable=True),
    Column(name="seats", kind="int", minimum=0, exclusive_minimum=True, maximum=853, nullable=True),
    Column(name="share", kind="float", minimum=-1.5, maximum=1.5, exclusive_maximum=True),
    Column(name="raining", kind="bool", nullable=True),
)
EXAMPLE = {"id": "a", "at": "2026-01-01T00:00:00Z", "carrier": "AA", "seats": 3, "share": 0.5}


@pytest.fixture(scope="module")
def served(home, worker):
    signature = Signature(
        task="multiclass",
        request=EVERY_KIND,
        features=(EVERY_KIND[5], EVERY_KIND[4], EVERY_KIND[6]),
        classes=("x", "y", "z"),
        event_time="at",
        key="id",
    )
    home.arms(home.numeric_bundle(signature, EXAMPLE))
    with worker(home) as process:
        process.ready()
        yield process


def ask_all(served, tmp_path, examples, *options):
    if SCHEMATHESIS is None:
        pytest.skip("schemathesis is not installed")
    command = [
        SCHEMATHESIS, "run", f"{served.client.base_url}/openapi.json", "--max-examples", str(examples),
        "--generation-deterministic", "--no-color",
    ]  # fmt: skip
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert served.child.poll() is None
    assert served.ready()


# What a tensor or a CSV must hold is more than a schema can say, so that these two may refuse what fits theirs.
VAGUE = ("--include-path", "/invocations", "--include-path", "/v2/models/{name}/infer")
EXACT = ("--exclude-path", "/invocations", "--exclude-path", "/v2/models/{name}/infer")


def test_the_document_is_true(served, tmp_path):
    ask_all(served, tmp_path, 5, "--phases", "examples,fuzzing", *EXACT)


def test_what_a_schema_cannot_say_wholly_is_refused_and_never_fails(served, tmp_path):
    ask_all(served, tmp_path, 5, "--phases", "fuzzing", "--exclude-checks", "positive_data_acceptance", *VAGUE)


@pytest.mark.slow
def test_the_document_is_true_in_every_corner(served, tmp_path):
    ask_all(served, tmp_path, 100, *EXACT)
    ask_all(served, tmp_path, 100, "--exclude-checks", "positive_data_acceptance", *VAGUE)


def test_a_flagging_door_is_described_as_one():
    signature = Signature(task="regression", request=EVERY_KIND, features=EVERY_KIND)
    lenient = record_schema(signature, EXAMPLE, strict=False)
    assert "required" not in lenient
    assert "additionalProperties" not in lenient
    assert lenient["properties"]["seats"]["maximum"] == 2**63 - 1
    assert lenient["properties"]["carrier"]["type"] == ["string", "null"]
    assert "enum" not in lenient["properties"]["carrier"]
    assert Door(signature, "flag").check({**EXAMPLE, "seats": 2**62, "carrier": "ZZ", "more": 1}).flags


def test_of_several_endpoints_one_is_named_for_mlflow():
    signature = Signature(task="regression", request=EVERY_KIND, features=EVERY_KIND)
    both = [Described(name=n, version="v", signature=signature, example=EXAMPLE, strict=True) for n in ("a", "b")]
    said = document(both)
    (parameter,) = said["paths"]["/invocations"]["post"]["parameters"]
    assert (parameter["required"], parameter["schema"]["enum"]) == (True, ["a", "b"])
    assert {"/predict/a", "/predict/b", "/predict/b/versions/{version}"} <= set(said["paths"])
    assert json.loads(msgspec.json.encode(document([])))["paths"]["/v2"]
