"""Numbers and keys that are made up, with valid check digits: what labelled texts name by `<<iban_de>>` and the like.

They belong to nobody on purpose and to somebody at most by chance; the same text gets the same ones for ever.
"""

import base64
import re
import string
from collections.abc import Callable

from blake3 import blake3

from loopwright.errors import UsageError
from loopwright.llm.guards.detectors import check_digits, number_checks

_NAMED = re.compile(r"<<([a-z0-9_]{1,40})>>")
_LETTERS = string.ascii_uppercase
_SIGNS = string.ascii_letters + string.digits


class _Lot:
    """Signs drawn by a name."""

    def __init__(self, name: str) -> None:
        self._bytes = blake3(name.encode()).digest(4096)
        self._at = 0

    def of(self, signs: str, count: int = 1) -> str:
        """So many of some signs."""
        drawn = self._bytes[self._at : self._at + count]
        self._at += count
        return "".join(signs[byte % len(signs)] for byte in drawn)

    def digits(self, count: int) -> str:
        """So many digits."""
        return self.of(string.digits, count)


def filled(text: str, name: str) -> str:
    """A text with what it names by `<<…>>` made up.

    Args:
        text: The text.
        name: What the drawing goes by.

    Raises:
        UsageError: It names what nobody can make up.
    """

    def made(match: re.Match[str]) -> str:
        what = match.group(1)
        if what not in _MAKERS:
            raise UsageError(f"a labelled text names <<{what}>>, which cannot be made up")
        return _MAKERS[what](_Lot(f"{name}/{what}"))

    return _NAMED.sub(made, text)


def _ended(start: str, valid: Callable[[str], bool], ends: str = string.digits) -> str:
    """A start with the check digit that makes it valid; with the next start where none does."""
    for end in ends:
        if valid(start + end):
            return start + end
    return _ended(start[:-1] + str((int(start[-1]) + 1) % 10), valid, ends)


def _iban(country: str, account: str) -> str:
    check = next(f"{n:02d}" for n in range(2, 99) if check_digits.iban(f"{country}{n:02d}{account}"))
    return f"{country}{check}{account}"


def _spaced(text: str, *sizes: int, by: str = " ") -> str:
    pieces, at = [], 0
    for size in (*sizes, *(sizes[-1],) * len(text)):
        pieces.append(text[at : at + size])
        at += size
    return by.join(piece for piece in pieces if piece)


def _card(lot: _Lot, prefix: str, length: int) -> str:
    return _ended(prefix + lot.digits(length - 1 - len(prefix)), check_digits.luhn)


def _nir(lot: _Lot) -> str:
    number = f"{lot.of('12')}{lot.digits(2)}0{lot.of('123456789')}75{lot.digits(6)}"
    return f"{number}{97 - int(number) % 97:02d}"


def _tax_id(lot: _Lot) -> str:
    kept = list(dict.fromkeys(lot.digits(60)))[:9]
    first = kept[0] if kept[0] != "0" else kept[1]
    body = [first, *(digit for digit in kept if digit != first)]
    return _ended("".join([*body, body[3]]), check_digits.german_tax_id)


def _pesel(lot: _Lot) -> str:
    return _ended(f"{lot.digits(2)}0{lot.of('123456789')}1{lot.digits(5)}", check_digits.pesel)


def _cpf(lot: _Lot) -> str:
    body = lot.digits(9)
    return next(f"{body}{n:02d}" for n in range(100) if check_digits.cpf(f"{body}{n:02d}"))


def _cpf_signed(lot: _Lot) -> str:
    number = _cpf(lot)
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def _codice_fiscale(lot: _Lot) -> str:
    body = (
        f"{lot.of(_LETTERS, 6)}{lot.digits(2)}{lot.of('ABCDEHLMPRST')}1{lot.digits(1)}{lot.of(_LETTERS)}{lot.digits(3)}"
    )
    return next(body + letter for letter in _LETTERS if check_digits.codice_fiscale(body + letter))


def _mrz(lot: _Lot) -> str:
    fields = [lot.of(_LETTERS + string.digits, 9), f"{lot.digits(2)}0{lot.of('123456789')}1{lot.digits(1)}", "301231"]
    number, born, until = (field + str(check_digits.mrz_digit(field)) for field in fields)
    rest = "<" * 14 + "0"
    whole = check_digits.mrz_digit(number + born + until + rest)
    return f"{number}UTO{born}F{until}{rest}{whole}"


def _ssn(lot: _Lot) -> str:
    return f"{lot.of('12345')}{lot.of('123456789', 2)}{lot.of('123456789', 2)}{lot.of('123456789', 4)}"


def _nhs(lot: _Lot) -> str:
    return _ended("9" + lot.digits(8), check_digits.nhs)


def _dni(lot: _Lot) -> str:
    number = lot.digits(8)
    return next(number + letter for letter in _LETTERS if check_digits.spanish_dni(number + letter))


def _nie(lot: _Lot) -> str:
    number = lot.of("XYZ") + lot.digits(7)
    return next(number + letter for letter in _LETTERS if check_digits.spanish_dni(number + letter))


def _personnummer(lot: _Lot) -> str:
    body = _ended(f"{lot.digits(2)}0{lot.of('123456789')}1{lot.digits(1)}{lot.digits(3)}", number_checks.personnummer)
    return f"{body[:6]}-{body[6:]}"


