"""What must be true of a number that looks like one of a person's: prefixes, ranges, and its check digits."""

import ipaddress
import re

from loopwright.llm.guards.detectors import check_digits

_KNOWN_SAMPLES = frozenset({"078051120", "219099999", "123456789"})
"""Social security numbers that were printed on samples and belong to nobody."""
_CALLING_CODE = re.compile(
    r"1|7|20|27|30|31|32|33|34|36|39|40|41|43|44|45|46|47|48|49|51|52|53|54|55|56|57|58|60|61|62|63|64|65|66|81|"
    r"82|84|86|90|91|92|93|94|95|98|21[12368]|22[0123456789]|23[0123456789]|24[0123456789]|25[012345678]|"
    r"26[0123456789]|29[01789]|35[0123456789]|37[0123456789]|38[01235679]|42[013]|50[0123456789]|59[0123456789]|"
    r"67[023456789]|68[012356789]|69[012]|800|85[02356]|870|88[068]|96[012345678]|97[012345679]|99[234568]"
)
_DOCUMENTATION = ipaddress.ip_network("2001:db8::/32")


def card(digits: str) -> bool:
    """A payment card: a known issuer's prefix and length, and Luhn's digit."""
    length = len(digits)
    two, three, four = int(digits[:2]), int(digits[:3]), int(digits[:4])
    known = (
        (digits[0] == "4" and length in (13, 16, 19))
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)
        or (two in (34, 37) and length == 15)
        or ((four == 6011 or 644 <= three <= 649 or two == 65) and length in (16, 19))
        or ((300 <= three <= 305 or two in (36, 38)) and length == 14)
        or (3528 <= four <= 3589 and length in (16, 19))
        or (two == 62 and 16 <= length <= 19)
    )
    return known and check_digits.luhn(digits)


def ssn(digits: str) -> bool:
    """A US social security number, or an individual's tax number, in the ranges that are issued."""
    area, group, serial = int(digits[:3]), int(digits[3:5]), int(digits[5:])
    if digits in _KNOWN_SAMPLES or not group or not serial or area in (0, 666):
        return False
    return area < 900 or 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


def nino(text: str) -> bool:
    """A UK national insurance number: the prefixes that are not given out left aside."""
    return text[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def personnummer(text: str) -> bool:
    """A Swedish personal number: a date, and Luhn's digit over the last ten."""
    digits = text.replace("+", "")[-10:]
    month, day = int(digits[2:4]), int(digits[4:6])
    return 1 <= month <= 12 and 1 <= day <= 31 and check_digits.luhn(digits)


def passport(line: str) -> bool:
    """The second line of a machine-readable passport: the digits of its number, dates and the whole."""
    fields = ((line[:9], line[9]), (line[13:19], line[19]), (line[21:27], line[27]))
    whole = line[:10] + line[13:20] + line[21:43]
    return all(str(check_digits.mrz_digit(field)) == digit for field, digit in (*fields, (whole, line[43])))


def international(text: str) -> bool:
    """A phone number with its country: E.164, seven to fifteen digits after a calling code that exists."""
    digits = text.removeprefix("+") if text[0] == "+" else text[2:]
    return 7 <= len(digits) <= 15 and _CALLING_CODE.match(digits) is not None


def national(text: str) -> bool:
    """A phone number without its country: nine to twelve digits."""
    return 9 <= len(text) <= 12


def said_phone(text: str) -> bool:
    """Digits that a word before them calls a phone number: seven to thirteen, not all the same."""
    return 7 <= len(text) <= 13 and len(set(text)) > 1


def any_number(text: str) -> bool:
    """A number whose looks suffice, unless all its digits are the same."""
    return len(set(text)) > 1


def ip_address(text: str) -> bool:
    """An address that may stand for somebody: not one of a local network, of the machine itself, or of a group.

    Those that are set aside for examples count.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.is_multicast or address.is_loopback or address.is_unspecified or address.is_link_local:
        return False
    example = (isinstance(address, ipaddress.IPv6Address) and address in _DOCUMENTATION) or text.startswith(
        ("192.0.2.", "198.51.100.", "203.0.113.")
    )
    return example or address.is_global
