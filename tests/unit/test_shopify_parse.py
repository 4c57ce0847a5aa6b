import json
from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.adapter import Reject
from odoo.addons.oms_channels.platforms.shopify import parse
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_core.domain.documents import CancelDoc, OrderDoc

ORDERS = {
    path.stem: json.loads(path.read_bytes(), parse_float=Decimal)
    for path in payloads("shopify")
    if path.parent.name == "order"
}


def load(case="two_rates_not_all_taxable", **changes):
    return {**deepcopy(ORDERS[case]), **changes}


def document(case, **changes):
    return parse.order(load(case, **changes))


def codes(payload):
    return [problem.code for problem in parse.order(payload).problems()]


def bag(amount, currency="USD"):
    return {"shopMoney": {"amount": str(amount), "currencyCode": currency}}


def line(found, name):
    [one] = [one for one in found.lines if one.name.startswith(name)]
    return one


# ---- What is no order ----


@pytest.mark.parametrize("payload", [None, [], "text", 7, True])
def test_what_is_not_an_object_is_rejected(payload):
    with pytest.raises(Reject):
        parse.order(payload)


def test_an_error_instead_of_an_order_is_rejected_with_shopifys_words():
    with pytest.raises(Reject, match="Not Found"):
        parse.order({"errors": "Not Found"})


def test_an_empty_object_is_an_order_with_fatal_problems():
    assert {"missing_id", "bad_currency", "no_lines"} <= set(codes({}))


def test_a_deletion_names_the_order_as_the_order_names_itself():
    assert parse.body("order_deleted", b'{"id": 820982911946154508}') == CancelDoc(
        "gid://shopify/Order/820982911946154508", reason="deleted in the shop"
    )
    assert parse.body("order_deleted", b"{}").problems()


def test_there_is_no_document_in_a_hint():
    with pytest.raises(Reject):
        parse.body("hint", b"{}")


# ---- Discounts, taxes and what else is charged ----


def test_discounts_are_what_is_allocated_whatever_other_totals_say():
    found = document("vat_included_order_code")
    blanket = line(found, "Wool blanket")
    assert (blanket.total, blanket.tax_total, blanket.subtotal) == (
        Decimal("56.66"),
        Decimal("11.33"),
        Decimal("66.66"),
    )
    assert found.computed_total() == found.total


def test_tax_is_taken_out_of_prices_that_contain_it_and_only_of_those():
    assert line(document("free_shipping_code"), "Thermos").total == Decimal("50.25")
    assert line(document("two_rates_not_all_taxable"), "Camp kettle").total == Decimal("37.00")


def test_a_rate_is_known_by_its_name_and_percent():
    [state, city] = line(document("two_rates_not_all_taxable"), "Camp kettle").taxes
    assert (state.code, state.rate, city.code) == ("Texas State Tax 6.25%", Decimal("6.25"), "Austin City Tax 2%")


@pytest.mark.parametrize(("liable", "remitted"), [(True, True), (False, False), (None, False), ("yes", False)])
def test_tax_is_remitted_only_where_the_channel_is_liable(liable, remitted):
    payload = load("tax_remitted_by_marketplace")
    for row in payload["lineItems"]["nodes"] + payload["shippingLines"]["nodes"]:
        for tax in row["taxLines"]:
            tax["channelLiable"] = liable
    found = parse.order(payload)
    assert {tax.remitted for one in found.lines for tax in one.taxes} == {remitted}
    assert found.problems() == []


def test_what_is_not_goods_is_a_line_of_its_kind():
    kinds = {case: {one.kind for one in document(case).lines} for case in ORDERS}
    assert "gift_card" in kinds["gift_card_sold_and_used"]
    assert {"tip", "rounding"} <= kinds["till_tip_change_and_rounding"]
    assert {"duty", "shipping"} <= kinds["duties_told_twice"] and "fee" not in kinds["duties_told_twice"]
    assert "fee" in kinds["fee_with_tax"]


