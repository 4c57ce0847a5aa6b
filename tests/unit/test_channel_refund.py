"""PAY-06: what a refund of a channel is for. What each platform says, and what follows from it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.reader import Reader
from odoo.addons.oms_channels.platforms.magento import paying
from odoo.addons.oms_channels.platforms.rest_api import parse as rest
from odoo.addons.oms_channels.platforms.shopify import refunds as shopify
from odoo.addons.oms_channels.platforms.shopify.lines import Money
from odoo.addons.oms_channels.platforms.woocommerce import parse as woocommerce
from odoo.addons.oms_returns.domain.channel_refund import (
    CreditNote,
    Standing,
    Units,
    match,
    pay_back,
    spread,
    tell_apart,
    to_credit,
    what_comes_back,
)

CENT = Decimal("0.01")
D = Decimal


def money(amount):
    return {"shopMoney": {"amount": str(amount), "currencyCode": "EUR"}}


# ---- What the platforms say ----


def of_shopify(kind="NO_RESTOCK", note="broken", gateway="shopify_payments", returned=None, **more):
    row = {
        "id": "gid://shopify/RefundLineItem/1",
        "quantity": 1,
        "restockType": kind,
        "lineItem": {"id": "L1"},
        "location": {"id": "gid://shopify/Location/7"} if kind == "RETURN" else None,
        "subtotalSet": money(20),
        "totalTaxSet": money(4),
    }
    payload = {
        "id": "gid://shopify/Refund/1",
        "note": note,
        "return": returned,
        "totalRefundedSet": money(24),
        "refundLineItems": {"nodes": [row]},
        "refundShippingLines": {"nodes": []},
        "orderAdjustments": {"nodes": []},
        "transactions": {
            "nodes": [
                {"id": "T", "kind": "REFUND", "status": "SUCCESS", "gateway": gateway, "amountSet": money(24)},
            ]
        },
        **more,
    }
    return shopify.refund_doc(Reader(payload, "Refund", []), Money("shopMoney", False, CENT))


@pytest.mark.parametrize(
    ("kind", "returned", "goods", "location"),
    [
        ("RETURN", None, "back", "gid://shopify/Location/7"),
        ("CANCEL", None, "unsent", ""),
        ("NO_RESTOCK", None, "kept", ""),
        ("NO_RESTOCK", {"id": "gid://shopify/Return/1"}, "back", ""),
        ("LEGACY_RESTOCK", None, "", ""),
    ],
)
def test_shopify_says_what_happens_to_the_goods(kind, returned, goods, location):
    [line] = of_shopify(kind, returned=returned).lines
    assert (line.goods, line.location) == (goods, location)


def test_shopify_tells_duties_and_gift_cards_and_what_came_of_ours():
    refund = of_shopify(
        note="broken [OMS refund-12]",
        gateway="gift_card",
        duties=[{"amountSet": money(3), "originalDuty": {"id": "gid://shopify/Duty/5"}}],
    )
    assert (refund.reason, refund.our_key, refund.tenders) == ("broken", "refund-12", (("gift_card", D(24)),))
    assert (refund.lines[-1].line_id, refund.lines[-1].quantity, refund.lines[-1].amount) == (
        "gid://shopify/Duty/5",
        0,
        3,
    )


def of_woocommerce(*restocked, details=True):
    lines = [
        {
            "id": 1,
            "name": "Mug",
            "quantity": 3,
            "total": "60.00",
            "subtotal": "60.00",
            "meta_data": [{"key": "_restock_refunded_items", "value": str(count)} for count in restocked],
        }
    ]
    refunds = [
        {
            "id": number,
            "total": "-20.00",
            "reason": "",
            "meta_data": [{"key": "_oms_reference", "value": f"refund-{number}"}],
            "line_items": [
                {
                    "quantity": -1,
                    "total": "-20.00",
                    "total_tax": "0.00",
                    "meta_data": [{"key": "_refunded_item_id", "value": "1"}],
                }
            ],
        }
        for number in (8, 9)
    ]
    if not details:
        refunds = [{"id": 8, "total": "-20.00", "reason": ""}]
    order = {"id": 5, "number": "5", "total": "60.00", "currency": "EUR", "line_items": lines, "refunds": refunds}
    return woocommerce.order(order).refunds


def test_woocommerce_counts_what_it_took_back_by_line():
    assert [refund.lines[0].restock for refund in of_woocommerce(1)] == [True, False]
    assert [refund.lines[0].restock for refund in of_woocommerce(2)] == [True, True]
    assert [refund.lines[0].restock for refund in of_woocommerce()] == [False, False]
    assert [refund.our_key for refund in of_woocommerce()] == ["refund-8", "refund-9"]


def test_a_webhook_of_woocommerce_tells_only_the_sum():
    assert [refund.sum_only for refund in of_woocommerce()] == [False, False]
    assert [refund.sum_only for refund in of_woocommerce(details=False)] == [True]


def test_magento_tells_the_ways_in_which_it_went_back_and_what_came_of_ours():
    memo = {
        "entity_id": 4,
        "grand_total": 10,
        "state": 2,
        "comments": [{"comment": "broken [OMS refund-3]"}],
        "extension_attributes": {"gift_cards_amount": 14},
    }
    [refund] = paying.refunds(Reader({"_creditmemos": [memo]}, "Order", []), "1", (), CENT)
    assert (refund.amount, refund.reason, refund.our_key) == (24, "broken", "refund-3")
    assert refund.tenders == (("", D(10)), ("gift_card", D(14)))


def test_an_app_may_say_what_happens_to_the_goods():
    line = {"line_id": "1", "quantity": 1, "amount": "20.00", "goods": "back", "location": "WH"}
    told = rest.told_refund({"order_id": "5", "id": "R", "amount": "20.00", "lines": [line]})
    assert [(one.goods, one.location) for one in told.refund.lines] == [("back", "WH")]


# ---- What follows ----


@pytest.mark.parametrize(
    ("quantity", "goods", "standing", "units"),
    [
        (1, "", Standing(D(3), D(0)), Units(D(0), D(1), D(0))),
        (1, "unsent", Standing(D(3), D(1)), Units(D(0), D(1), D(0))),
        (3, "unsent", Standing(D(3), D(1)), Units(D(0), D(2), D(1))),
        (1, "back", Standing(D(3), D(1)), Units(D(0), D(0), D(1))),
        (2, "back", Standing(D(3), D(1)), Units(D(0), D(1), D(1))),
        (1, "kept", Standing(D(3), D(3)), Units(D(0), D(0), D(1))),
        (1, "", Standing(D(2), D(0), called_off=D(1)), Units(D(1), D(0), D(0))),
        (2, "", Standing(D(2), D(2), called_off=D(1)), Units(D(1), D(0), D(1))),
        (1, "back", Standing(D(3), D(2), settled=D(2)), Units(D(0), D(1), D(0))),
        (5, "", Standing(D(3), D(3)), Units(D(0), D(0), D(5))),
    ],
)
def test_units_are_told_apart(quantity, goods, standing, units):
    assert tell_apart(D(quantity), goods, standing) == units


@given(
    st.integers(0, 20),
    st.sampled_from(["", "unsent", "back", "kept"]),
    *[st.integers(0, 10)] * 4,
)
def test_units_always_sum_to_what_is_told(quantity, goods, ordered, left, called_off, settled):
    units = tell_apart(D(quantity), goods, Standing(D(ordered), D(left), D(called_off), D(settled)))
    assert units.before + units.unsent + units.sent == quantity
    assert min(units.before, units.unsent, units.sent) >= 0
    assert units.unsent <= max(ordered - left, 0)


@pytest.mark.parametrize(
    ("goods", "restock", "awaited", "result"),
    [
        ("back", False, 0, (0, 2, 0)),
        ("back", False, 1, (1, 1, 0)),
        ("unsent", False, 0, (0, 2, 0)),
        ("kept", True, 0, (0, 0, 2)),
        ("", True, 0, (0, 2, 0)),
        ("", False, 0, (0, 0, 2)),
        ("", False, 5, (2, 0, 0)),
    ],
)
def test_which_goods_come_back(goods, restock, awaited, result):
    sent = what_comes_back(D(2), goods, restock, D(awaited))
    assert (sent.awaited, sent.expected, sent.kept) == result


@pytest.mark.parametrize(
    ("off", "charged", "ordered", "credited", "due"),
    [(1, 0, 2, 0, 0), (1, 3, 2, 0, 1), (1, 3, 2, 1, 0), (2, 2, 1, 0, 1), (3, 3, 0, 0, 3)],
)
def test_of_what_was_called_off_only_what_was_charged_is_credited(off, charged, ordered, credited, due):
    assert to_credit(D(off), D(charged), D(ordered), D(credited)) == due


@given(
    st.integers(-5000, 5000).filter(bool),
    st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 2000)), min_size=1, max_size=5),
)
def test_what_is_spread_sums_to_the_amount(cents, mix):
    parts = spread(D(cents) / 100, [(D(net) / 100, D(tax) / 100) for net, tax in mix], CENT)
    if parts:
        assert sum(net + tax for net, tax in parts) == D(cents) / 100
    else:
        assert not any(net + tax for net, tax in mix)


@pytest.mark.parametrize(
    ("told", "taken", "result"),
    [
        ([], {"": D(72)}, [("", D(24))]),
        ([], {"gift_card": D(22), "": D(10)}, [("", D(10)), ("gift_card", D(14))]),
        ([("gift_card", D(24))], {"": D(72)}, [("gift_card", D(24))]),
        ([("gift_card", D(20))], {"": D(72)}, [("", D(24))]),
        ([], {"": D(5)}, [("", D(24))]),
        ([], {}, [("", D(24))]),
    ],
)
def test_money_goes_back_the_way_it_came(told, taken, result):
    assert pay_back(D(24), told, taken) == result


NOTES = [
    CreditNote(1, D(24), frozenset({"refund-1", "gid-1"}), {"mug": D(1)}),
    CreditNote(2, D(24), frozenset(), {"mug": D(1), "lamp": D(1)}),
    CreditNote(3, D(5), frozenset(), {}),
    CreditNote(4, D(8), frozenset({"gid-4"}), {"cup": D(1)}, in_money=False),
]


@pytest.mark.parametrize(
    ("names", "amount", "units", "found"),
    [
        (["gid-1"], 99, {"lamp": D(7)}, 1),
        (["other", "refund-1"], 24, {}, 1),
        ([""], 24, {"mug": D(1), "lamp": D(1)}, 2),
        ([], 20, {"mug": D(1), "lamp": D(1)}, 2),
        ([], 5, {}, 3),
        ([], 24, {"lamp": D(1)}, None),
        ([], 7, {}, None),
        ([], 8, {"cup": D(1)}, None),
        ([], 8, {}, None),
        (["gid-4"], 8, {"cup": D(1)}, 4),
    ],
)
def test_a_credit_note_of_ours_is_known_again(names, amount, units, found):
    note = match(names, D(amount), units, NOTES)
    assert (note and note.key) == found


def test_what_never_left_is_not_what_came_back_unless_it_is_named():
    assert match([], D(24), {"mug": D(1)}, NOTES, is_unsent=True) is None
    assert match(["gid-1"], D(24), {"mug": D(1)}, NOTES, is_unsent=True).key == 1
