"""What every embedder must do.

A test class subclasses `EmbedderSuite`, says `implementation = TheClass`, and has the fixtures `embedder` and
`another`, which is made the same way.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np

from loopwright.core.hashing import is_digest
from loopwright.llm.embedder import Embedder

TEXTS = (
    "How do I reset my password?", "Zurück zum Anfang, bitte.", "価格はいくらですか", "a", "a " * 3000, "\n\t ",
    "emoji 🙂 and\x00zero", "How do I reset my passphrase?",
)  # fmt: skip


class EmbedderSuite:
    """The contract of `Embedder`."""

    implementation: ClassVar[type[Embedder]]

    def test_a_vector_a_text_of_length_one(self, embedder: Embedder) -> None:
        vectors = embedder.embed(TEXTS)
        assert vectors.shape == (len(TEXTS), embedder.dimensions)
        assert vectors.dtype == np.float32
        lengths = np.linalg.norm(vectors, axis=1)
        assert np.all((np.abs(lengths - 1.0) < 1e-5) | (lengths == 0.0))
        assert np.count_nonzero(lengths) >= len(TEXTS) - 1, "only a text without any word may be zeros"

    def test_an_empty_text_is_zeros(self, embedder: Embedder) -> None:
        vectors = embedder.embed(["", "word", ""])
        assert not vectors[0].any()
        assert not vectors[2].any()
        assert vectors[1].any()

    def test_no_texts_are_no_vectors(self, embedder: Embedder) -> None:
        assert embedder.embed([]).shape == (0, embedder.dimensions)

    def test_a_vector_does_not_depend_on_the_texts_beside_it(self, embedder: Embedder) -> None:
        together = embedder.embed(TEXTS)
        for text, vector in zip(TEXTS, together, strict=True):
            assert np.array_equal(embedder.embed([text])[0], vector)

    def test_the_same_embedder_made_again_gives_the_same(self, embedder: Embedder, another: Embedder) -> None:
        assert is_digest(embedder.digest)
        assert embedder.digest == another.digest
        assert np.array_equal(embedder.embed(TEXTS[:3]), another.embed(TEXTS[:3]))

    def test_texts_that_share_words_are_nearer(self, embedder: Embedder) -> None:
        first, near, far = embedder.embed([TEXTS[0], TEXTS[-1], "The moon is made of rock."])
        assert first @ near > first @ far + 0.2

    def test_threads_do_not_mix_their_texts(self, embedder: Embedder) -> None:
        texts = [f"text number {number} of the archive" for number in range(40)]
        alone = embedder.embed(texts)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda text: embedder.embed([text])[0], texts))
        assert np.array_equal(np.stack(found), alone)
