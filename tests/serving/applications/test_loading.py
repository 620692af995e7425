"""Versions are proven before they answer: without asking anybody."""

from dataclasses import replace

import pytest
from tests.serving.applications.stage import UPSTREAM, bundle
from tests.serving.applications.test_keeper import Stage

from loopwright.errors import MissingExtraError, ModelLoadError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.application import Application, Retrieval
from loopwright.llm.guards.declarations import prompt_injection, secrets, topics
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route, Upstream


def loading(tmp_path):
    stage = Stage(tmp_path / "run")
    return stage.blobs, stage.keeper._tools.loader


def test_a_version_is_put_together_and_asks_nobody(tmp_path):
    blobs, loader = loading(tmp_path)
    made = Application(route=Route(upstreams=(UPSTREAM,)), guards=(secrets(),))
    loaded = loader.load(bundle(blobs, made))
    assert (loaded.application, loaded.guards.looks_in, loaded.retriever) == (made, True, None)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"prompt": Prompt(name="p", user="{{ question }} {{ plan }}", variables=("plan",))}, "plan"),
        ({"prompt": Prompt(name="p", user="{{ question }}"), "retrieval": Retrieval(index="docs")}, "index"),
        ({"route": Route(upstreams=(Upstream(name="u", url="http://x", model="m", api="any-llm"),))}, "any-llm"),
        ({"example": {"messages": "nonsense"}, "prompt": Prompt(name="p", user="{{ question }}")}, ""),
    ],
)
def test_what_fails_on_its_example_is_not_loaded_and_says_why(tmp_path, fields, why):
    blobs, loader = loading(tmp_path)
    made = Application(**{"route": Route(upstreams=(UPSTREAM,))} | fields)
    with pytest.raises(ModelLoadError) as caught:
        loader.load(bundle(blobs, made))
    assert why in f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize(
    "fields",
    [{"cache": CachePolicy(semantic="shadow")}, {"guards": (topics(allow={"pets": ["cats"]}, similarity=0.5),)}],
)
def test_a_version_that_goes_by_similarity_needs_an_embedder_before_it_answers(tmp_path, fields):
    blobs, loader = loading(tmp_path)
    version = bundle(blobs, Application(route=Route(upstreams=(UPSTREAM,)), **fields))
    assert loader.load(version).version == version

    def missing():
        raise MissingExtraError("nothing here embeds")

    with pytest.raises(ModelLoadError) as caught:
        replace(loader, embedder=missing).load(version)
    assert "nothing here embeds" in caught.value.why


def test_a_guard_that_wants_a_judge_is_not_left_without_one_in_silence(tmp_path):
    blobs, loader = loading(tmp_path)
    made = Application(route=Route(upstreams=(UPSTREAM,)), guards=(prompt_injection(judge=True),))
    with pytest.raises(ModelLoadError) as caught:
        loader.load(bundle(blobs, made))
    assert "wants a judge" in caught.value.why


def test_the_pinned_version_of_the_index_is_opened(tmp_path):
    blobs, loader = loading(tmp_path)
    opened = []

    class Index:
        def search(self, question, *, limit, where=None, reader=()):
            return ()

    loader = replace(loader, open_index=lambda *said: opened.append(said[1]) or Index())
    made = Application(
        route=Route(upstreams=(UPSTREAM,)), prompt=Prompt(name="p", user="{{ question }}"),
        retrieval=Retrieval(index="docs"),
    )  # fmt: skip
    loader.load(bundle(blobs, made, index={"index": "docs", "version": "d" * 64}))
    assert opened == ["d" * 64]
