import json

import pytest

from loopwright.errors import NotFoundError, OverloadedError, UnauthorisedError, UsageError
from loopwright.web.errors import as_known, body_of, headers_of, oip_body_of, status_of


def test_a_known_error_says_code_what_why_and_fix():
    said = json.loads(body_of(NotFoundError("no such thing", why="it never was", fix="Look.", name="x")))
    assert said == {
        "code": "LW104",
        "what": "no such thing",
        "why": "it never was",
        "fix": "Look.",
        "context": {"name": "x"},
    }


def test_an_unknown_error_tells_nothing_of_its_inside():
    error = as_known(ValueError("password=hunter2"))
    assert status_of(error) == 500
    assert b"hunter2" not in body_of(error) + oip_body_of(error)


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (OverloadedError("busy"), ((b"retry-after", b"1"),)),
        (UnauthorisedError("who"), ((b"www-authenticate", b"Bearer"),)),
        (NotFoundError("no"), ()),
    ],
)
def test_headers_that_go_with_an_error(error, headers):
    assert headers_of(error) == headers


def test_a_status_may_be_said_by_the_context():
    assert status_of(UsageError("no", http_status=405)) == 405


def test_context_that_is_no_json_and_broken_text_do_not_break_the_answer():
    assert json.loads(body_of(NotFoundError("\ud800", thing=object())))["code"] == "LW104"


def test_the_open_inference_form_is_one_text():
    assert json.loads(oip_body_of(NotFoundError("no", why="never", fix="Look."))) == {"error": "LW104 no: never. Look."}
