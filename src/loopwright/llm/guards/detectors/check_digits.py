"""Check digits: what tells a number that was issued from one that only looks so."""

from collections.abc import Sequence

_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD_VALUES = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
# The multiplication of the group D5 and its permutation, by which Verhoeff's digit is worked out.
_D5 = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
       "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip
_TURNS = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, of cards."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[::-2]) + sum(doubled)) % 10 == 0


def iban_length(country: str) -> int:
    """Characters of a country's IBANs; 0 where it has none."""
    return _IBAN_LENGTHS.get(country, 0)


def iban(text: str) -> bool:
    """ISO 13616: the country's length and the remainder by 97. Upper case, without spaces."""
    if iban_length(text[:2]) != len(text) or not text.isascii():
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits by weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def nhs(digits: str) -> bool:
    """The ten digits of an NHS number."""
    check = 11 - weighted(digits, range(10, 1, -1)) % 11
    return check != 10 and check % 11 == int(digits[9])


def german_tax_id(digits: str) -> bool:
    """The eleven digits of a Steuer-IdNr: one of the first ten occurs twice or three times; ISO/IEC 7064, MOD 11,10."""
    counts = sorted((digits[:10].count(digit) for digit in set(digits[:10])), reverse=True)
    if digits[0] == "0" or counts[0] not in (2, 3) or counts[1] > 1:
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def french_nir(text: str) -> bool:
    """The fifteen characters of a numéro de sécurité sociale; Corsica's departments have letters."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    month = int(text[3:5])
    return number.isdigit() and (1 <= month <= 12 or 20 <= month <= 42) and 97 - int(number) % 97 == int(text[13:])


def spanish_dni(text: str) -> bool:
    """DNI and NIE: the letter after seven or eight digits; X, Y and Z of a NIE are 0, 1 and 2."""
    number = text[:-1].translate({ord("X"): "0", ord("Y"): "1", ord("Z"): "2"})
    return _DNI_LETTERS[int(number) % 23] == text[-1]


def pesel(digits: str) -> bool:
    """The eleven digits of a PESEL: date of birth, with the century in the month, and a check digit."""
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    check = -weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10
    return 1 <= month <= 12 and 1 <= day <= 31 and check == int(digits[10])


def cpf(digits: str) -> bool:
    """The eleven digits of a CPF."""
    if len(set(digits)) == 1:
        return False
    first = -weighted(digits, range(10, 1, -1)) % 11 % 10
    second = -weighted(digits, range(11, 1, -1)) % 11 % 10
    return digits[9:] == f"{first}{second}"


def codice_fiscale(text: str) -> bool:
    """The sixteen characters of a codice fiscale; upper case."""
    values = (
        _ODD_VALUES[int(char, 36) if char.isdigit() else ord(char) - 65] if index % 2 == 0
        else int(char) if char.isdigit() else ord(char) - 65
        for index, char in enumerate(text[:15])
    )  # fmt: skip
    return chr(65 + sum(values) % 26) == text[15]


def verhoeff(digits: str) -> bool:
    """Verhoeff's check digit, of an Aadhaar number."""
    state = 0
    for index, digit in enumerate(reversed(digits)):
        state = int(_D5[state][int(_TURNS[index % 8][int(digit)])])
    return state == 0


def mrz_digit(field: str) -> int:
    """The check digit of a field of a machine-readable passport: ICAO 9303, weights 7, 3, 1."""
    return sum((0 if char == "<" else int(char, 36)) * (7, 3, 1)[index % 3] for index, char in enumerate(field)) % 10
