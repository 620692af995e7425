"""Whom and what a call is for, and what its lot is drawn by."""

import pytest
from tests.serving.applications.stage import call


@pytest.mark.parametrize(
    ("headers", "fields", "key"),
    [
        ({"loopwright-key": "k", "loopwright-user": "u"}, {}, "k"),
        ({"loopwright-user": "u"}, {"user": "other"}, "u"),
        ({}, {"user": "u"}, "u"),
        ({}, {"metadata": {"user_id": "u"}}, "u"),
        ({"loopwright-session": "s"}, {}, "s"),
        ({}, {"conversation": "s"}, "s"),
        ({}, {"conversation": {"id": "s"}}, "s"),
        ({}, {"metadata": {"session_id": "s"}}, "s"),
        ({}, {"user": 7, "metadata": ["odd"]}, "req_" + "a1" * 16),
    ],
)
def test_the_lot_is_drawn_by_key_user_conversation_request(headers, fields, key):
    assert call(headers=headers, **fields).key == key


def test_a_conversation_is_sticky_and_a_request_of_nobody_is_not():
    assert call(headers={"loopwright-session": "s", "loopwright-user": "u"}).sticky == "s"
    assert call(user="u").sticky == "u"
    assert call().sticky == ""


def test_names_without_end_go_by_their_digests_and_are_still_told_apart():
    long = {"user": "u" * 5_000_000, "conversation": "s" * 5_000_000}
    one, other = call(headers={"loopwright-feature": "f" * 60_000}, **long), call(**(long | {"user": "v" * 5_000_000}))
    assert max(len(one.user), len(one.session), len(one.feature)) < 50
    assert one.user != other.user
    assert one.session == other.session
    assert call(user="u" * 200).user == "u" * 200
