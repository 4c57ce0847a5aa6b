"""CUS-01, K1: who may be the same person, and who is not even compared."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.matching import (
    BLOCK_MAX,
    SCORE_MIN,
    Person,
    candidates,
    compare,
    fold,
    keys,
    phone_key,
)

ZOE = Person(1, "Zoé Martin", "zoe@example.com", "+33 1 02 03 04 05", "5, rue de Rivoli", "75001", "FR")


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"email": "zoe@work.example"}, {"phone", "name", "street", "zip"}),
        ({"name": "MARTIN Zoe", "email": "", "phone": ""}, {"name", "street", "zip"}),
        ({"name": "Z. Martin", "email": "", "street": "", "phone": "01 02 03 04 05"}, {"phone", "name_near", "zip"}),
        (
            {"name": "Zoe Martins", "email": "Zoe+shop@example.com", "phone": ""},
            {"email", "name_near", "street", "zip"},
        ),
        (
            {"email": "zoe@example.com", "name": "Paul Durand", "phone": "", "street": ""},
            {"email", "name_other", "zip"},
        ),
    ],
)
def test_what_speaks_for_one_person_is_told(changes, facts):
    match = compare(ZOE, replace(ZOE, id=2, **changes))
    if match is None:
        assert facts == {
            "email",
            "name_other",
            "zip",
        }  # an address shared by two people of two names: 50 or more is asked
    else:
        assert set(match.facts) == facts
        assert match.score >= SCORE_MIN


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "", "phone": "", "street": "", "zip": "13002"},  # the name alone
        {"name": "Paul Durand", "email": "", "phone": ""},  # neighbours
        {"name": "", "email": "", "phone": "", "street": "", "zip": ""},
        {"name": "guest", "email": "", "phone": "123", "street": ""},
    ],
)
def test_what_is_too_little_is_not_asked(changes):
    assert compare(ZOE, replace(ZOE, id=2, **changes)) is None


def test_two_companies_are_never_compared():
    assert compare(replace(ZOE, company=1), replace(ZOE, id=2, company=2)) is None
    assert compare(replace(ZOE, company=1), replace(ZOE, id=2)) is not None


def test_a_key_that_too_many_share_is_no_key():
    crowd = [Person(10 + number, f"Agent {number}", phone="0800 111 222 33") for number in range(BLOCK_MAX + 1)]
    assert candidates(crowd[:1], crowd, 5) == []
    assert len(candidates([replace(ZOE, id=2)], [ZOE, *crowd], 5)) == 1


def test_each_new_customer_has_a_few_candidates_and_the_best_come_first():
    known = [replace(ZOE, id=10 + number, email=f"z{number}@x.example", phone="") for number in range(8)]
    found = candidates([ZOE], [*known, replace(ZOE, id=50)], 3)
    assert len(found) == 3
    assert found[0].second == 50
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)


def test_phones_are_one_with_and_without_the_code_of_the_country():
    assert phone_key("+33 (0)1 02 03 04 05") == phone_key("01.02.03.04.05")
    assert phone_key("12345") == ""


def test_names_are_compared_in_any_script():
    assert fold("Łukasz  山田!") == "łukasz 山田"
    assert fold("Zoé") == "zoe"


PEOPLE = st.builds(
    Person,
    id=st.integers(1, 50),
    name=st.sampled_from(["Zoé Martin", "Z Martin", "Paul Durand", "", "Guest"]),
    email=st.sampled_from(["", "a@x.example", "b@x.example"]),
    phone=st.sampled_from(["", "0102030405", "+33102030405", "12"]),
    street=st.sampled_from(["", "1 rue X"]),
    zip=st.sampled_from(["", "75001"]),
    country=st.sampled_from(["", "FR", "DE"]),
    company=st.integers(0, 2),
)


@given(PEOPLE, PEOPLE)
def test_it_does_not_matter_who_is_compared_with_whom(one, other):
    match = compare(one, other)
    assert match == compare(other, one) or {*match.facts} == {*compare(other, one).facts}
    if match:
        assert match.first < match.second
        assert 0 < match.score <= 100
        assert set(keys(one)) & set(keys(other)) or "name_near" in match.facts


@given(st.lists(PEOPLE, max_size=12, unique_by=lambda person: person.id), st.randoms())
def test_the_order_of_arrival_does_not_matter(people, random):
    shuffled = list(people)
    random.shuffle(shuffled)
    one, other = candidates(people, people, 3), candidates(shuffled, shuffled, 3)
    assert [(m.first, m.second, m.score) for m in one] == [(m.first, m.second, m.score) for m in other]
