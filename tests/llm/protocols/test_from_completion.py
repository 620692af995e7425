import pytest
from tests.llm.protocols.chats import ask_of, chat_body

from loopwright.errors import UpstreamRefusedError
from loopwright.llm.protocols.chat import as_chat


def test_a_completion_is_a_question_of_the_user():
    assert chat_body("completion", prompt=["hi"], max_tokens=3, n=2, stop="x")["messages"] == [
        {"role": "user", "content": "hi"}
    ]
    assert chat_body("completion", n=2)["n"] == 2


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("completion", {"prompt": ["a", "b"]}, "prompt"),
        ("completion", {"prompt": [1, 2]}, "prompt"),
        ("completion", {"suffix": "s"}, "suffix"),
        ("completion", {"best_of": 2}, "best_of"),
    ],
)  # fmt: skip
def test_what_a_chat_cannot_say_is_refused_by_name(operation, body, field):
    with pytest.raises(UpstreamRefusedError) as caught:
        as_chat(ask_of(operation, **body))
    assert caught.value.context["field"] == field
    assert f"`{field}`" in caught.value.what
