"""Prompts: what they need, what they render to, and what names them."""

import pytest

from loopwright.errors import PromptError
from loopwright.llm.prompts.prompt import Example, Prompt


def prompt(**fields) -> Prompt:
    return Prompt(**{"name": "answer", "user": "{{ question }}", **fields})


def test_messages_are_system_examples_history_and_the_user() -> None:
    made = prompt(
        system="Be {{ tone }}.", variables=("tone",), defaults={"tone": "kind"},
        examples=(Example(user="Hi", assistant="Hello, {{ tone }} person"),),
    )  # fmt: skip
    history = ({"role": "user", "content": "earlier"}, {"role": "assistant", "content": "yes"})
    assert made.render({"question": "Why?"}, history=history) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello, kind person"},
        *history,
        {"role": "user", "content": "Why?"},
    ]


def test_a_variable_without_a_value_is_named_with_its_line() -> None:
    made = prompt(user="a\nb\n{{ tone }}", variables=("tone",))
    with pytest.raises(PromptError, match="tone") as refused:
        made.render({})
    assert "line 3" in refused.value.why
    assert "tone" in refused.value.fix


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"user": "{{ tone }}"}, "tone"),
        ({"variables": ("spare",)}, "spare"),
        ({"defaults": {"other": 1}}, "other"),
        ({"name": "../x"}, "cannot name"),
        ({"user": "a\n{% if %}"}, "no template"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(fields: dict, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        prompt(**fields)


def test_a_template_that_is_none_says_its_line() -> None:
    with pytest.raises(PromptError) as refused:
        prompt(user="a\nb\n{% if %}")
    assert "line 3" in refused.value.why


def test_what_a_template_may_not_do_is_refused_without_values_in_the_message() -> None:
    made = prompt(user="{{ x.__class__ }}", variables=("x",))
    with pytest.raises(PromptError, match="may not") as refused:
        made.render({"x": "a secret"})
    assert "a secret" not in refused.value.why


def test_the_digest_names_everything_but_the_description() -> None:
    made = prompt()
    assert prompt(description="other").digest == made.digest
    for fields in ({"system": "x"}, {"parameters": {"temperature": 0}}, {"output": {"type": "object"}}, {"name": "b"}):
        assert prompt(**fields).digest != made.digest
