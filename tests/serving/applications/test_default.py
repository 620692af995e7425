"""The declared default in each protocol's own words."""

import pytest
from tests.serving.applications.stage import call

from loopwright.llm.ask import Ask
from loopwright.serving.applications.default import default_reply, has_default


@pytest.mark.parametrize("operation", ["chat", "completion", "response", "message"])
def test_a_default_is_said_in_every_protocol(operation):
    asked = Ask(operation=operation, body={"model": "support", "messages": [], "input": "", "prompt": ""})
    assert "We are closed." in default_reply(call(asked=asked), {"text": "We are closed."}).body.decode()


def test_a_default_without_a_text_is_its_json_and_embeddings_have_none():
    assert default_reply(call(), {"open": False}).text == '{"open":false}'
    embedding = Ask(operation="embedding", body={"model": "support", "input": "x"})
    assert not has_default(call(asked=embedding), {"text": "x"})
    assert not has_default(call(), None)
