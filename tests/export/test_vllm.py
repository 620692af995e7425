"""The script that starts vLLM: run by a real shell, with a program in vLLM's place that says what it is given."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.export.adapters import bundle_with, files

from loopwright import llm
from loopwright.export.adapter import Adapter, adapter_of
from loopwright.export.adapter_folder import write_adapter
from loopwright.export.vllm import start_script, upstream_line
from loopwright.store.backends.memory_blobs import MemoryBlobs


@pytest.fixture
def adapter() -> Adapter:
    blobs = MemoryBlobs()
    return adapter_of(blobs, "page-finder", bundle_with(blobs, files()))


def _given(adapter: Adapter, tmp_path: Path, *, base: str, **environment: str) -> list[str]:
    folder = tmp_path / "a folder"
    write_adapter(adapter, folder, beside={"start.sh": start_script(adapter, base=base)})
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "vllm"
    program.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    program.chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [str(folder / "start.sh")],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    given: list[str] = json.loads(done.stdout)
    return given


def test_vllm_is_started_with_the_adapter_from_wherever_the_script_is_called(adapter: Adapter, tmp_path: Path) -> None:
    given = _given(adapter, tmp_path, base="/models/my qwen; rm -rf x")
    assert given == [
        "serve", "/models/my qwen; rm -rf x", "--host", "127.0.0.1", "--port", "8000", "--enable-lora",
        "--max-lora-rank", "16", "--lora-modules", f"page-finder={tmp_path}/a folder/adapter",
    ]  # fmt: skip


def test_host_and_port_are_variables(adapter: Adapter, tmp_path: Path) -> None:
    given = _given(adapter, tmp_path, base="m", HOST="0.0.0.0", PORT="9000")
    assert given[2:6] == ["--host", "0.0.0.0", "--port", "9000"]


def test_the_upstream_s_line_is_what_a_loop_file_takes(adapter: Adapter) -> None:
    upstream = eval(upstream_line(adapter), {"llm": llm})
    assert (upstream.url, upstream.model, upstream.api) == ("http://127.0.0.1:8000/v1", "page-finder", "openai")
