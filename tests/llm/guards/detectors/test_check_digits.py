"""Check digits, by numbers that are printed in their standards and by authorities as samples."""

import pytest

from loopwright.llm.guards.detectors import check_digits as c

SAMPLES = [
    (c.luhn, "4111111111111111"),
    (c.luhn, "378282246310005"),
    (c.iban, "GB29NWBK60161331926819"),
    (c.iban, "NO9386011117947"),
    (c.nhs, "9434765919"),
    (c.german_tax_id, "86095742719"),
    (c.german_tax_id, "65929970489"),
    (c.french_nir, "255081416802538"),
    (c.spanish_dni, "12345678Z"),
    (c.spanish_dni, "X1234567L"),
    (c.pesel, "44051401359"),
    (c.cpf, "52998224725"),
    (c.codice_fiscale, "RSSMRA85T10A562S"),
    (c.verhoeff, "2363"),
]


@pytest.mark.parametrize(("holds", "number"), SAMPLES, ids=lambda value: getattr(value, "__name__", value))
def test_a_sample_holds_and_no_change_of_one_digit_does(holds, number: str) -> None:
    assert holds(number)
    last = number[-1]
    others = "0123456789" if last.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    wrong = [number[:-1] + other for other in others if other != last]
    assert not any(holds(other) for other in wrong if other != number)


def test_all_digits_alike_are_no_cpf() -> None:
    assert not c.cpf("11111111111")


def test_an_iban_has_its_countrys_length() -> None:
    assert c.iban_length("DE") == 22
    assert c.iban_length("ZZ") == 0
    assert not c.iban("XX29NWBK60161331926819")


def test_digits_of_a_machine_readable_passport() -> None:
    assert c.mrz_digit("L898902C3") == 6
    assert c.mrz_digit("740812") == 2
