"""Which of our products a listing is: by what it is called, in an order that leaves nothing to chance.

An earlier choice of a person, then the same SKU, then the same barcode. What fits nothing or more than one product is
left to a person, with a proposal where one can be made.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Names less alike than this are not worth proposing.
LIKENESS_MIN = 0.5
#: How sure a proposal is, percent.
SURE, SIMILAR_SKU, PACK_SKU, NAME_MAX = 100, 80, 75, 70
#: More pieces in a pack are a slip, or part of a name.
PACK_MAX = 1000
#: Of a word that so many products have, no product is found.
COMMON_WORD = 500

WORD = re.compile(r"[^\W_]+")
PACK_IN_TITLE = re.compile(
    r"(?:pack|case|box|set|carton|lot)\s+(?:of|de)\s+(\d{1,4})\b"
    r"|\b(\d{1,4})[\s-]?(?:pack|pk|pcs|pieces|count|ct|er[\s-]?pack)\b"
    r"|\bx\s?(\d{1,4})\b|\b(\d{1,4})\s?x(?=\s|$)",
    re.IGNORECASE,
)
PACK_IN_SKU = re.compile(r"^(.+?)[-_ ./]?(?:x(\d{1,4})|(\d{1,4})(?:x|pk|pack|er))$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a channel says about a listing."""

    sku: str = ""
    barcode: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """One of our products."""

    id: int
    sku: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """What a listing is.

    :param code: ``earlier``, ``sku``, ``barcode``, ``pack_barcode``: found. ``ambiguous``: several fit. ``similar_sku``,
        ``pack_sku``, ``name``: nothing fits, and this is a guess. ``none``: no idea.
    :param product: found; zero where a person has to say.
    :param proposed: what a person might say.
    :param pack: pieces in one sold unit.
    :param sure: percent.
    :param candidates: all that fit, where it is ambiguous.
    """

    code: str
    product: int = 0
    proposed: int = 0
    pack: int = 1
    sure: int = 0
    candidates: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the products that a batch of listings may be.

    :param earlier: SKU → the (product, pieces in a pack) that people chose for it on this channel.
    :param by_sku: SKU → products.
    :param by_barcode: barcode → products, each with the pieces that have this barcode together.
    """

    earlier: Mapping[str, Sequence[tuple[int, int]]]
    by_sku: Mapping[str, Sequence[int]]
    by_barcode: Mapping[str, Sequence[tuple[int, int]]]


def match(offer: Offer, known: Known) -> Match:
    """What a listing is; see the module."""
    earlier = set(known.earlier.get(offer.sku, ())) if offer.sku else set()
    if len(earlier) == 1:
        ((product, pack),) = earlier
        return Match("earlier", product=product, pack=pack, sure=SURE)
    if earlier:
        return _ambiguous(sorted({product for product, _pack in earlier}))
    same_sku = list(dict.fromkeys(known.by_sku.get(offer.sku, ()))) if offer.sku else []
    if len(same_sku) == 1:
        return Match("sku", product=same_sku[0], sure=SURE)
    same_barcode = list(dict.fromkeys(known.by_barcode.get(offer.barcode, ()))) if offer.barcode else []
    if same_sku:  # several have this SKU: the barcode tells which of them, or nothing does
        same_barcode = [pair for pair in same_barcode if pair[0] in same_sku]
    if len(same_barcode) == 1:
        ((product, pack),) = same_barcode
        return Match("pack_barcode" if pack > 1 else "barcode", product=product, pack=pack, sure=SURE)
    if candidates := same_sku or [product for product, _pack in same_barcode]:
        return _ambiguous(candidates)
    return Match("none")


def _ambiguous(candidates: Sequence[int]) -> Match:
    return Match("ambiguous", proposed=candidates[0], sure=SURE // len(candidates), candidates=tuple(candidates))


class Guesses:
    """Proposals for listings that nothing fits, from the SKUs and names of all products."""

    def __init__(self, products: Iterable[Product]):
        self._by_sku: dict[str, list[int]] = defaultdict(list)
        self._words: dict[int, frozenset[str]] = {}
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for product in products:
            if plain := plain_sku(product.sku):
                self._by_sku[plain].append(product.id)
            self._words[product.id] = words(product.name)
            for word in self._words[product.id]:
                self._by_word[word].append(product.id)

    def guess(self, offer: Offer) -> Match:
        """The most likely product."""
        pack = pack_in_title(offer.title)
        if product := self._only(offer.sku):
            return Match("similar_sku", proposed=product, pack=pack, sure=SIMILAR_SKU)
        if (found := PACK_IN_SKU.match(offer.sku)) and (product := self._only(found[1])):
            size = _size(found[2] or found[3])
            if size > 1:
                return Match("pack_sku", proposed=product, pack=size, sure=PACK_SKU)
        product, likeness = self._most_alike(words(PACK_IN_TITLE.sub(" ", offer.title)))
        if product:
            return Match("name", proposed=product, pack=pack, sure=round(NAME_MAX * likeness))
        return Match("none")

    def _only(self, sku: str) -> int:
        found = self._by_sku.get(plain_sku(sku), ())
        return found[0] if len(found) == 1 else 0

    def _most_alike(self, wanted: frozenset[str]) -> tuple[int, float]:
        """(product, likeness from 0 to 1): the shared words, each counting the more the fewer products have it."""
        shared: Counter[int] = Counter()
        for word in wanted:
            found = self._by_word.get(word, ())
            if len(found) <= COMMON_WORD:
                for product in found:
                    shared[product] += self._weight(word)
        if not shared:
            return 0, 0.0
        own = sum(map(self._weight, wanted))
        scores = {
            product: 2 * weight / (own + sum(map(self._weight, self._words[product])))
            for product, weight in shared.items()
        }
        best = max(scores, key=lambda product: (scores[product], -product))
        return (best, scores[best]) if scores[best] >= LIKENESS_MIN else (0, 0.0)

    def _weight(self, word: str) -> float:
        return 1 / math.log2(2 + len(self._by_word.get(word, ())))


def words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.casefold()))


def plain_sku(sku: str) -> str:
    """A SKU without what people write differently: case, hyphens, leading zeros.

    >>> plain_sku("00-mug/Red") == plain_sku("MUGRED")
    True
    """
    return "".join(WORD.findall(sku.casefold())).lstrip("0")


def pack_in_title(title: str) -> int:
    """Pieces in a sold unit, as far as the title says so.

    >>> [pack_in_title(title) for title in ("Beer, case of 24", "Mug 6-pack", "Mug x4", "Mug", "Level 3000 x")]
    [24, 6, 4, 1, 1]
    """
    found = PACK_IN_TITLE.search(title)
    return _size(next(filter(None, found.groups()))) if found else 1


def _size(digits: str) -> int:
    size = int(digits)
    return size if 1 <= size <= PACK_MAX else 1
