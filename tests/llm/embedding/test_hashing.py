import pytest

from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.testing.embedder_suite import EmbedderSuite


class TestHashingEmbedder(EmbedderSuite):
    implementation = HashingEmbedder

    @pytest.fixture
    def embedder(self):
        return HashingEmbedder(512)

    @pytest.fixture
    def another(self):
        return HashingEmbedder(512)


def test_forms_of_a_word_are_alike_and_other_words_are_not():
    one, other, far = HashingEmbedder(512).embed(["release", "released", "budget"])
    assert one @ other > 0.2
    assert abs(one @ far) < 0.1


def test_case_and_width_of_letters_do_not_count():
    one, other = HashingEmbedder(512).embed(["Reset my PASSWORD", "\uff52eset my password"])
    assert one @ other == pytest.approx(1.0)


def test_vectors_are_the_same_on_every_machine():
    # Written down once: an index that was built elsewhere must still be readable.
    vector = HashingEmbedder(16).embed(["gate"])[0]
    assert vector.tolist() == pytest.approx(PINNED, abs=1e-3)


def test_other_dimensions_are_another_embedder():
    assert HashingEmbedder(256).digest != HashingEmbedder(512).digest


PINNED = [-0.226, 0.0, 0.734, -0.226, -0.453, 0.0, 0.0, 0.226, -0.226, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.226]
