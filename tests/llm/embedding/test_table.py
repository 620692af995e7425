import numpy as np

from loopwright import llm
from loopwright.llm.embedding.table import open_embedder


def test_a_spec_opens_what_it_names(upstream, tmp_path):
    hashed = open_embedder(llm.hashing(64), folder=tmp_path)
    asked = open_embedder(
        llm.remote(llm.Upstream(name="e", url=upstream.url, model="m"), dimensions=32), folder=tmp_path
    )
    assert (hashed.dimensions, asked.dimensions) == (64, 32)
    assert hashed.digest != asked.digest
    assert upstream.asked == [], "an upstream is asked for texts only"
    assert np.linalg.norm(asked.embed(["text"])) > 0.99
    assert list(tmp_path.iterdir()) == []
