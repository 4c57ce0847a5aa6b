"""FUL-06: what third-party warehouses write."""

import json
from datetime import datetime
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.third_party import Parcel, Told, Unreadable, read, sign, verify

LINES = [{"sku": "A", "quantity": 1}]


def body(**values):
    return json.dumps({"message_id": "m", "type": "shipment", "reference": "OUT/1", **values}).encode()


def test_a_shipment_has_parcels_with_lots():
    message = read(
        body(parcels=[{"tracking": "T1", "lines": [{"sku": "A", "quantity": 2, "lot": "L"}]}, {"lines": LINES}])
    )
    assert message.parcels == (
        Parcel("T1", (Told("A", Decimal(2), "L"),)),
        Parcel("", (Told("A", Decimal(1)),)),
    )
    assert not message.final


def test_a_moment_is_told_in_utc():
    message = read(body(type="stock", at="2026-12-05T05:00:00+01:00", lines=LINES))
    assert message.at == datetime(2026, 12, 5, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        body(type="order"),
        body(message_id=""),
        body(reference=None, parcels=[{"lines": LINES}]),
        body(parcels=[]),
        body(parcels=["x"]),
        body(parcels=[{"lines": []}]),
        body(parcels=[{"lines": [{"sku": "A", "quantity": -1}]}]),
        body(parcels=[{"lines": [{"sku": "A", "quantity": "NaN"}]}]),
        body(parcels=[{"lines": [{"sku": "A"}]}]),
        body(parcels=[{"lines": [{"sku": "A" * 300, "quantity": 1}]}]),
        body(type="stock", lines=LINES, at="2026-12-05T05:00:00"),
        body(type="stock", lines=LINES, at="0001-01-01T00:00:00+23:00"),
        body(type="stock", lines=LINES, message_id="a\0b"),
        body(type="stock", lines=[{"sku": "\ud800", "quantity": 1}]),
        body(type="stock", lines=[{"sku": "A", "quantity": "1e999"}]),
        body(type="stock", lines=[{"sku": "A", "quantity": "1e-999"}]),
        body(type="stock", lines=[{"sku": "A", "quantity": 1_000_000_001}]),
        b'{"message_id": "m", "type": "stock", "lines": [{"sku": "A", "quantity": 1e999}]}',
        b'{"message_id": "m", "type": "stock", "lines": [{"sku": "A", "quantity": ' + b"9" * 5000 + b"}]}",
    ],
)
def test_what_cannot_be_understood_is_said(wrong):
    with pytest.raises(Unreadable, match=r".+"):
        read(wrong)


def test_signatures_are_checked_over_the_bytes():
    assert verify("secret", b"x", sign("secret", b"x"))
    assert not verify("secret", b"x ", sign("secret", b"x"))
    assert not verify("", b"x", sign("", b"x"))
    assert not verify("secret", b"x", "é")
