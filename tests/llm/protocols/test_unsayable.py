import pytest

from loopwright.errors import UpstreamRefusedError
from loopwright.llm.protocols.unsayable import refuse, unsayable


def test_the_field_is_named_and_what_cannot_say_it():
    error = unsayable("tools.0.type", "a chat")
    assert error.what == "`tools.0.type` cannot be said in a chat"
    assert error.context["field"] == "tools.0.type"


def test_only_what_says_something_is_refused():
    refuse({"a": None, "b": [], "c": False, "other": 1}, ("a", "b", "c"), of="a chat")
    with pytest.raises(UpstreamRefusedError):
        refuse({"a": None, "b": 1}, ("a", "b"), of="a chat")
