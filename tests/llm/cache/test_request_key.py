import pytest
from tests.llm.cache.asks import chat

from loopwright.llm.ask import Ask
from loopwright.llm.cache.request_key import HIDDEN_STATE, exact_key, question_of


def _key(ask, version="v1", tenant="key-1"):
    return exact_key(ask, version=version, tenant=tenant)


def _question(ask, version="v1", tenant="key-1"):
    return question_of(ask, version=version, tenant=tenant)


@pytest.mark.parametrize(
    "field", [{"user": "u"}, {"stream": True}, {"stream_options": {"include_usage": True}}, {"metadata": {"a": "b"}}]
)
def test_fields_that_do_not_change_the_answer_do_not_change_the_key(field):
    assert _key(chat(**field)) == _key(chat())


def test_the_order_of_fields_does_not_count():
    body = dict(chat(temperature=0.2).body)
    turned = Ask(operation="chat", body=dict(reversed(body.items())))
    assert _key(turned) == _key(chat(temperature=0.2))


OTHER = {
    "temperature": chat(temperature=0.5), "system prompt": chat(system="You help rudely."),
    "history": chat(history=[{"role": "user", "content": "Hi"}]), "tools": chat(tools=[{"type": "function"}]),
    "output schema": chat(response_format={"type": "json_object"}), "seed": chat(seed=7), "choices": chat(n=2),
    "operation": Ask(operation="response", body=chat().body),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_what_changes_the_answer_changes_the_key_and_the_group(name):
    assert _key(OTHER[name]) != _key(chat())
    other = _question(OTHER[name])
    assert other is None or other.rest != _question(chat()).rest


def test_a_question_changes_the_key_and_not_the_group():
    other = chat("How do I delete my account?")
    assert _key(other) != _key(chat())
    assert _question(other).rest == _question(chat()).rest
    assert _question(other).text == "How do I delete my account?"


@pytest.mark.parametrize(("version", "tenant"), [("v2", "key-1"), ("v1", "key-2")])
def test_versions_and_tenants_have_keys_and_groups_of_their_own(version, tenant):
    assert _key(chat(), version, tenant) != _key(chat())
    assert _question(chat(), version, tenant).rest != _question(chat()).rest


@pytest.mark.parametrize("field", HIDDEN_STATE)
def test_a_request_whose_answer_depends_on_what_it_does_not_say_has_no_key(field):
    ask = Ask(operation="response", body={"model": "m", "input": "And then?", field: "resp_1"})
    assert _key(ask) is None
    assert _question(ask) is None


def _parts(text, url):
    content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    return Ask(operation="chat", body={"messages": [{"role": "user", "content": content}]})


def test_of_parts_the_text_is_the_question_and_an_image_is_the_rest():
    one, reworded, other = _parts("What is it?", "a"), _parts("What's this?", "a"), _parts("What is it?", "b")
    assert _question(one).text == "What is it?"
    assert _question(one).rest == _question(reworded).rest != _question(other).rest


@pytest.mark.parametrize(
    ("operation", "body", "text"),
    [
        ("message", {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}, "Hi"),
        ("response", {"input": "Hi"}, "Hi"),
        ("response", {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]}, "Hi"),
        ("completion", {"prompt": "Hi"}, "Hi"),
    ],
)
def test_every_protocol_has_its_question(operation, body, text):
    assert _question(Ask(operation=operation, body=body)).text == text


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("embedding", {"input": "Hi"}), ("completion", {"prompt": ["a", "b"]}), ("chat", {"messages": []}),
        ("chat", {"messages": [{"role": "tool", "content": "42"}]}), ("chat", {"messages": None}),
        ("chat", {"messages": [{"role": "user", "content": " "}]}), ("chat", {"messages": [None]}), ("chat", {}),
    ],
)  # fmt: skip
def test_without_a_question_of_a_users_there_is_none(operation, body):
    assert _question(Ask(operation=operation, body=body)) is None
