"""`loopwright export`."""

import json
import textwrap
from pathlib import Path

import pytest
import yaml

from loopwright.cli.main import main

LOOP = """
    import json
    import loopwright as lw
    from loopwright import llm

    @lw.step
    def train() -> dict[str, bytes]:
        config = {"peft_type": "LORA", "r": 8, "base_model_name_or_path": "qwen3"}
        return {"adapter_config.json": json.dumps(config).encode(), "adapter_model.safetensors": b"w" * 5000}

    @lw.pipeline
    def tune():
        return {"adapter": train()}

    loop = lw.Loop(
        "finder", pipeline=tune, application=llm.Application(route=llm.Route(upstreams=(llm.builtin_model(),)))
    )
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "loop.py").write_text(textwrap.dedent(LOOP))
    assert main(["run", "--project", str(folder)]) == 0
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(["export", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def test_vllm_gets_the_adapter_s_files_and_a_script(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "out"
    shown = run(capsys, "vllm", "finder", "--base", "/models/q", "--to", str(to), "--project", str(project))
    assert 'llm.Upstream(name="finder", url="http://127.0.0.1:8000/v1", model="finder")' in shown
    assert (to / "adapter" / "adapter_model.safetensors").read_bytes() == b"w" * 5000
    assert "vllm serve /models/q" in (to / "start.sh").read_text()
    assert (to / "upstream.txt").read_text() in shown.replace("  llm", "llm")


def test_kserve_gets_a_manifest_with_the_version(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "out"
    said = json.loads(run(
        capsys, "kserve", "finder@champion", "--base-uri", "hf://a/b", "--adapter-uri", "s3://c/d", "--to", str(to),
        "--project", str(project), "--json",
    ))  # fmt: skip
    manifest = yaml.safe_load((to / "llminferenceservice.yaml").read_text())
    assert manifest["metadata"]["annotations"]["loopwright/version"] == said["version"]
    assert manifest["metadata"]["annotations"]["loopwright/application"] == "finder"
    assert len(said["version"]) == 64
    assert "llminferenceservice.yaml" in said["files"]


def test_a_version_by_its_digest_is_named_by_its_application(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = json.loads(run(
        capsys, "vllm", "finder", "--base", "q", "--to", str(tmp_path / "a"), "--project", str(project), "--json"
    ))  # fmt: skip
    again = json.loads(run(
        capsys, "vllm", first["version"], "--base", "q", "--to", str(tmp_path / "b"), "--project", str(project),
        "--json",
    ))  # fmt: skip
    assert again["upstream"] == first["upstream"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vllm", "nobody", "--base", "q"], "nobody"),
        (["vllm", "finder", "--base", "q", "--part", "weights"], "'weights'"),
        (["kserve", "finder", "--base-uri", "here", "--adapter-uri", "s3://c/d"], "KServe cannot read"),
    ],
)
def test_what_cannot_be_exported_is_said_and_nothing_is_written(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    to = tmp_path / "out"
    assert words in run(capsys, *arguments, "--to", str(to), "--project", str(project), code=1)
    assert not to.exists()
