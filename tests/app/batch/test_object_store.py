"""Tables in an object store, against a server that speaks S3."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.app.conftest import Project, rows

from loopwright.app.batch.asked import Asked
from loopwright.app.batch.run import score_batch
from loopwright.app.servers import free_ports

SERVER = os.environ.get("MOTO_SERVER") or shutil.which("moto_server")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty bucket."""
    if SERVER is None:
        pytest.skip("no moto_server on the path, and MOTO_SERVER names none")
    port = free_ports()
    with (tmp_path / "moto.log").open("wb") as log:
        server = subprocess.Popen([SERVER, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(urllib.request.Request(f"{address}/lake", method="PUT"), timeout=1).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield "s3://lake"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.slow
def test_objects_in_and_objects_out(project: Project, bucket: str) -> None:
    workspace = project.workspace()
    for number in range(2):
        rows(1_500, first=number * 1_500).write_parquet(f"{bucket}/in/{number}.parquet")

    whole = Asked(input=f"{bucket}/in/*.parquet", output=f"{bucket}/out/", part_rows=1_000)
    done = score_batch(workspace, whole, base=project.folder)
    single = Asked(input=f"{bucket}/in/0.parquet", output=f"{bucket}/one.parquet", part_rows=1_000)
    score_batch(workspace, single, base=project.folder)

    assert (done.rows, done.scored, done.parts) == (3_000, 3_000, 3)
    assert pl.read_parquet(f"{bucket}/out/*.parquet")["id"].to_list() == [*range(3_000)]
    assert pl.read_parquet(f"{bucket}/one.parquet")["id"].to_list() == [*range(1_500)]
    assert score_batch(workspace, whole, base=project.folder).again
