import pytest

from loopwright import llm
from loopwright.core.codec import canonical, from_json
from loopwright.errors import UsageError
from loopwright.llm.embedding.spec import EmbedderSpec

UPSTREAM = llm.Upstream(name="embedder", url="http://127.0.0.1:1/v1", model="e", key="env:KEY")


@pytest.mark.parametrize("spec", [llm.hashing(), llm.hashing(64), llm.minilm(), llm.remote(UPSTREAM, dimensions=8)])
def test_a_spec_comes_back_from_its_json(spec):
    assert from_json(canonical(spec), EmbedderSpec) == spec


@pytest.mark.parametrize(
    ("kind", "dimensions", "upstream"),
    [("hashing", 0, None), ("remote", 8, None), ("minilm", 384, UPSTREAM), ("remote", -1, UPSTREAM)],
)
def test_a_spec_that_cannot_be_opened_is_refused(kind, dimensions, upstream):
    with pytest.raises(UsageError):
        EmbedderSpec(kind=kind, dimensions=dimensions, upstream=upstream)