def _ipv4(lot: _Lot) -> str:
    return f"203.0.113.{int(lot.digits(2)) + 1}"


def _full_width(digits: str) -> str:
    return "".join(chr(0xFEE0 + ord(char)) for char in digits)


def _key(start: str, count: int, signs: str = _SIGNS) -> Callable[[_Lot], str]:
    return lambda lot: start + lot.of(signs, count)


def _jwt(lot: _Lot) -> str:
    parts = (b'{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{lot.digits(6)}"}}'.encode())
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), lot.of(_SIGNS, 43)])


def _pem(kind: str) -> Callable[[_Lot], str]:
    def made(lot: _Lot) -> str:
        lines = "\n".join(lot.of(_SIGNS, 64) for _ in range(8))
        return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"

    return made


_HEX = "0123456789abcdef"
_MAKERS: dict[str, Callable[[_Lot], str]] = {
    "email": lambda lot: f"{lot.of('abcdefgh', 6).lower()}.{lot.of('klmnop', 5)}@example.org",
    "phone_intl": lambda lot: f"+44 20 7946 0{lot.digits(3)}",
    "phone_us": lambda lot: f"(202) 555-01{lot.digits(2)}",
    "phone_uk": lambda lot: f"020 7946 0{lot.digits(3)}",
    "phone_fr": lambda lot: f"01 99 00 {lot.digits(2)} {lot.digits(2)}",
    "phone_bare": lambda lot: f"20255501{lot.digits(2)}",
    "iban_de": lambda lot: _iban("DE", lot.digits(18)),
    "iban_de_lower": lambda lot: _iban("DE", lot.digits(18)).lower(),
    "iban_gb_spaced": lambda lot: _spaced(_iban("GB", "NWBK" + lot.digits(14)), 4),
    "iban_be_spaced": lambda lot: _spaced(_iban("BE", lot.digits(12)), 4),
    "card_visa_spaced": lambda lot: _spaced(_card(lot, "4", 16), 4),
    "card_visa_digits_apart": lambda lot: _spaced(_card(lot, "4", 16), 1),
    "card_visa_full_width": lambda lot: _full_width(_card(lot, "4", 16)),
    "card_mc": lambda lot: _card(lot, "53", 16),
    "card_amex": lambda lot: _spaced(_card(lot, "37", 15), 4, 6, 5),
    "ssn": lambda lot: _spaced(_ssn(lot), 3, 2, 4, by="-"),
    "ssn_bare": _ssn,
    "nino": lambda lot: f"{lot.of('ACEGHJ')}{lot.of('KLMPRS')} {_spaced(lot.digits(6), 2)} {lot.of('ABCD')}",
    "nhs": _nhs,
    "nhs_spaced": lambda lot: _spaced(_nhs(lot), 3, 3, 4),
    "dni": _dni,
    "nie": _nie,
    "nir_spaced": lambda lot: _spaced(_nir(lot), 1, 2, 2, 2, 3, 3, 2),
    "codice_fiscale": _codice_fiscale,
    "cpf": _cpf_signed,
    "cpf_bare": _cpf,
    "tax_id": _tax_id,
    "tax_id_spaced": lambda lot: _spaced(_tax_id(lot), 2, 3, 3, 3),
    "pesel": _pesel,
    "personnummer": _personnummer,
    "aadhaar": lambda lot: _spaced(_ended(lot.of("23456789") + lot.digits(10), check_digits.verhoeff), 4),
    "ipv4": _ipv4,
    "ipv6": lambda lot: f"2001:db8::{lot.of(_HEX, 4)}:{lot.of('123456789')}{lot.of(_HEX, 3)}",
    "mrz": _mrz,
    "openai_key": _key("sk-", 48),
    "openai_project_key": _key("sk-proj-", 64),
    "anthropic_key": _key("sk-ant-api03-", 90),
    "aws_access_key": _key("AKIA", 16, _LETTERS + "234567"),
    "aws_secret": _key("", 40, _SIGNS + "/+"),
    "github_token": _key("ghp_", 36),
    "github_fine_token": _key("github_pat_", 82),
    "gitlab_token": _key("glpat-", 20),
    "slack_token": lambda lot: f"xoxb-{lot.digits(12)}-{lot.digits(12)}-{lot.of(_SIGNS, 24)}",
    "slack_webhook": lambda lot: (
        f"https://hooks.slack.com/services/T{lot.of(_LETTERS, 8)}/B{lot.of(_LETTERS, 8)}/" + lot.of(_SIGNS, 24)
    ),
    "google_key": _key("AIza", 35),
    "google_token": _key("ya29.", 60),
    "stripe_live_key": _key("sk_live_", 24),
    "stripe_test_key": _key("sk_test_", 24),
    "sendgrid_key": lambda lot: f"SG.{lot.of(_SIGNS, 22)}.{lot.of(_SIGNS, 43)}",
    "npm_token": _key("npm_", 36),
    "pypi_token": _key("pypi-AgEIcHlwaS5vcmc", 60),
    "huggingface_token": _key("hf_", 34, string.ascii_letters),
    "jwt": _jwt,
    "private_key": _pem("RSA "),
    "openssh_key": _pem("OPENSSH "),
    "databricks_token": _key("dapi", 32, _HEX),
    "telegram_token": lambda lot: f"{lot.of('123456789')}{lot.digits(9)}:AA{lot.of(_SIGNS, 33)}",
    "digitalocean_token": _key("dop_v1_", 64, _HEX),
}
