"""Personal data: what is found, and what only looks so."""

import pytest

from loopwright.errors import UsageError
from loopwright.llm.guards.detectors.personal_data import KINDS, PersonalData


def found(text: str, *kinds: str) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in PersonalData(kinds).find(text)]


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("mail ann.lee@example.org.", "email", "ann.lee@example.org"),
        ("x [at] example [dot] org", "email", "x [at] example [dot] org"),
        ("BE68 5390 0754 7034 paid to", "iban", "BE68 5390 0754 7034"),
        ("4111 1111 1111 1111 123", "card", "4111 1111 1111 1111"),
        ("3782-822463-10005", "card", "3782-822463-10005"),
        ("call +44 (0)20 7946 0958 now", "phone", "+44 (0)20 7946 0958"),
        ("tel 20255501 22", "phone", "20255501 22"),
        ("536-22-1234", "us_ssn", "536-22-1234"),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "passport", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        ("from 2001:db8::8a2e:370:7334.", "ip_address", "2001:db8::8a2e:370:7334"),
        ("my pesel is 44051401359", "pl_pesel", "44051401359"),
    ],
)
def test_it_is_found_where_it_stands(text: str, kind: str, part: str) -> None:
    assert (kind, part) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112", "GB29 NWBK 6016 1331 9268 18", "000-22-1234", "666-22-1234", "078-05-1120",
        "44051401359",
        "version 1.2.3.4", "192.168.0.1 127.0.0.1 ::1", "256.1.1.1", "a::b 12:30:45", "2024-01-15 12:30", "a@b", "@",
        "ISBN 978-3-16-148410-0", "+999 1234 5678", "0000 0000 0000 0000", "BG123456A",
    ],
)  # fmt: skip
def test_what_breaks_its_rules_is_not_found(text: str) -> None:
    assert found(text) == []


def test_only_the_kinds_that_are_asked_for_are_found() -> None:
    text = "ann@example.org 4111111111111111"
    assert found(text, "email") == [("email", "ann@example.org")]
    assert found(text, "card") == [("card", "4111111111111111")]


def test_an_unknown_kind_is_named_with_those_that_are_there() -> None:
    with pytest.raises(UsageError) as refused:
        PersonalData(["blood_type"])
    assert "blood_type" in refused.value.what
    assert all(kind in refused.value.fix for kind in KINDS)


def test_several_in_one_text_are_told_apart() -> None:
    kinds = [kind for kind, _ in found("ann@example.org, GB29NWBK60161331926819; 536-22-1234 / 4111111111111111")]
    assert kinds == ["email", "iban", "us_ssn", "card"]
