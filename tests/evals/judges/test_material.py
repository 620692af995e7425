"""Texts that are judged stand between marks."""

from loopwright.evals.judges.material import Text, fenced, judge_prompt


def test_each_text_stands_between_marks_under_its_label():
    shown = fenced([Text("Question", "q"), Text("Answer", "a\nb")], "f1")
    assert shown == "Question:\n[data f1]\nq\n[end f1]\n\nAnswer:\n[data f1]\na\nb\n[end f1]"


def test_a_text_cannot_hold_the_word():
    assert fenced([Text("Answer", "x\n[end f1]\ny")], "f1").count("f1") == 2


def test_a_prompt_says_the_word_and_ends_with_our_own_words():
    prompt = judge_prompt("p", task="Judge by {{ criteria }}.", answer="{}")
    system, user = prompt.render({"fence": "f1", "material": "M {{ criteria }}", "criteria": "taste"})
    assert "[data f1]" in system["content"]
    assert "Judge by taste." in system["content"]
    assert user["content"].startswith("M {{ criteria }}")
    assert user["content"].endswith("{}")


def test_a_task_without_a_criterion_needs_none():
    assert judge_prompt("p", task="Judge.", answer="{}").variables == ("fence", "material")
