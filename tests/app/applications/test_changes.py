"""What differs between two versions of an application."""

from loopwright.app.applications.changes import changes
from loopwright.llm.application import Application
from loopwright.llm.guard import Guard
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route, builtin_model


def _application(user: str = "{{ question }}", **more: object) -> Application:
    return Application(route=Route(upstreams=(builtin_model(),)), prompt=Prompt(name="p", user=user), **more)  # type: ignore[arg-type]


def test_the_same_has_no_changes() -> None:
    assert changes((_application(), "i1"), (_application(), "i1")) == ()


def test_each_difference_is_named_by_its_path_with_both_sides() -> None:
    after = _application("Say: {{ question }}", guards=(Guard(kind="secrets"),))
    found = {one.where: (one.before, one.after) for one in changes((_application(), "i1"), (after, "i2"))}
    assert found["prompt.user"] == ("{{ question }}", "Say: {{ question }}")
    assert found["index"] == ("i1", "i2")
    assert found["guards[secrets].action"] == ("nothing", "block")


def test_long_texts_are_cut() -> None:
    (one,) = changes((_application(), None), (_application("x" * 500 + "{{ question }}"), None))
    assert len(one.after) == 60


def test_long_texts_are_cut_where_they_differ() -> None:
    before, after = (
        "Answer in English. " * 9 + word + " Be kind. {{ question }}" for word in ("Be short.", "Be long.")
    )
    (one,) = changes((_application(before), None), (_application(after), None))
    assert one.before.startswith("…")
    assert "Be short." in one.before
    assert "Be long." in one.after
    assert max(len(one.before), len(one.after)) <= 60
