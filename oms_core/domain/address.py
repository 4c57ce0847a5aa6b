"""Checks of a postal address that need no service: what is certainly or very likely wrong, with a suggestion where one
follows from the address itself.

>>> [problem.code for problem in check(PostalAddress(street="1 rue de Rivoli", zip="7500", city="Paris", country="FR"))]
['bad_zip']
>>> check(PostalAddress(street="1 Main St", zip="o2139", city="Boston", state="MA", country="US"))[0].suggestion
{'zip': '02139'}
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Post codes by country: pattern, and an example for the sentence. A country that is not here is not checked.
ZIP_PATTERNS = {
    "AT": (r"\d{4}", "1010"),
    "AU": (r"\d{4}", "2000"),
    "BE": (r"\d{4}", "1000"),
    "CA": (r"[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d", "K1A 0B1"),
    "CH": (r"\d{4}", "8001"),
    "CZ": (r"\d{3} ?\d{2}", "110 00"),
    "DE": (r"\d{5}", "10115"),
    "DK": (r"\d{4}", "1050"),
    "ES": (r"(0[1-9]|[1-4]\d|5[0-2])\d{3}", "28001"),
    "FI": (r"\d{5}", "00100"),
    "FR": (r"(0[1-9]|[1-8]\d|9[0-8])\d{3}", "75001"),
    "GB": (r"(GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})", "SW1A 1AA"),
    "IT": (r"\d{5}", "00118"),
    "JP": (r"\d{3}-?\d{4}", "100-0001"),
    "LU": (r"\d{4}", "1009"),
    "NL": (r"[1-9]\d{3} ?[A-Z]{2}", "1011 AB"),
    "NO": (r"\d{4}", "0150"),
    "PL": (r"\d{2}-\d{3}", "00-001"),
    "PT": (r"\d{4}-\d{3}", "1000-001"),
    "SE": (r"\d{3} ?\d{2}", "111 20"),
    "US": (r"\d{5}(-\d{4})?", "02139"),
}

#: States of the United States by the first digit of their post codes.
US_STATES_BY_DIGIT = {
    "0": "CT MA ME NH NJ NY PR RI VT VI AE",
    "1": "DE NY PA",
    "2": "DC MD NC SC VA WV",
    "3": "AL FL GA MS TN AA",
    "4": "IN KY MI OH",
    "5": "DC IA MN MT ND SD WI",
    "6": "IL KS MO NE",
    "7": "AR LA OK TX",
    "8": "AZ CO ID NM NV UT WY TX",
    "9": "AK AP AS CA GU HI MP OR WA",
}

#: Provinces of Canada by the first letter of their post codes.
CA_PROVINCES_BY_LETTER = {
    "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC QC", "K": "ON", "L": "ON", "M": "ON",
    "N": "ON", "P": "ON", "R": "MB", "S": "SK", "T": "AB", "V": "BC", "X": "NT NU", "Y": "YT",
}  # fmt: skip

#: Boxes at a post office, to which couriers cannot deliver.
PO_BOX = re.compile(
    r"\b(p\.?\s?o\.?\s?box|post\s?office\s?box|postfach|bo[iî]te\s+postale|b\.?p\.?\s+\d+|postbus|apartado|casella\s+postale)\b",
    re.IGNORECASE,
)

#: Digits that people type for letters and the other way round, where only digits can be.
LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})

#: Countries in which nearly every address has a house number.
NUMBERED_COUNTRIES = frozenset({"AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "IT", "NL", "NO", "SE", "US"})


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """:param state: code of the subdivision, without the country. :param country: ISO 3166-1 alpha-2."""

    street: str = ""
    street2: str = ""
    zip: str = ""
    city: str = ""
    state: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class AddressProblem:
    """:param suggestion: values of :class:`PostalAddress` that would mend it; empty where only the customer knows."""

    code: str
    sentence: str
    suggestion: dict[str, str] = field(default_factory=dict)


def check(address: PostalAddress, po_box_ok: bool = True) -> list[AddressProblem]:
    """Everything that looks wrong about an address; empty when nothing does.

    :param po_box_ok: whether the carrier delivers to boxes at a post office.
    """
    found = [_check_zip(address), _check_state(address), _check_number(address)]
    if not po_box_ok:
        found.append(_check_box(address))
    return [problem for problem in found if problem]


def suggest(problems: list[AddressProblem]) -> dict[str, str]:
    """All that can be mended without asking, as values to change."""
    return {name: value for problem in problems for name, value in problem.suggestion.items()}


def _check_zip(address: PostalAddress) -> AddressProblem | None:
    if address.country not in ZIP_PATTERNS:
        return None
    pattern, example = ZIP_PATTERNS[address.country]
    code = _normal(address.zip)
    if re.fullmatch(pattern, code):
        return None
    suggestion = _mend_zip(code, pattern)
    sentence = (
        f"“{address.zip}” is no post code of {address.country} (they look like {example})."
        if code
        else f"The post code is missing ({address.country} has them like {example})."
    )
    return AddressProblem("bad_zip", sentence, {"zip": suggestion} if suggestion else {})


def _mend_zip(code: str, pattern: str) -> str:
    """The post code that was meant, if a slip of the keyboard explains what was typed."""
    bare = re.sub(r"[^0-9A-Z]", "", code)
    typed = [bare, re.sub(r"^[A-Z]{1,2}(?=\d)", "", bare)]
    typed += [one.translate(LOOKALIKES) for one in typed]
    spellings = [
        *typed,
        *(f"{one[:at]}-{one[at:]}" for one in typed for at in (2, 3, 4, 5)),
        *(f"0{one}" for one in typed if len(one) == 4 and one.isdigit()),  # what spreadsheets do to post codes
    ]
    return next((spelling for spelling in spellings if re.fullmatch(pattern, spelling)), "")


def _check_state(address: PostalAddress) -> AddressProblem | None:
    code = _normal(address.zip)
    if not code or not address.state:
        return None
    if address.country == "US" and code[0] in US_STATES_BY_DIGIT:
        states = US_STATES_BY_DIGIT[code[0]].split()
    elif address.country == "CA" and code[0] in CA_PROVINCES_BY_LETTER:
        states = sorted(set(CA_PROVINCES_BY_LETTER[code[0]].split()))
    else:
        return None
    if address.state in states:
        return None
    return AddressProblem(
        "state_mismatch",
        f"Post code {address.zip} is not in {address.state} but in {' or '.join(states)}.",
        {"state": states[0]} if len(states) == 1 else {},
    )


def _check_number(address: PostalAddress) -> AddressProblem | None:
    if address.country not in NUMBERED_COUNTRIES or not address.street:
        return None
    if any(character.isdigit() for character in address.street + address.street2):
        return None
    return AddressProblem("no_house_number", f"“{address.street}” has no house number. Ask the customer for it.")


def _check_box(address: PostalAddress) -> AddressProblem | None:
    if not PO_BOX.search(f"{address.street} {address.street2}"):
        return None
    return AddressProblem(
        "po_box", "The address is a box at a post office, and this delivery method does not go there."
    )


def _normal(code: str) -> str:
    return " ".join(code.upper().split())
