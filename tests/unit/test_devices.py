"""INV-15: what devices say, read and judged."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.devices import (
    EVENT_AGE_MAX,
    QUANTITY_MAX,
    Reading,
    Unreadable,
    is_signed,
    judge,
    pieces,
    read,
    sign,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
STAMP = str(int(NOW.timestamp()))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["id", "kind", "quantity", "at", "product"]), json_values) | json_values)
def test_whatever_comes_is_a_reading_or_a_sentence(entry):
    try:
        reading = read(entry, NOW)
    except Unreadable as error:
        assert str(error).endswith(".")
    else:
        assert reading.quantity.is_finite()
        assert reading.at.tzinfo


@pytest.mark.parametrize(
    "quantity", ["1e999999999", "-1e999999999", "1e-999999999", "nan", "inf", True, None, [], "9" * 100]
)
def test_a_number_that_no_shelf_could_have_is_unreadable(quantity):
    with pytest.raises(Unreadable):
        read({"id": "a", "kind": "count", "quantity": quantity}, NOW)


@given(st.integers(0, 500), st.integers(1, 3000))
def test_whole_pieces_are_found_again(number, grams_each):
    assert pieces(Decimal(number * grams_each), Decimal(grams_each), Decimal(0)) == number


def test_a_product_without_weight_has_no_pieces():
    assert pieces(Decimal(100), Decimal(0), Decimal(5)) is None


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({}, None),
        ({"quantity": Decimal(-1)}, "negative"),
        ({"quantity": Decimal(-1), "kind": "movement"}, None),
        ({"quantity": QUANTITY_MAX + 1}, "absurd"),
        ({"quantity": -QUANTITY_MAX - 1, "kind": "movement"}, "absurd"),
        ({"at": NOW - EVENT_AGE_MAX, "kind": "movement"}, None),
        ({"at": NOW - EVENT_AGE_MAX - timedelta(seconds=1)}, "old"),
        ({"at": NOW + timedelta(hours=1)}, "future"),
        ({"at": NOW - timedelta(hours=2)}, "overtaken"),
        ({"at": NOW - timedelta(hours=2), "kind": "movement"}, None),
    ],
)
def test_what_cannot_be_has_a_reason(values, verdict):
    reading = Reading(**{"key": "1", "kind": "count", "quantity": Decimal(3), "at": NOW, **values})
    assert judge(reading, NOW, NOW - timedelta(hours=1)) == verdict


@pytest.mark.parametrize("minutes", [0, 5, -5])
def test_a_signature_of_now_is_good(minutes):
    stamp = str(int((NOW + timedelta(minutes=minutes)).timestamp()))
    assert is_signed("secret", stamp, b"body", sign("secret", stamp, b"body"), NOW)


@pytest.mark.parametrize(
    ("secret", "stamp", "body", "signature"),
    [
        ("other", STAMP, b"body", None),
        ("secret", STAMP, b"another", None),
        ("secret", str(int(STAMP) - 301), b"body", None),
        ("secret", "soon", b"body", ""),
        ("secret", "9" * 400, b"body", ""),
        ("secret", STAMP, b"body", "é"),
        ("secret", STAMP, b"body", ""),
    ],
)
def test_any_other_is_not(secret, stamp, body, signature):
    given_signature = sign("secret", STAMP if stamp == STAMP else stamp, b"body") if signature is None else signature
    assert not is_signed(secret, stamp, body, given_signature, NOW)