def test_a_tip_that_is_a_line_already_is_charged_once():
    payload = load("till_tip_change_and_rounding")
    tip = deepcopy(payload["lineItems"]["nodes"][0])
    tip |= {"id": "gid://shopify/LineItem/9", "name": "Tip", "title": "Tip", "variant": None, "product": None}
    tip |= {"originalTotalSet": bag("3.00", "CHF"), "taxLines": [], "sku": None}
    payload["lineItems"]["nodes"].append(tip)
    found = parse.order(payload)
    assert [one.external_id for one in found.lines if one.kind == "tip"] == ["gid://shopify/LineItem/9"]
    assert found.problems() == []


def test_a_product_called_tip_is_no_tip():
    payload = load("till_tip_change_and_rounding")
    payload["lineItems"]["nodes"][0] |= {"name": "Tip", "title": "Tip"}
    assert {one.external_id for one in parse.order(payload).lines if one.kind == "tip"} == {"tip"}


# ---- Payments ----


def test_only_money_that_was_taken_is_a_payment():
    assert document("authorized_with_high_risk").payments == ()
    assert document("cash_on_delivery").payments == ()
    assert document("cancelled_before_payment").payments == ()


def test_gift_cards_and_store_credit_are_tender():
    found = document("gift_card_sold_and_used")
    assert [(paid.amount, paid.tender) for paid in found.payments] == [
        (Decimal("30.00"), "gift_card"),
        (Decimal("120.96"), ""),
    ]
    found = document("three_decimals_removed_shipping_and_store_credit")
    assert [paid.tender for paid in found.payments] == ["store_credit", ""]


def test_change_and_rounding_leave_what_lies_in_the_till():
    found = document("till_tip_change_and_rounding")
    [paid] = found.payments
    assert (paid.amount, paid.tender, found.total) == (Decimal("37.95"), "cash", Decimal("37.95"))


def test_a_rounding_told_by_the_payment_counts_too():
    payload = load("till_tip_change_and_rounding")
    payload["transactions"] = payload["transactions"][:1]
    payload["transactions"][0] |= {"amountSet": bag("37.93", "CHF"), "amountRoundingSet": bag("0.02", "CHF")}
    assert parse.order(payload).payments[0].amount == Decimal("37.95")


# ---- Refunds ----


def test_a_refund_says_for_what():
    [refund] = document("refund_of_lines_and_shipping").refunds
    [row] = refund.lines
    assert (refund.amount, refund.shipping, refund.reason) == (Decimal("21.25"), Decimal("6.80"), "Chipped")
    assert (row.quantity, row.amount, row.tax, row.restock) == (1, Decimal("13.60"), Decimal("0.85"), True)


def test_the_tax_of_a_refund_is_inside_where_prices_contain_it():
    [refund] = document("refund_pending_with_discrepancy").refunds
    assert (refund.lines[0].amount, refund.lines[0].tax) == (Decimal("74.79"), Decimal("14.21"))


@pytest.mark.parametrize(
    ("status", "pending"),
    [
        ("SUCCESS", False),
        ("PENDING", True),
        ("AWAITING_RESPONSE", True),
        ("UNKNOWN", True),
        ("FAILURE", True),
        ("ERROR", True),
    ],
)
def test_a_refund_is_money_only_once_the_provider_has_paid(status, pending):
    payload = load("refund_goodwill")
    payload["refunds"][0]["transactions"]["nodes"][0]["status"] = status
    [refund] = parse.order(payload).refunds
    assert (refund.amount, refund.pending) == (Decimal("25.00"), pending)


def test_a_refund_of_which_a_part_is_pending_is_pending_as_a_whole():
    payload = load("refund_goodwill")
    rows = payload["refunds"][0]["transactions"]["nodes"]
    rows.append({**rows[0], "id": "gid://shopify/OrderTransaction/99", "status": "PENDING", "amountSet": bag("5.00")})
    [refund] = parse.order(payload).refunds
    assert (refund.amount, refund.pending) == (Decimal("30.00"), True)


def test_the_total_stays_what_was_charged_whatever_was_paid_back():
    for case in ("refund_of_lines_and_shipping", "refund_goodwill", "refunded_in_whole_before_shipping"):
        found = document(case)
        assert found.total == found.computed_total() == Decimal(ORDERS[case]["totalPriceSet"]["shopMoney"]["amount"])


