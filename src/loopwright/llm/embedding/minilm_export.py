"""Makes the ONNX file of all-MiniLM-L6-v2, in a process of its own, whose memory ends with it.

python -m loopwright.llm.embedding.minilm_export FOLDER
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from loopwright.core.environment import child_environment
from loopwright.errors import MissingExtraError
from loopwright.llm.embedding.bert_graph import bert_graph
from loopwright.llm.embedding.minilm_weights import INSTALL, SHAPE, model_folder, read_safetensors

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"


def export(folder: Path) -> None:
    """Write the model in 8-bit whole numbers (23 MB) and the tokenizer; the folder appears whole or not at all.

    Matrices have one scale for each column and 7 bits, so that no processor's 16-bit sums overflow: against the
    float model the vectors' cosine is above 0.99.

    Raises:
        MissingExtraError: The weights, `onnx` or `onnxruntime` are not installed.
    """
    source = model_folder()
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise MissingExtraError(
            "the embedder MiniLM cannot be made", why=str(error), fix=f"Install it: {INSTALL}."
        ) from error
    logging.getLogger().setLevel(logging.ERROR)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".minilm-", dir=folder.parent))
    try:
        graph = bert_graph(read_safetensors(source / "model.safetensors"), SHAPE)
        quantize_dynamic(
            graph, building / MODEL_FILE, op_types_to_quantize=["MatMul", "Gather"],
            weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
        )  # fmt: skip
        shutil.copyfile(source / TOKENIZER_FILE, building / TOKENIZER_FILE)
        _publish(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def export_in_child(folder: Path) -> None:
    """`export` in a child process; where the folder is there already, nothing happens.

    Raises:
        MissingExtraError: As `export`; the reason is what the child said last.
    """
    if (folder / MODEL_FILE).is_file():
        return
    model_folder()
    for library in ("onnx", "onnxruntime"):
        if find_spec(library) is None:
            raise MissingExtraError(
                "the embedder MiniLM cannot be made", why=f"{library} is not installed", fix=f"Install it: {INSTALL}."
            )
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", __spec__.name, str(folder)], capture_output=True, text=True, check=False,
        env=child_environment(PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise MissingExtraError(
            "the embedder MiniLM could not be made", why=said[-1] if said else f"exit code {done.returncode}",
            fix=f"Install it again: {INSTALL}.",
        )  # fmt: skip


def _publish(building: Path, folder: Path) -> None:
    try:
        building.rename(folder)
    except OSError:
        # Another process may have made the same files a moment ago, which is as good.
        if not (folder / MODEL_FILE).is_file():
            raise


if __name__ == "__main__":
    export(Path(sys.argv[1]))
