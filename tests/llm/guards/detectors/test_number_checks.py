"""What must be true of a number that looks like one of a person's."""

import pytest

from loopwright.llm.guards.detectors import number_checks as n


@pytest.mark.parametrize(
    ("number", "known"),
    [("4111111111111111", True), ("378282246310005", True), ("6011111111111117", True), ("30569309025904", True),
     ("3530111333300000", True), ("2223000048400011", True), ("9111111111111119", False), ("4111111111111112", False),
     ("41111111111111", False)],
)  # fmt: skip
def test_a_card_has_an_issuers_prefix_and_length_and_luhns_digit(number: str, known: bool) -> None:
    assert n.card(number) is known


@pytest.mark.parametrize(
    ("number", "issued"),
    [("536221234", True), ("000221234", False), ("666221234", False), ("536001234", False), ("536220000", False),
     ("912701234", True), ("912101234", False), ("078051120", False)],
)  # fmt: skip
def test_a_social_security_number_lies_in_the_ranges_that_are_issued(number: str, issued: bool) -> None:
    assert n.ssn(number) is issued


def test_a_phone_number_has_a_calling_code_that_exists() -> None:
    assert n.international("+442079460958")
    assert n.international("00442079460958")
    assert not n.international("+99912345678")
    assert not n.international("+4420")


@pytest.mark.parametrize(
    ("address", "somebodys"),
    [("8.8.4.4", True), ("203.0.113.9", True), ("10.1.2.3", False), ("127.0.0.1", False), ("224.0.0.1", False),
     ("999.1.1.1", False), ("2001:db8::1", True), ("fe80::1", False), ("::1", False)],
)  # fmt: skip
def test_an_address_of_a_local_network_is_nobodys(address: str, somebodys: bool) -> None:
    assert n.ip_address(address) is somebodys


def test_a_passports_line_is_checked_field_by_field() -> None:
    line = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
    assert n.passport(line)
    assert not any(
        n.passport(f"{line[:at]}{(int(line[at]) + 1) % 10}{line[at + 1 :]}") for at in (9, 14, 19, 22, 27, 43)
    )


def test_a_personal_number_has_a_date() -> None:
    assert n.personnummer("8112289874")
    assert not n.personnummer("8113289873")