def test_an_exchange_moves_no_money_and_takes_nothing_away():
    found = document("exchange_for_another_size")
    [refund] = found.refunds
    assert (refund.amount, [row.amount for row in refund.lines]) == (0, [Decimal("120.00")])
    assert {one.quantity for one in found.lines if one.kind == "product"} == {1}


# ---- What edits took away ----


def test_what_an_edit_took_away_is_neither_shipped_nor_charged():
    found = document("edit_took_away_unpaid")
    assert {one.name: one.quantity for one in found.lines if one.kind == "product"} == {
        "Enamel mug - Red": 3,
        "Camp kettle": 1,
    }
    assert (found.total, found.refunds, found.problems()) == (Decimal("93.49"), (), [])


@pytest.mark.parametrize("total", ["121.37", "93.49"])
def test_a_total_that_counts_what_is_gone_and_one_that_does_not_come_to_the_same(total):
    assert document("edit_took_away_unpaid", totalPriceSet=bag(total)).total == Decimal("93.49")


def test_any_other_total_is_a_mismatch():
    assert "total_mismatch" in codes(load("edit_took_away_unpaid", totalPriceSet=bag("100.00")))


def test_a_piece_left_has_only_its_own_part_of_a_discount():
    blanket = line(document("edit_took_away_with_discount"), "Wool blanket")
    assert (blanket.quantity, blanket.total, blanket.tax_total, blanket.subtotal) == (
        1,
        Decimal("32.00"),
        Decimal("6.40"),
        40,
    )


def test_an_order_of_which_nothing_is_left_is_cancelled_and_keeps_its_lines():
    payload = load("cancelled_before_payment", cancelledAt=None, displayFinancialStatus="PENDING")
    found = parse.order(payload)
    assert (found.status, len(found.lines), found.problems()) == ("cancelled", 2, [])


# ---- Status ----


