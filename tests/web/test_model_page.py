import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from loopwright.core.schema import Column, Signature
from loopwright.web.model_page import index_page, model_page
from loopwright.web.openapi import Described

EVIL = "</script><img src=x onerror=alert(1)>\"'&"
COLUMNS = (
    Column(name="id", kind="string"),
    Column(name=EVIL, kind="category", categories=(EVIL, "b"), closed=True, nullable=True),
    Column(name="origin", kind="category", categories=("EWR", "JFK")),
    Column(name="seats", kind="int", minimum=0, exclusive_minimum=True, maximum=853),
    Column(name="share", kind="float", nullable=True),
    Column(name="raining", kind="bool"),
    Column(name="at", kind="datetime"),
)
EXAMPLE = {"id": "it's", EVIL: EVIL, "origin": "EWR", "seats": 3, "raining": True, "at": "2026-01-01T00:00:00Z"}


def described(task="binary", classes=(False, True), name="flights"):
    joined = Column(name="delay_mean_1h", kind="float")
    signature = Signature(
        task=task, request=COLUMNS, features=(*COLUMNS[3:5], joined), classes=classes, label="late", key="id",
        event_time="at", entities=("origin",),
    )  # fmt: skip
    return Described(name=name, version="0123456789abcdef" * 4, signature=signature, example=EXAMPLE, strict=True)


class Page(HTMLParser):
    """Collects a page's elements."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, *tags):
        return [attrs for tag, attrs in self.elements if tag in tags]


@pytest.fixture
def html():
    return model_page(described(), "http://127.0.0.1:8700").body.decode()


def test_nothing_comes_from_elsewhere(html):
    page = Page(html)
    assert not re.findall(r"(?:src|href)=\"(?!/|data:,)", html)
    assert not page.all("img", "iframe", "object", "embed", "base")
    assert "@import" not in html
    assert "url(" not in html


def test_a_contract_cannot_become_script(html):
    assert EVIL not in html
    assert len(Page(html).all("script")) == 1
    assert not any(name.startswith("on") for _, attrs in Page(html).elements for name in attrs)


def test_the_policy_allows_the_pages_own_script_and_style_alone(html):
    policy = dict(model_page(described(), "x").headers)[b"content-security-policy"].decode()
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not any("style" in attrs for _, attrs in Page(html).elements)


def test_every_field_has_a_label_a_hint_and_the_examples_value(html):
    page = Page(html)
    labels = {attrs["for"] for attrs in page.all("label") if "for" in attrs}
    hints = {attrs["id"] for attrs in page.all("span") if "id" in attrs}
    fields = [attrs for attrs in page.all("input", "select") if "data-kind" in attrs]
    assert [field["name"] for field in fields] == [column.name for column in COLUMNS]
    assert all(field["id"] in labels and field["aria-describedby"] in hints for field in fields)
    values = {field["name"]: field.get("value") for field in fields}
    assert (values["id"], values["seats"], values["share"]) == ("it's", "3", "")
    assert [o["value"] for o in page.all("option") if "selected" in o] == [EVIL, "true"]


def test_the_page_says_what_is_allowed_and_what_is_joined(html):
    for text in ("&gt; 0 and ≤ 853", "key of the thing predicted", "event time", "delay_mean_1h", "may be left out",
                 "probability of true", "any other is taken as unknown", "one of false, true"):  # fmt: skip
        assert text in html
    assert "-d '{&quot;id&quot;: &quot;it'\\''s&quot;" in html.replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("task", "classes", "text"),
    [("regression", (), "Predicts late, a number."), ("multiclass", ("a", "b", "c"), "in the order a, b, c")],
)
def test_each_task_has_its_answers(task, classes, text):
    assert text in model_page(described(task, classes), "http://x").body.decode()


def test_the_index_lists_endpoints_and_those_that_are_not_ready():
    html = index_page([described(), described(name="trains")], ["planes"]).body.decode()
    assert [a["href"] for a in Page(html).all("a")] == ["/openapi.json", "/docs/flights", "/docs/trains"]
    assert "planes" in html
