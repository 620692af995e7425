"""What comes from outside cannot become markup."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from loopwright.pictures import svg


@given(st.text())
def test_any_text_survives_as_text_in_content_and_attribute(shown: str) -> None:
    tree = ET.fromstring(svg.element("text", svg.escape(shown), class_="a", aria_label=shown))
    assert list(tree) == []
    assert set(tree.attrib) == {"class", "aria-label"}


def test_quotes_and_brackets_are_escaped() -> None:
    assert svg.escape("""<b a="1" b='2'>&""") == "&lt;b a=&quot;1&quot; b=&#x27;2&#x27;&gt;&amp;"


def test_control_characters_and_lone_surrogates_can_be_written_as_utf8() -> None:
    assert svg.escape("a\x00b\ud800c\u202e") == "a\ufffdb\ufffdc\ufffd"


def test_long_text_ends_in_an_ellipsis() -> None:
    assert svg.escape("x" * 50, 10) == "x" * 9 + "…"


def test_floats_are_short_and_absent_attributes_are_left_out() -> None:
    assert svg.element("rect", x=1.23456, class_=None, stroke_width=2) == '<rect x="1.2" stroke-width="2"></rect>'


def test_a_long_path_is_drawn_to_its_end() -> None:
    drawn = svg.path([(float(place), 1.0) for place in range(5_000)], "line")
    assert "L4999.0 1.0" in drawn
    assert "…" not in drawn
