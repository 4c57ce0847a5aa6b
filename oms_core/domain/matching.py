"""Which customers may be one person: a score with its reasons, for a person to decide.

Nobody is ever merged by a score. It only orders what somebody should look at, and says why in facts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Fewer digits are an extension or a slip.
PHONE_DIGITS_MIN = 8

#: A pair with less is not worth anybody's time.
SCORE_MIN = 50

#: More people with one key (a call centre's phone, "n/a", a family name in a big town) make the key worthless.
BLOCK_MAX = 20

#: Names that are no names.
NOBODY = frozenset({"", "na", "n a", "guest", "customer", "test", "unknown", "client", "kunde", "invite"})

WEIGHTS = {
    "email": 60,
    "phone": 55,
    "mailbox": 25,
    "name": 30,
    "name_near": 20,
    "street": 25,
    "zip": 15,
    "name_other": -25,
    "country_other": -20,
}


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a customer."""

    id: int
    name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    zip: str = ""
    country: str = ""
    company: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """Two customers, how alike they are (0 to 100), and the codes of why."""

    first: int
    second: int
    score: int
    facts: tuple[str, ...]


def compare(one: Person, other: Person) -> Match | None:
    """How much speaks for two customers being one; ``None`` when it is too little or they are of two companies.

    >>> compare(Person(1, "Zoé Martin", phone="01 02 03 04 05"), Person(2, "Zoe MARTIN", phone="+33 102030405")).score
    85
    """
    if one.id == other.id or (one.company and other.company and one.company != other.company):
        return None
    facts = list(_facts(one, other))
    if not any(fact in ("email", "phone", "name", "name_near") for fact in facts):
        return None
    score = max(0, min(100, sum(WEIGHTS[fact] for fact in facts)))
    if score < SCORE_MIN:
        return None
    first, second = sorted((one.id, other.id))
    return Match(first, second, score, tuple(facts))


def _facts(one: Person, other: Person) -> Iterator[str]:
    if one.email and fold_email(one.email) == fold_email(other.email):
        yield "email"
    elif one.email and other.email and _mailbox(one.email) == _mailbox(other.email) and len(_mailbox(one.email)) >= 5:
        yield "mailbox"
    if (phone := phone_key(one.phone)) and phone == phone_key(other.phone):
        yield "phone"
    yield from _name_facts(fold(one.name), fold(other.name))
    if one.street and one.zip == other.zip and fold(one.street) == fold(other.street):
        yield "street"
    if one.zip and fold(one.zip) == fold(other.zip) and one.country == other.country:
        yield "zip"
    if one.country and other.country and one.country != other.country:
        yield "country_other"


def _name_facts(one: str, other: str) -> Iterator[str]:
    if one in NOBODY or other in NOBODY:
        return
    words, others = sorted(one.split()), sorted(other.split())
    if words == others:
        yield "name"
        return
    likeness = SequenceMatcher(None, " ".join(words), " ".join(others)).ratio()
    if likeness >= 0.85 or _initials(words, others) or _initials(others, words):
        yield "name_near"
    elif likeness < 0.6:
        yield "name_other"


def _initials(short: list[str], long: list[str]) -> bool:
    """Whether one name is the other with first names cut to their initials: "z martin" and "zoe martin"."""
    if len(short) != len(long) or not any(len(word) > 1 for word in short):
        return False
    rest = list(long)
    for word in sorted(short, key=len, reverse=True):
        found = next((other for other in rest if other == word or (len(word) == 1 and other.startswith(word))), None)
        if found is None:
            return False
        rest.remove(found)
    return True


def keys(person: Person) -> Iterator[str]:
    """What may bring two people together to be compared at all; each is quick to look up."""
    if person.email:
        yield f"email:{fold_email(person.email)}"
    if phone := phone_key(person.phone):
        yield f"phone:{phone}"
    if person.zip and (name := fold(person.name)) not in NOBODY:
        for word in name.split():
            if len(word) > 2:
                yield f"name:{word}:{fold(person.zip)}"


def candidates(new: Iterable[Person], known: Iterable[Person], limit: int) -> list[Match]:
    """The pairs of a new customer and a known one that somebody should look at: best first, ``limit`` for each new one.

    The order of what comes in does not matter; equal scores go by id.
    """
    new = list(new)
    blocks: dict[str, list[Person]] = {}
    for person in {person.id: person for person in (*known, *new)}.values():
        for key in set(keys(person)):
            blocks.setdefault(key, []).append(person)
    found: dict[tuple[int, int], Match] = {}
    for person in new:
        of_person = {}
        for key in set(keys(person)):
            if len(blocks[key]) > BLOCK_MAX:
                continue
            for other in blocks[key]:
                match = compare(person, other)
                if match:
                    of_person[match.first, match.second] = match
        best = sorted(of_person.values(), key=lambda match: (-match.score, match.first, match.second))[:limit]
        found.update({(match.first, match.second): match for match in best})
    return sorted(found.values(), key=lambda match: (-match.score, match.first, match.second))


def fold(text: str) -> str:
    """A name or street without accents, case, punctuation and double blanks."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text or "") if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[\W_]+", " ", plain.casefold()).split())


def fold_email(email: str) -> str:
    """An address without what mail services ignore: case, and what follows a plus sign."""
    box, _at, host = email.strip().lower().partition("@")
    return f"{box.partition('+')[0]}@{host}"


def _mailbox(email: str) -> str:
    return fold_email(email).partition("@")[0]


def phone_key(phone: str) -> str:
    """The end of a phone number, which is the same with and without the code of the country."""
    digits = re.sub(r"\D", "", phone or "")
    return "" if is_no_number(digits) else digits[-PHONE_DIGITS_MIN:]


def is_no_number(digits: str) -> bool:
    """Whether digits are an extension, or what people and shops type where a number is asked for and none is given.

    >>> [is_no_number(digits) for digits in ("12", "00000000", "1234567890", "33612345678")]
    [True, True, True, False]
    """
    end = digits[-PHONE_DIGITS_MIN:]
    counted = "01234567890"
    return len(end) < PHONE_DIGITS_MIN or len(set(end)) < 3 or digits in counted or digits in counted[::-1]


def is_same_caller(one: Person, other: Person) -> bool:
    """Whether two that share a phone number are surely one person: colleagues share a line, couples a name, neither both.

    >>> is_same_caller(Person(1, "Zoé Martin", "z@a.example"), Person(2, "MARTIN Zoe"))
    True
    >>> is_same_caller(Person(1, "Zoé Martin", "z@a.example"), Person(2, "Zoé Martin", "z@b.example"))
    False
    """
    if one.email and other.email and fold_email(one.email) != fold_email(other.email):
        return False
    at_home = not (one.phone.lstrip().startswith("+") or other.phone.lstrip().startswith("+"))
    if at_home and one.country and other.country and one.country != other.country:
        return False  # the same digits are another line in another country
    return "name" in _name_facts(fold(one.name), fold(other.name))