@pytest.mark.parametrize(
    ("case", "changes", "status"),
    [
        ("two_rates_not_all_taxable", {}, "open"),
        ("two_rates_not_all_taxable", {"displayFinancialStatus": "AUTHORIZED"}, "open"),
        ("two_rates_not_all_taxable", {"displayFinancialStatus": "PARTIALLY_PAID"}, "awaiting_payment"),
        ("two_rates_not_all_taxable", {"displayFinancialStatus": "EXPIRED"}, "awaiting_payment"),
        ("two_rates_not_all_taxable", {"displayFinancialStatus": None}, "awaiting_payment"),
        ("two_rates_not_all_taxable", {"displayFinancialStatus": "PENDING", "paymentTerms": {"dueInDays": 30}}, "open"),
        ("two_rates_not_all_taxable", {"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, "open"),
        ("two_rates_not_all_taxable", {"displayFulfillmentStatus": "FULFILLED"}, "fulfilled"),
        ("two_rates_not_all_taxable", {"displayFulfillmentStatus": "ON_HOLD"}, "on_hold"),
        ("two_rates_not_all_taxable", {"displayFulfillmentStatus": "SCHEDULED"}, "on_hold"),
        ("two_rates_not_all_taxable", {"cancelledAt": "2026-11-06T00:00:00Z"}, "cancelled"),
        ("refunded_in_whole_before_shipping", {}, "cancelled"),
        ("refunded_in_whole_before_shipping", {"displayFulfillmentStatus": "FULFILLED"}, "fulfilled"),
        ("refunded_in_whole_before_shipping", {"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, "on_hold"),
        ("test_order_free_of_charge", {"displayFinancialStatus": "PENDING"}, "open"),
        ("cash_on_delivery", {}, "open"),
        ("waits_for_a_transfer", {}, "awaiting_payment"),
    ],
)
def test_the_status_is_made_of_money_and_goods(case, changes, status):
    assert document(case, **changes).status == status


def test_an_unknown_status_is_held_and_told():
    for changes in ({"displayFulfillmentStatus": "LOST"}, {"displayFinancialStatus": "SOMEDAY"}):
        found = document("two_rates_not_all_taxable", **changes)
        assert (found.status, [problem.code for problem in found.problems()]) == ("on_hold", ["unknown_status"])


# ---- People, places and risk ----


def test_the_customer_collects_where_the_goods_wait():
    found = document("collected_in_the_store")
    assert (found.delivery_method, found.pickup_ref) == ("pickup", "gid://shopify/Location/70000007")
    assert found.shipping == found.billing


def test_the_worst_that_anybody_says_of_the_risk_counts():
    risk = document("authorized_with_high_risk").risk
    assert (risk.level, [fact.weight for fact in risk.facts]) == ("high", [1, -1, 0])
    quiet = {"recommendation": "INVESTIGATE", "assessments": [{"riskLevel": "LOW", "facts": []}]}
    assert document("cash_on_delivery", risk=quiet).risk.level == "medium"
    unknown = {"recommendation": "NONE", "assessments": [{"riskLevel": "PENDING", "facts": []}]}
    assert document("cash_on_delivery", risk=unknown).risk is None


def test_what_we_may_not_see_is_no_problem():
    assert document("nothing_to_ship_and_nothing_seen").problems() == []


def test_a_test_order_says_so():
    assert document("test_order_free_of_charge").is_test
    assert not document("cash_on_delivery").is_test


@pytest.mark.parametrize("key", ["lineItems", "shippingLines", "fulfillmentOrders"])
def test_what_was_not_read_to_its_end_is_never_taken_for_all(key):
    payload = load()
    payload[key]["pageInfo"] = {"hasNextPage": True, "endCursor": "x"}
    assert "bad_line" in codes(payload)


# ---- Whatever the amounts ----

cents = st.integers(0, 500_000).map(lambda amount: Decimal(amount) / 100)


@st.composite
def orders(draw):
    """Orders that add up, in a shop with prices of either kind, with discounts, taxes, edits and a refund."""
    included = draw(st.booleans())
    rows, total = [], Decimal(0)
    for number in range(1, draw(st.integers(1, 4)) + 1):
        gross = draw(cents)
        discounts = [draw(st.integers(0, int(gross * 100))) for _n in range(draw(st.integers(0, 2)))]
        discount = min(sum(discounts), int(gross * 100))
        taxes = [draw(st.integers(0, int(gross * 20))) for _n in range(draw(st.integers(0, 2)))]
        taxes = taxes if not included or sum(taxes) <= int(gross * 100) - discount else []
        rows.append(
            {
                **ORDERS["cash_on_delivery"]["lineItems"]["nodes"][0],
                "id": f"gid://shopify/LineItem/{number}",
                "quantity": number,
                "currentQuantity": number,
                "originalTotalSet": bag(gross),
                "discountAllocations": [{"allocatedAmountSet": bag(Decimal(discount) / 100)}],
                "taxLines": [
                    {"title": f"T{index}", "ratePercentage": Decimal("7.5"), "priceSet": bag(Decimal(tax) / 100)}
                    for index, tax in enumerate(taxes)
                ],
            }
        )
        total += gross - Decimal(discount) / 100 + (0 if included else Decimal(sum(taxes)) / 100)
    return load(
        "cash_on_delivery",
        taxesIncluded=included,
        lineItems={"nodes": rows},
        shippingLines={"nodes": []},
        totalPriceSet=bag(total),
    )


@given(orders())
@settings(max_examples=150)
def test_an_order_that_adds_up_there_adds_up_here(payload):
    found = parse.order(payload)
    assert isinstance(found, OrderDoc)
    assert found.problems() == []
    assert all(
        amount == amount.quantize(Decimal("0.01")) for one in found.lines for amount in (one.total, one.tax_total)
    )


@given(orders(), st.data())
@settings(max_examples=150)
def test_pieces_taken_away_leave_an_order_that_adds_up(payload, data):
    for row in payload["lineItems"]["nodes"][1:]:
        row["currentQuantity"] = data.draw(st.integers(0, row["quantity"]))
    found = parse.order(payload)
    assert found.problems() == []
    kept = {row["id"]: row["currentQuantity"] for row in payload["lineItems"]["nodes"] if row["currentQuantity"]}
    assert {one.external_id: one.quantity for one in found.lines} == kept
    assert found.total <= Decimal(payload["totalPriceSet"]["shopMoney"]["amount"])
