"""all-MiniLM-L6-v2 without torch: an ONNX file made once from the weights, and a tokenizer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from loopwright.core.hashing import Digest, digest_value
from loopwright.errors import MissingExtraError
from loopwright.llm.embedder import Embedder
from loopwright.llm.embedding.minilm_export import MODEL_FILE, TOKENIZER_FILE, export_in_child
from loopwright.llm.embedding.minilm_weights import DIMENSIONS, INSTALL, TOKENIZER_DIGEST, WEIGHTS_DIGEST

_VERSION = 1
MOST_TOKENS = 256


class MiniLm(Embedder):
    """Vectors of 384 numbers that are near one another where texts mean the same; made for English sentences.

    Each text is computed alone: its vector does not depend on the others of the call. What follows the 256th token of a
    text is not seen. Processors differ in the last digits.

    Args:
        folder: Where the ONNX file is kept once it is made; a folder of its own is made in it.
        threads: Threads of one text's computation.

    Raises:
        MissingExtraError: The weights or a library are not installed; the message has the command.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        self._digest = digest_value(
            {
                "embedder": "minilm", "version": _VERSION, "weights": WEIGHTS_DIGEST, "tokenizer": TOKENIZER_DIGEST,
                "most_tokens": MOST_TOKENS,
            }
        )  # fmt: skip
        place = folder / f"minilm-{self._digest[:16]}"
        export_in_child(place)
        self._tokenizer = _tokenizer(place / TOKENIZER_FILE)
        self._session = _session(place / MODEL_FILE, threads)

    @property
    def digest(self) -> Digest:
        return self._digest

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            if text:
                ids = np.array(self._tokenizer.encode(text).ids, dtype=np.int64)
                row[:] = self._session.run(None, {"ids": ids})[0]
        return vectors


def _tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _missing(error) from error
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    return tokenizer


def _session(path: Path, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise _missing(error) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The arena never gives memory back: one long text would cost its most for ever.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _missing(error: ImportError) -> MissingExtraError:
    return MissingExtraError(
        "the embedder MiniLM cannot be opened", why=str(error), fix=f"Install it: {INSTALL}.",
    )  # fmt: skip
