"""`loopwright export vllm | kserve`."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from loopwright.app.versions import resolve_version
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line
from loopwright.export.adapter import Adapter, adapter_of
from loopwright.export.adapter_folder import write_adapter
from loopwright.export.kserve import inference_service
from loopwright.export.vllm import start_script, upstream_line
from loopwright.export.yaml_text import yaml_text

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Version = Annotated[str, typer.Argument(help="NAME@ALIAS, NAME (its champion), or a version's digest.")]
To = Annotated[Path, typer.Option("--to", help="The folder to write; it must not exist, or be empty.")]
Part = Annotated[str, typer.Option(help="The part of the bundle that holds the adapter.")]
Project = Annotated[Path, typer.Option(help="The project's folder.")]


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written.

    Attributes:
        folder: Where.
        version: The application's version.
        files: Paths in the folder.
        upstream: The line that points a route at what serves it.
    """

    folder: str
    version: str
    files: tuple[str, ...]
    upstream: str


@app.callback()
def _noun() -> None:
    """Write what other systems serve a fine-tuned adapter by."""


@app.command("vllm", epilog="Example: loopwright export vllm page-finder --base /models/qwen3 --to serving")
def vllm(
    version: Version,
    *,
    to: To,
    base: Annotated[str, typer.Option(help="The base model as vLLM loads it: a folder, or a hub's name.")],
    part: Part = "adapter",
    project: Project = Path(),
) -> Answer:
    """The adapter's files, and a script that starts vLLM with them."""
    adapter = _adapter(project, version, part)
    script = start_script(adapter, base=base)
    return _written(adapter, to, {"start.sh": script}, upstream=upstream_line(adapter))


@app.command(
    "kserve",
    epilog="Example: loopwright export kserve page-finder --base-uri hf://Qwen/Qwen3-0.6B "
    "--adapter-uri s3://models/page-finder --to serving",
)
def kserve(
    version: Version,
    *,
    to: To,
    base_uri: Annotated[
        str, typer.Option(help="Where the cluster finds the base model: hf://, s3://, pvc://, oci://.")
    ],
    adapter_uri: Annotated[str, typer.Option(help="Where you put the adapter's files for it: s3://, pvc://, hf://.")],
    gpus: Annotated[int, typer.Option(min=0, help="GPUs of each replica.")] = 1,
    part: Part = "adapter",
    project: Project = Path(),
) -> Answer:
    """The adapter's files, and a manifest of an LLMInferenceService of KServe."""
    adapter = _adapter(project, version, part)
    manifest = inference_service(adapter, base_uri=base_uri, adapter_uri=adapter_uri, gpus=gpus)
    upstream = upstream_line(adapter, "https://GATEWAY/NAMESPACE/" + manifest["metadata"]["name"] + "/v1")
    return _written(adapter, to, {"llminferenceservice.yaml": yaml_text(manifest)}, upstream=upstream)


def _adapter(project: Path, version: str, part: str) -> Adapter:
    workspace = open_workspace(find_project(project.resolve()))
    try:
        digest = resolve_version(workspace, version)
        record = workspace.stores.ledger.record("model_version", digest)
        name = version.partition("@")[0] if record is None else str(record.facets.get("name") or version)
        return adapter_of(workspace.stores.blobs, name, digest, part=part)
    finally:
        workspace.close()


def _written(adapter: Adapter, to: Path, beside: dict[str, str], *, upstream: str) -> Answer:
    files = write_adapter(adapter, to, beside={**beside, "upstream.txt": upstream + "\n"})
    made = Exported(folder=str(to), version=adapter.version, files=files, upstream=upstream)
    return Answer(data=made, show=lambda: _show(made))


def _show(made: Any) -> None:
    line(f"Wrote {len(made.files)} files of version {made.version[:12]} to {made.folder}:")
    for name in made.files:
        line(f"  {name}")
    line("The route's upstream, once it is served:")
    line(f"  {made.upstream}")
