import pytest

from loopwright.llm.ask import Ask
from loopwright.llm.protocols.unseen import may_think_unseen
from loopwright.llm.route import Upstream


def unseen(model="tiny", parameters=None, **fields):
    upstream = Upstream(name="u", url="http://127.0.0.1:9/v1", model=model, parameters=parameters or {})
    return may_think_unseen(Ask(operation="chat", body={"model": "app", **fields}), upstream)


@pytest.mark.parametrize("model", ["o3", "o4-mini", "gpt-5", "openai/gpt-5-mini", "gemini-2.5-flash", "azure:o1"])
def test_models_that_think_unasked_may_have_thought(model):
    assert unseen(model)


@pytest.mark.parametrize("model", ["tiny", "gpt-4o", "llama-3", "qwen/qwen3", "foo1"])
def test_others_show_what_they_say(model):
    assert not unseen(model)


@pytest.mark.parametrize(
    "fields",
    [{"reasoning_effort": "low"}, {"reasoning": {"effort": "high"}}, {"thinking": {"type": "enabled"}},
     {"parameters": {"reasoning_effort": "high"}}],
)  # fmt: skip
def test_who_asks_for_thoughts_may_get_some_unseen(fields):
    assert unseen(**fields)


@pytest.mark.parametrize(
    "fields",
    [{"reasoning_effort": "none"}, {"reasoning": {"effort": "none"}}, {"thinking": {"type": "disabled"}},
     {"reasoning_effort": "none", "parameters": {"reasoning_effort": "high"}}],
)  # fmt: skip
def test_who_asks_for_none_gets_none(fields):
    assert not unseen(**fields)
