"""CAP-13: what we tell a platform is the same after it has lain in the outbox."""

from dataclasses import fields
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.envelope import KINDS, open_sealed, seal
from odoo.addons.oms_channels.domain.outgoing import (
    Acknowledgement,
    Cancellation,
    Item,
    Parcel,
    Refund,
    RefundItem,
    StockItem,
    StockReport,
)

D = Decimal
texts = st.text(st.characters(codec="utf-8"), max_size=20)
amounts = st.decimals(D("-1e9"), D("1e9"), places=4)
items = st.lists(st.builds(Item, texts, amounts), max_size=3).map(tuple)
refund_items = st.lists(
    st.builds(
        RefundItem,
        texts,
        amounts,
        amounts,
        st.lists(st.tuples(texts, amounts), max_size=2).map(tuple),
        st.booleans(),
        texts,
    ),
    max_size=3,
).map(tuple)
moments = st.datetimes(timezones=st.just(timezone.utc))
stock_items = st.lists(st.builds(StockItem, texts, amounts, texts, texts), max_size=3).map(tuple)


@given(
    st.one_of(
        st.tuples(st.just("parcel"), st.builds(Parcel, texts, texts, items, moments, st.integers(1, 99), texts)),
        st.tuples(st.just("cancellation"), st.builds(Cancellation, texts, texts, texts, items, texts, st.booleans())),
        st.tuples(st.just("stock_report"), st.builds(StockReport, texts, moments, stock_items)),
        st.tuples(st.just("acknowledgement"), st.builds(Acknowledgement, texts, texts, texts)),
        st.tuples(st.just("refund"), st.builds(Refund, texts, texts, amounts, texts, refund_items, amounts, texts)),
    )
)
def test_what_comes_out_is_what_went_in(told):
    kind, document = told
    assert open_sealed(kind, seal(document)) == document


def test_what_is_as_ever_is_not_written_down():
    body = seal(Parcel("p1", "1001", (Item("11", D(2)),), datetime(2026, 11, 22, tzinfo=timezone.utc)))
    assert b"tracking" not in body and b'"2"' in body


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_of_a_kind_that_can_be_read_back(kind):
    """A new field of another type would come back as the text that it was written as."""
    known = {
        *("str", "int", "bool", "Decimal", "datetime"),
        *(
            "tuple[Item, ...]",
            "tuple[RefundItem, ...]",
            "tuple[StockItem, ...]",
            "tuple[ReturnItem, ...]",
            "tuple[tuple[str, Decimal], ...]",
        ),
    }
    assert {item.type for item in fields(KINDS[kind])} <= known
