"""What a scanned code means for a transfer: which piece it counts, or why it counts none."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

#: Longer input is no barcode; a GS1 code has less than a hundred characters.
CODE_MAX_CHARS = 128

#: GS1 application identifiers with data of a fixed length that may stand before the ones we read: {identifier: length}.
_GS1_FIXED = {"00": 18, "11": 6, "13": 6, "15": 6, "17": 6}
_SEPARATOR = "\x1d"


@dataclass(frozen=True, slots=True)
class Code:
    """What was read: the product's number, and the lot or serial number, where the code tells one.

    :param lot: only of codes that name product and lot at once (GS1).
    """

    value: str
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of a transfer: ``quantity`` of a product, of which ``scanned`` have been counted."""

    id: Hashable
    product_id: Hashable
    label: str
    quantity: Decimal
    scanned: Decimal
    lot_id: Hashable | None = None
    package_id: Hashable | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the database knows under a code. Empty when it knows nothing."""

    product_id: Hashable | None = None
    label: str = ""
    lot_id: Hashable | None = None
    package_id: Hashable | None = None
    quantity: Decimal = Decimal(1)
    by_lot: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a scan counts nothing: a code for programs, and what goes into the sentence for people."""

    code: str
    label: str = ""


def read(text: str) -> Code:
    """The code in what a scanner typed; of GS1 codes the article number and the lot or serial number.

    >>> read("4006381333931")
    Code(value='4006381333931', lot='')
    >>> read("0104006381333931" + "10A7")
    Code(value='4006381333931', lot='A7')
    >>> read("(01)04006381333931(21)S1").lot
    'S1'
    """
    text = text.strip()
    if text.startswith("]") and len(text) > 3:
        text = text[3:]  # what some scanners put before the code to tell its kind
    plain = text.strip(_SEPARATOR)
    if plain.startswith("(01)"):
        plain = plain.replace("(", _SEPARATOR).replace(")", "").strip(_SEPARATOR)
    found, rest = {}, plain
    while rest:
        identifier = rest[:2]
        if identifier == "01" and rest[2:16].isdigit() and len(rest) >= 16:
            found["01"], rest = rest[2:16], rest[16:]
        elif found and identifier in ("10", "21"):
            value, _separator, rest = rest[2:].partition(_SEPARATOR)
            found["lot"] = value
        elif found and identifier in _GS1_FIXED:
            rest = rest[2 + _GS1_FIXED[identifier] :]
        else:
            break
        rest = rest.lstrip(_SEPARATOR)
    if "01" not in found or rest or len(plain) == 14:
        return Code(text)
    number = found["01"]
    return Code(number[1:] if number.startswith("0") else number, found.get("lot", ""))


def count(meaning: Meaning, lines: Sequence[Wanted]) -> dict[Hashable, Decimal] | Refusal:
    """{line: pieces to count there}, or why there are none. All of a scan counts, or nothing does.

    Three mugs wanted in two lines of two and one, two counted: the third mug goes to the second line, a fourth to none.

    >>> mug = Meaning(product_id="mug", label="Mug")
    >>> first = Wanted(1, "mug", "Mug", Decimal(2), Decimal(2))
    >>> second = Wanted(2, "mug", "Mug", Decimal(1), Decimal(0))
    >>> count(mug, [first, second])
    {2: Decimal('1')}
    >>> count(mug, [first]).code
    'too_many'
    """
    if meaning.package_id is not None:
        inside = [line for line in lines if line.package_id == meaning.package_id]
        if not inside:
            return Refusal("wrong_package", meaning.label)
        counted = {line.id: line.quantity - line.scanned for line in inside if line.scanned < line.quantity}
        return counted or Refusal("too_many", meaning.label)
    if meaning.product_id is None:
        return Refusal("unknown", meaning.label)
    of_product = [line for line in lines if line.product_id == meaning.product_id]
    if not of_product:
        return Refusal("wrong_product", meaning.label)
    if meaning.lot_id is not None or meaning.by_lot:
        fitting = [line for line in of_product if line.lot_id is not None and line.lot_id == meaning.lot_id]
        if not fitting:
            return Refusal("wrong_lot", meaning.label)
    else:
        fitting = [line for line in of_product if line.lot_id is None]
        if not fitting:
            return Refusal("lot_needed", of_product[0].label)
    left, counted = meaning.quantity, {}
    for line in fitting:
        part = min(left, line.quantity - line.scanned)
        if part > 0:
            counted[line.id] = part
            left -= part
    if left > 0:
        return Refusal("too_many", meaning.label or of_product[0].label)
    return counted
