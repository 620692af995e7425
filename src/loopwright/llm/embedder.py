"""The embedder seam: texts to vectors."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from loopwright.core.hashing import Digest


class Embedder(ABC):
    """Makes vectors of unit length of texts: the same text, the same vector. Safe from several threads; blocks.

    Raises (any method): MissingExtraError, UpstreamError.
    """

    @property
    @abstractmethod
    def digest(self) -> Digest:
        """Names the model and everything that changes its vectors; part of an index's and of a cache's identity."""

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """(n_texts, dimensions) float32, each row of length 1; an empty text is a row of zeros."""
