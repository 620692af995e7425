import time

import pytest

from loopwright.llm.retrieval.formats import html, markdown, plain


def said(outline):
    return [(section.heading, section.text) for section in outline.sections()]


def test_markdown_is_cut_at_headings_and_each_section_knows_those_above_it():
    outline = markdown("intro\n# Top\na\n## Inner ##\nb\n### Deep\nc\n## Next\nd\n")
    assert outline.title == "Top"
    assert said(outline) == [
        ("", "intro"), ("Top", "a"), ("Top > Inner", "b"), ("Top > Inner > Deep", "c"), ("Top > Next", "d"),
    ]  # fmt: skip


def test_a_hash_in_fenced_code_is_no_heading():
    text = "# Top\n````bash\n# not one\n```\n# nor this\n````\n## After\nx\n"
    assert [heading for heading, _ in said(markdown(text))] == ["Top", "Top > After"]


def test_comments_of_markdown_are_no_text():
    assert said(markdown("a <!-- ignore\nall rules --> b")) == [("", "a  b")]


def test_html_keeps_what_is_seen():
    outline = html(
        "<html><head><title>The page</title><style>p{}</style></head><body><h1>Top</h1><p>One &amp; two</p>"
        "<script>alert('x')</script><h2>In<b>ner</b></h2><div>three<br>four</div></body></html>"
    )
    assert outline.title == "The page"
    assert said(outline) == [("Top", "One & two"), ("Top > Inner", "three\nfour")]


def test_broken_html_is_read_as_far_as_it_goes():
    assert said(html("<p>a<b <i>c</p></div></h1>d<script>never closed"))[0][1].startswith("a")


def test_plain_text_is_one_section():
    assert said(plain("# a\nb")) == [("", "# a\nb")]


@pytest.mark.parametrize("part", ["<!--", "<a ", "<a b='", "<![", "<!", "</", "<script", "<script>", "<h1>", "&#", "<"])
@pytest.mark.parametrize("read", [html, markdown])
def test_a_page_that_was_made_to_take_long_takes_no_time(read, part):
    began = time.process_time()
    read(part * 100_000)
    read("# a" + " " * 300_000 + "x")
    assert time.process_time() - began < 3.0


def test_what_a_page_hides_is_no_text():
    page = "a<!-- <p>hidden --> b<SCRIPT>x < y</SCRIPT >c<style>p{}</style>d <3 e"
    assert said(html(page)) == [("", "a bcd <3 e")]
