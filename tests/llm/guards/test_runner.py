"""Guards at work: on texts that come in, on whole answers, on streams and on calls of tools."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.errors import GuardBlockedError, UsageError
from loopwright.llm.guard import Guard
from loopwright.llm.guards.declarations import length, personal_data, secrets
from loopwright.llm.guards.looking import Checks, look
from loopwright.llm.guards.runner import GuardRunner, logged
from loopwright.llm.guards.stream import OutgoingText
from loopwright.llm.guards.tool_calls import look_at_call

MAIL = "ann.lee@example.org"
CARD = "4111 1111 1111 1111"
KEY = "ghp_" + "a1B2c3D4e5F6" * 3
PEM = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow+abc/def\n" * 200 + "-----END RSA PRIVATE KEY-----"
PIECES = (
    MAIL, CARD, "GB29 NWBK 6016 1331 9268 19", "+44 20 7946 0958", "(202) 555-0143", "ann [at] example [dot] org", KEY,
    "password = hunter2Xy9", PEM, "2001:db8::8a2e:370:7334", "4\u200b111 1111 1111 1111",
    "\uff14111 1111 1111 111\uff11",
    "\U000e0061nn@example.org", "no. 44051401359", "PESEL 44051401359", "the answer is 42.", "\n", "  ", "-----BEGIN ",
    "at 12:30, 3 of 5", "é", "Straße", "GB29", "@", "4111", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
)  # fmt: skip


def streamed(runner: GuardRunner, text: str, sizes: list[int]) -> tuple[str, tuple]:
    out, at, turn = runner.outgoing(), 0, 0
    sent = []
    while at < len(text):
        size = sizes[turn % len(sizes)]
        sent.append(out.feed(text[at : at + size]))
        at, turn = at + size, turn + 1
    sent.append(out.end())
    return "".join(sent), out.findings


texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=12).flatmap(
    lambda parts: st.sampled_from((" ", "", ", ", "\n")).map(lambda joint: joint.join(parts))
)


@settings(max_examples=300, deadline=None)
@given(texts, st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_a_stream_lets_go_what_the_whole_answer_would_be_however_it_is_cut(text: str, sizes: list[int]) -> None:
    runner = GuardRunner([personal_data(), secrets(action="redact")])
    whole = runner.whole(text)
    sent, findings = streamed(runner, text, sizes)
    assert sent == whole.text
    assert sorted(f.start for f in findings) == sorted(f.start for f in whole.findings)


@pytest.mark.parametrize("guard", [personal_data(), secrets(action="redact")], ids=lambda guard: guard.kind)
@pytest.mark.parametrize("size", [1, 5, 13])
def test_each_guard_by_itself_holds_back_what_it_may_still_find(guard, size: int) -> None:
    runner = GuardRunner([guard])
    for piece in (*PIECES, "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "my password is: hunter2Xy9"):
        text = f"some words before it {piece} and so many words after it that all is let go"
        assert streamed(runner, text, [size])[0] == runner.whole(text).text, piece


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30), st.sampled_from((MAIL, CARD, KEY, PEM)), st.integers(1, 30))
def test_nothing_of_a_blocked_text_leaves_a_stream(before: str, secret: str, size: int) -> None:
    runner = GuardRunner([personal_data(action="block"), secrets()])
    text = f"{before} {secret} and more"
    out, sent = runner.outgoing(), ""
    refused: GuardBlockedError | None = None
    try:
        for at in range(0, len(text), size):
            sent += out.feed(text[at : at + size])
        sent += out.end()
    except GuardBlockedError as error:
        refused = error
    assert refused is not None
    assert f"{before} ".startswith(sent)
    assert secret[:12] not in str(refused) + json.dumps(refused.as_dict(), default=str)


def test_a_stream_that_was_blocked_stays_blocked() -> None:
    out = GuardRunner([secrets()]).outgoing()
    with pytest.raises(GuardBlockedError):
        out.feed(f"{KEY} one two three four five six seven ")
    with pytest.raises(GuardBlockedError):
        out.feed("harmless")
    with pytest.raises(GuardBlockedError):
        out.end()


def test_plain_words_are_not_held_long() -> None:
    out = GuardRunner([personal_data(), secrets()]).outgoing()
    text = "Take the second left, then walk along the river until you see the old bridge, and cross it there. " * 3
    held = 0
    sent = 0
    for at in range(0, len(text), 4):
        sent += len(out.feed(text[at : at + 4]))
        held = max(held, at + 4 - sent)
    assert held < 60


def test_a_word_without_an_end_is_not_looked_at_again_with_every_piece() -> None:
    runner = GuardRunner([secrets(action="redact")])
    detector = runner._out.watching[0].detector
    original, seen = type(detector).find, []
    type(detector).find = lambda self, text: seen.append(len(text)) or original(self, text)  # type: ignore[method-assign]
    try:
        out = runner.outgoing()
        for _ in range(20_000):
            out.feed("abcd")
        out.end()
    finally:
        type(detector).find = original  # type: ignore[method-assign]
    assert sum(seen) < 30 * 80_000


def test_an_error_names_guard_and_kind_and_direction_and_nothing_else() -> None:
    runner = GuardRunner([personal_data(action="block", name="privacy")])
    with pytest.raises(GuardBlockedError) as refused:
        runner.incoming(["fine", f"my mail is {MAIL}"])
    assert refused.value.context == {"guard": "privacy", "kind": "email", "direction": "in"}
    assert MAIL not in json.dumps(refused.value.as_dict())


def test_masks_stand_where_the_characters_stood_also_behind_invisible_ones() -> None:
    guarded = GuardRunner([personal_data()]).whole(f"\u200b\u200b\ufb01rst {MAIL[:3]}\u200d{MAIL[3:]} last")
    assert guarded.text == "\u200b\u200b\ufb01rst [email] last"
    assert [(f.start, f.end) for f in guarded.findings] == [(7, 7 + len(MAIL) + 1)]


@pytest.mark.parametrize("action", ["flag", "monitor"])
def test_a_guard_that_only_reports_changes_nothing(action: str) -> None:
    runner = GuardRunner([personal_data(action=action)])
    sent, findings = streamed(runner, f"mail {MAIL} now", [3])
    assert sent == f"mail {MAIL} now"
    assert [f.kind for f in findings] == ["email"]
    assert logged(findings, "out") == (f"out:personal_data:email:{action}",)


def test_guards_look_only_their_way() -> None:
    inward, outward = GuardRunner([personal_data(direction="in")]), GuardRunner([personal_data(direction="out")])
    assert inward.incoming([MAIL])[0].text == "[email]"
    assert inward.whole(MAIL).text == MAIL
    assert outward.incoming([MAIL])[0].text == MAIL
    assert outward.whole(MAIL).text == "[email]"
    assert (inward.needs_text, inward.looks_in, outward.needs_text, outward.looks_in) == (False, True, True, False)
    assert inward.outgoing().feed(MAIL) == MAIL


def test_places_found_by_two_guards_get_one_mask() -> None:
    runner = GuardRunner([personal_data(), secrets(action="redact")])
    assert runner.whole(f"password = {MAIL}").text == "password = [email]"


def test_an_answer_with_a_bounded_length_is_held_until_it_is_whole() -> None:
    out = GuardRunner([length(most=10)]).outgoing()
    assert out.holds_all
    assert out.feed("12345") == ""
    assert out.feed("678901") == ""
    with pytest.raises(GuardBlockedError):
        out.end()
    out = GuardRunner([length(most=10, action="redact")]).outgoing()
    assert out.feed("1234567") + out.feed("8901234") + out.end() == "1234567890"


def test_a_length_that_is_only_flagged_does_not_hold_the_stream() -> None:
    out = GuardRunner([length(most=10, action="flag")]).outgoing()
    assert out.feed("123456789012") == "123456789012"
    assert out.end() == ""
    assert [f.kind for f in out.findings] == ["too_long"]


def test_a_tool_call_keeps_its_json_while_values_are_masked() -> None:
    runner = GuardRunner([personal_data()])
    arguments = json.dumps({"to": MAIL, "card": 4111111111111111, "deep": [{"note": f"ask {MAIL}"}], "n": 3, "b": True})
    call = runner.whole_call({"name": "send", "arguments": arguments})
    assert json.loads(call.arguments) == {
        "to": "[email]", "card": "[card]", "deep": [{"note": "ask [email]"}], "n": 3, "b": True,
    }  # fmt: skip
    assert call.name == "send"


def test_a_tool_call_is_looked_at_behind_its_escapes() -> None:
    runner = GuardRunner([personal_data(action="block")])
    with pytest.raises(GuardBlockedError):
        runner.whole_call({"name": "send", "arguments": '{"to": "ann\\u0040example.org"}'})
    with pytest.raises(GuardBlockedError):
        runner.whole_call({"name": "send", "arguments": f'{{"broken": "{MAIL}'})
    with pytest.raises(GuardBlockedError):
        GuardRunner([secrets()]).whole_call({"name": "login", "arguments": '{"password": "hunter2Xy9"}'})


def test_a_tool_call_without_findings_is_left_byte_for_byte() -> None:
    arguments = '{ "b":1.50,  "a" : [1e3, null] }'
    assert GuardRunner([personal_data()]).whole_call({"name": "f", "arguments": arguments}).arguments == arguments


def test_a_tool_call_that_streams_gives_its_name_at_once_and_its_arguments_at_its_end() -> None:
    out = GuardRunner([personal_data()]).outgoing_tool(0)
    assert out.feed("send_mail") == "send_mail"
    assert [out.feed(piece) for piece in ('{"to":', f' "{MAIL[:6]}', f'{MAIL[6:]}"', "}")] == ["", "", "", ""]
    assert out.end() == '{"to":"[email]"}'
    assert [f.kind for f in out.findings] == ["email"]
    out = GuardRunner([secrets()]).outgoing_tool(1)
    assert out.feed('{"key": "') + out.feed(f'{KEY}"}}') == ""
    with pytest.raises(GuardBlockedError):
        out.end()
    assert GuardRunner([]).outgoing_tool(0).feed('{"a"') == '{"a"'


def test_wrong_declarations_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match="no guard of kind 'weather'"):
        GuardRunner([Guard(kind="weather")])
    with pytest.raises(UsageError, match="no option 'colour'"):
        GuardRunner([Guard(kind="secrets", options={"colour": 1})])
    with pytest.raises(UsageError, match="no kind of personal data is called 'mail'"):
        personal_data(kinds=["mail"])
    with pytest.raises(UsageError, match="needs `most` or `least`"):
        length()


def test_without_guards_everything_passes_as_it_is() -> None:
    nothing = Checks("out")
    assert look(nothing, MAIL).text == MAIL
    assert OutgoingText(nothing).feed(MAIL) == MAIL
    assert look_at_call(nothing, {"name": "f", "arguments": "{"}).arguments == "{"


def test_what_stands_beside_the_texts_is_looked_at_by_detectors_and_has_no_length_of_its_own() -> None:
    runner = GuardRunner([length(least=20), personal_data(action="redact"), secrets()])
    assert [one.text for one in runner.beside(["ann", "ann@example.org"])] == ["ann", "[email]"]
    with pytest.raises(GuardBlockedError):
        runner.beside(["AKIAIOSFODNN7EXAMPLE"])
    with pytest.raises(GuardBlockedError):
        runner.incoming(["ann"])


@pytest.mark.parametrize("way", ["in", "out"])
def test_arguments_of_calls_are_looked_at_behind_their_escapes_either_way(way) -> None:
    escaped = '{"key": "\\u0041KIAIOSFODNN7EXAMPLE"}'
    with pytest.raises(GuardBlockedError):
        GuardRunner([secrets()]).calls([escaped], way)
    (call,) = GuardRunner([personal_data()]).calls(['{"to": "ann\\u0040example.org"}'], way)
    assert json.loads(call.arguments) == {"to": "[email]"}
