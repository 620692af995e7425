"""Vectors by an upstream that speaks OpenAI's `/embeddings`. Blocks the calling thread."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import numpy as np

from loopwright.core.clock import Clock, SystemClock
from loopwright.core.codec import from_json, to_json
from loopwright.core.environment import variables
from loopwright.core.hashing import Digest, digest_value
from loopwright.errors import SettingError, UpstreamError, UpstreamRefusedError
from loopwright.llm.embedder import Embedder
from loopwright.llm.route import Upstream

_VERSION = 1
BATCH_TEXTS = 64
BATCH_CHARACTERS = 200_000
_ATTEMPTS = 4
_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 20.0
_TIMEOUT_S = 60.0


class _Vector(msgspec.Struct, frozen=True):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct, frozen=True):
    data: list[_Vector]


class RemoteEmbedder(Embedder):
    """Asks an upstream, at most 64 texts at a time; failures that may pass are tried again three times.

    Args:
        upstream: Who.
        dimensions: Length of the vectors that it gives.
        clock: Waits between attempts.
    """

    def __init__(self, upstream: Upstream, *, dimensions: int, clock: Clock | None = None) -> None:
        self._upstream = upstream
        self._dimensions = dimensions
        self._clock = clock or SystemClock()
        self._client: Any = None
        self._lock = Lock()
        self._digest = digest_value(
            {
                "embedder": "remote", "version": _VERSION, "provider": upstream.provider_name, "model": upstream.model,
                "parameters": upstream.parameters, "dimensions": dimensions,
            }
        )  # fmt: skip

    @property
    def digest(self) -> Digest:
        return self._digest

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """As the seam says.

        Raises:
            UpstreamError: It could not be reached, went on failing, or answered something else.
            UpstreamRefusedError: It refused the texts or the key.
            SettingError: The key's reference leads nowhere.
        """
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        rows = [row for row, text in enumerate(texts) if text]
        for batch in _batches(rows, texts):
            vectors[batch] = self._batch([texts[row] for row in batch])
        return vectors

    def _batch(self, texts: Sequence[str]) -> np.ndarray:
        body = to_json({**self._upstream.parameters, "model": self._upstream.model, "input": texts})
        found = _vectors(self._asked(body), self._upstream.name, (len(texts), self._dimensions))
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise UpstreamError(f"upstream {self._upstream.name!r} gave a vector without a direction")
        return np.asarray(found / lengths)

    def _asked(self, body: bytes) -> bytes:
        """The answer's body, after as many attempts as it takes."""
        headers = {**self._upstream.headers, "content-type": "application/json"}
        if self._upstream.key:
            headers["authorization"] = f"Bearer {_secret(self._upstream.key)}"
        wait, problem = 0.0, ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._clock.sleep(max(wait, min(_FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S)))
            status, answer, wait, problem = self._posted(headers, body)
            if status == 200:
                return answer
            if status and status != 429 and status < 500:
                raise UpstreamRefusedError(
                    f"upstream {self._upstream.name!r} refused to embed: status {status}", why=_said(answer)
                )
        raise UpstreamError(f"upstream {self._upstream.name!r} did not embed in {_ATTEMPTS} attempts", why=problem)

    def _posted(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes, float, str]:
        """Status (0: none came), body, seconds to wait, what went wrong."""
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=_TIMEOUT_S, trust_env=False)
        url = f"{self._upstream.url.rstrip('/')}/embeddings"
        try:
            answer = self._client.post(url, headers=headers, content=body)
        except httpx.TransportError as error:
            return 0, b"", 0.0, f"{type(error).__name__}: {error}"
        return answer.status_code, answer.content, _wait(answer.headers), f"status {answer.status_code}"


def _batches(rows: Sequence[int], texts: Sequence[str]) -> Iterator[list[int]]:
    """Rows in groups that one request may hold."""
    batch: list[int] = []
    characters = 0
    for row in rows:
        if batch and (len(batch) == BATCH_TEXTS or characters + len(texts[row]) > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(row)
        characters += len(texts[row])
    if batch:
        yield batch


def _vectors(answer: bytes, name: str, shape: tuple[int, int]) -> np.ndarray:
    try:
        vectors = from_json(answer, _Answer).data
    except msgspec.MsgspecError as error:
        raise UpstreamError(f"upstream {name!r} did not answer with embeddings", why=str(error)) from error
    if sorted(vector.index for vector in vectors) != list(range(shape[0])):
        raise UpstreamError(f"upstream {name!r} answered {len(vectors)} embeddings to {shape[0]} texts")
    found = np.zeros(shape, dtype=np.float32)
    for vector in vectors:
        if len(vector.embedding) != shape[1]:
            raise UpstreamError(
                f"upstream {name!r} gave a vector of {len(vector.embedding)} numbers",
                why=f"{shape[1]} are declared", fix="Declare the length that the model gives.",
            )  # fmt: skip
        found[vector.index] = vector.embedding
    return found


def _wait(headers: Any) -> float:
    """Seconds of `Retry-After`, where it says a number, up to a bound."""
    said = str(headers.get("retry-after", ""))
    return min(float(said), _LONGEST_WAIT_S) if said.isdigit() else 0.0


def _said(answer: bytes) -> str:
    return answer[:500].decode(errors="replace")


def _secret(reference: str) -> str:
    """The key that a reference leads to."""
    kind, _, name = reference.partition(":")
    try:
        found = variables().get(name, "") if kind == "env" else Path(name).read_text(encoding="utf-8").strip()
    except OSError:
        found = ""
    if not found:
        raise SettingError(f"there is no key at {reference}", fix=f"Set it: {reference} is what the upstream names.")
    return found
