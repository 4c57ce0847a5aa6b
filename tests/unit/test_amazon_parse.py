import json
from copy import deepcopy
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.adapter import Gone, Reject
from odoo.addons.oms_channels.platforms.amazon import parse
from odoo.addons.oms_channels.tests.contract import payloads

ORDERS = {
    path.stem: json.loads(path.read_bytes(), parse_float=Decimal)
    for path in payloads("amazon")
    if path.parent.name == "order"
}


def load(case="de_two_vat_rates_prime", **changes):
    return {**deepcopy(ORDERS[case]), **changes}


def codes(payload):
    return [problem.code for problem in parse.order(payload).problems()]


def amounts(case, **changes):
    return [(line.kind, line.total, line.tax_total) for line in parse.order(load(case, **changes)).lines]


def with_total(case, total):
    payload = load(case)
    payload["proceeds"]["grandTotal"]["amount"] = total
    return payload


# ---- What is no order of ours ----


@pytest.mark.parametrize("payload", [None, [], "text", 7, True])
def test_what_is_not_an_object_is_rejected(payload):
    with pytest.raises(Reject):
        parse.order(payload)


def test_an_error_is_rejected_with_the_words_of_amazon():
    with pytest.raises(Reject, match="Access to requested resource is denied"):
        parse.order({"errors": [{"code": "Unauthorized", "message": "Access to requested resource is denied."}]})


def test_an_order_that_amazon_ships_is_nothing_to_do():
    payload = load()
    payload["fulfillment"]["fulfilledBy"] = "AMAZON"
    with pytest.raises(Gone, match="its own warehouse"):
        parse.order(payload)


def test_the_answer_around_an_order_is_taken_off():
    assert parse.order({"order": load()}) == parse.order(load())


def test_an_empty_object_is_an_order_with_fatal_problems():
    assert {"missing_id", "bad_currency", "no_lines"} <= set(codes({}))


def test_there_is_no_document_in_a_hint():
    with pytest.raises(Reject):
        parse.body("hint", b"{}")


# ---- Status ----


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PENDING_AVAILABILITY", "awaiting_payment"),
        ("PENDING", "awaiting_payment"),
        ("UNSHIPPED", "open"),
        ("PARTIALLY_SHIPPED", "open"),
        ("SHIPPED", "fulfilled"),
        ("CANCELLED", "cancelled"),
    ],
)
def test_every_status_has_a_meaning(status, expected):
    payload = load()
    payload["fulfillment"]["fulfillmentStatus"] = status
    order = parse.order(payload)
    assert (order.status, order.channel_status, order.problems()) == (expected, status, [])


def test_a_pending_order_is_captured_without_money_in_the_currency_of_its_marketplace():
    order = parse.order(load("pending_without_prices"))
    assert (order.status, order.currency, order.total, order.payments) == ("awaiting_payment", "EUR", 0, ())
    assert [(line.sku, line.quantity, line.total) for line in order.lines] == [
        ("KF-KETTLE", 1, 0),
        ("KF-TEA-100", 4, 0),
    ]
    assert order.problems() == []


def test_an_open_order_without_a_total_is_not_complete():
    assert "bad_amount" in codes({key: value for key, value in load().items() if key != "proceeds"})


# ---- Whether amounts hold the tax ----


def test_in_europe_prices_hold_the_tax():
    assert amounts("de_two_vat_rates_prime") == [
        ("product", Decimal("100.00"), Decimal("19.00")),
        ("shipping", Decimal("4.00"), Decimal("0.76")),
        ("product", Decimal("20.00"), Decimal("1.40")),
    ]


def test_in_the_united_states_tax_comes_on_top():
    assert amounts("us_tax_collected_by_amazon") == [
        ("product", Decimal("59.98"), Decimal("5.40")),
        ("shipping", Decimal("6.99"), Decimal("0.63")),
    ]


def test_sums_that_leave_no_doubt_are_stronger_than_the_marketplace():
    """A European order of which the total is amounts and tax: the amounts are without it."""
    order = parse.order(with_total("de_two_vat_rates_prime", "166.32"))
    assert [line.total for line in order.lines] == [Decimal("119.00"), Decimal("4.76"), Decimal("21.40")]
    assert (order.total, order.problems()) == (Decimal("166.32"), [])


def test_the_customer_paid_the_tax_that_the_total_leaves_to_amazon():
    order = parse.order(load("us_total_without_collected_tax"))
    assert (order.total, order.computed_total()) == (Decimal("52.27"), Decimal("52.27"))
    assert all(tax.remitted for line in order.lines for tax in line.taxes)


def test_a_total_without_the_merchants_own_tax_does_not_add_up():
    payload = load("us_total_without_collected_tax")
    payload["orderItems"][0]["tax"] = {}
    assert codes(payload) == ["total_mismatch"]


def test_an_unknown_marketplace_is_as_its_sums_say():
    payload = load()
    payload["salesChannel"]["marketplaceId"] = "A0NEWPLACE"
    assert parse.order(payload).lines == parse.order(load()).lines


@pytest.mark.parametrize("spoil", ["145.17", "-145.16", "0.00"])
def test_a_total_that_nothing_explains_is_left_as_it_is(spoil):
    order = parse.order(with_total("de_two_vat_rates_prime", spoil))
    assert order.total == Decimal(spoil)
    assert [problem.code for problem in order.problems()] == ["total_mismatch"]


# ---- Who pays the tax to the state ----


def remitted(payload):
    return [tax.remitted for line in parse.order(payload).lines for tax in line.taxes]


def test_tax_of_a_marketplace_facilitator_is_not_our_debt_and_the_next_items_is():
    assert remitted(load("us_one_tax_ours_one_amazons")) == [True, False]


@pytest.mark.parametrize("scheme", ["IOSS", "UOSS"])
def test_a_deemed_reseller_pays_the_vat(scheme):
    payload = load("fr_ioss_from_outside_the_union")
    payload["orderItems"][0]["tax"] = {"taxCalculationBreakdowns": [{"reportingScheme": scheme}]}
    payload["orderItems"][0]["fulfillment"].pop("shipping")
    assert remitted(payload) == [True, True]


def test_a_number_for_the_customs_means_that_amazon_has_the_vat():
    payload = load("fr_ioss_from_outside_the_union")
    del payload["orderItems"][0]["tax"]
    assert remitted(payload) == [True, True]
    assert "IM4420001201" in parse.order(payload).lines[0].note


def test_vat_that_is_not_told_is_asked_for():
    assert codes(load("de_vat_not_told")) == ["unknown_tax"]


def test_vat_of_zero_is_told_and_a_business_abroad_is_told_nothing():
    assert codes(load("it_business_without_vat")) == []
    payload = load("it_business_without_vat")
    payload["orderItems"][0]["proceeds"]["breakdowns"].pop()
    assert codes(payload) == []
    assert codes({**payload, "programs": []}) == ["unknown_tax"]


# ---- Percentages ----


def rates(payload):
    return [tax.rate for line in parse.order(payload).lines for tax in line.taxes]


@pytest.mark.parametrize("rate", ["19", "7", "5.5", "20", "25", "8.1", "8.875", "6.35"])
def test_a_percentage_is_found_out_from_the_amounts(rate):
    payload = with_total("us_total_without_collected_tax", "0")
    tax = (Decimal("480.00") * Decimal(rate) / 100).quantize(Decimal("0.01"))
    rows = payload["orderItems"][0]["proceeds"]["breakdowns"]
    rows[0]["subtotal"]["amount"] = "480.00"
    rows[1] = {"type": "TAX", "subtotal": {"amount": str(tax), "currencyCode": "USD"}}
    payload["proceeds"]["grandTotal"]["amount"] = str(480 + tax)
    assert rates(payload) == [Decimal(rate)]
    assert codes(payload) == []


def test_small_money_has_the_percentage_of_the_rest():
    assert set(rates(load("de_ugly_cents_without_details"))) == {Decimal(19)}


def one_item(country, net, tax, quantity=1):
    payload = load("de_vat_not_told" if country == "DE" else "us_total_without_collected_tax")
    [item] = payload["orderItems"]
    gross = Decimal(net) + Decimal(tax)
    amounts = {"ITEM": gross if country == "DE" else Decimal(net), "TAX": Decimal(tax)}
    item["quantityOrdered"] = quantity
    item["proceeds"]["breakdowns"] = [{"type": kind, "subtotal": {"amount": str(n)}} for kind, n in amounts.items()]
    payload["proceeds"]["grandTotal"]["amount"] = str(gross)
    return payload


def test_small_money_that_fits_several_has_that_of_the_line_with_most():
    """Three cents of half a euro are six per cent; beside a line of 5.5 % they are that too."""
    assert rates(one_item("DE", "0.50", "0.03")) == [Decimal(6)]
    payload, more = one_item("DE", "0.50", "0.03"), one_item("DE", "200.00", "11.00")
    payload["orderItems"] += [{**more["orderItems"][0], "orderItemId": "7"}]
    payload["proceeds"]["grandTotal"]["amount"] = "211.53"
    assert rates(payload) == [Decimal("5.5"), Decimal("5.5")]


def test_tax_that_was_taken_out_piece_by_piece_is_still_of_a_whole_percentage():
    """Three pieces at 9.99, of each 1.60 tax: 4.80, where 19 % of the whole would be 4.78."""
    assert rates(one_item("DE", "25.17", "4.80", quantity=3)) == [Decimal(19)]


def test_tax_on_top_is_of_the_whole():
    assert rates(one_item("US", "29.99", "2.66", quantity=3)) == [Decimal("8.87")]


def test_a_whole_percentage_is_spelt_without_an_exponent():
    payload = load("new_status_and_new_charge")
    assert [tax.name for line in parse.order(payload).lines for tax in line.taxes] == ["Tax 25 %", "Tax 25 %"]
    assert {str(rate) for rate in rates(load("gb_gift_wrap_and_message"))} == {"20"}


# ---- Discounts, tips and charges ----


def test_a_discount_is_taken_off_where_it_belongs():
    assert amounts("gb_discounts_on_item_and_shipping") == [
        ("product", Decimal("45.00"), Decimal("9.00")),
        ("shipping", Decimal("0.00"), Decimal("0.00")),
    ]


def test_a_discount_is_taken_off_however_it_is_written():
    positive = load("us_free_with_coupon_written_negative")
    row = positive["orderItems"][0]["proceeds"]["breakdowns"][2]
    for money in (row["subtotal"], *(detail["value"] for detail in row["detailedBreakdowns"])):
        money["amount"] = money["amount"].lstrip("-")
    assert parse.order(positive) == parse.order(load("us_free_with_coupon_written_negative"))


def test_a_discount_without_parts_is_on_the_goods():
    line = parse.order(load("de_ugly_cents_without_details")).lines[0]
    assert (line.total, line.tax_total, line.subtotal) == (Decimal("22.67"), Decimal("4.30"), Decimal("25.19"))


def test_a_pending_tip_is_not_charged_yet():
    order = parse.order(load("us_tip_pending"))
    assert (order.total, order.problems()) == (Decimal("22.00"), [])
    assert parse.order(with_total("us_tip_pending", "22.00")).total == Decimal("22.00")


def test_a_final_tip_is_a_line_of_its_own():
    [_honey, tip] = parse.order(load("us_tip_final")).lines
    assert (tip.kind, tip.total) == ("tip", Decimal("3.00"))


def test_points_are_the_merchants_expense_and_no_charge():
    order = parse.order(load("jp_cash_on_delivery_and_points"))
    assert order.computed_total() == order.total == 3630
    assert "points" in order.lines[0].note


def test_a_discount_of_more_parts_than_it_has_is_told():
    payload = load("gb_discounts_on_item_and_shipping")
    details = payload["orderItems"][0]["proceeds"]["breakdowns"][2]["detailedBreakdowns"]
    details[0]["value"]["amount"] = "9.00"
    assert codes(payload) == ["discount_mismatch"]


def test_taxes_by_parts_that_miss_the_sum_are_told():
    payload = load()
    payload["orderItems"][0]["proceeds"]["breakdowns"][2]["detailedBreakdowns"][0]["value"]["amount"] = "17.00"
    assert codes(payload) == ["tax_mismatch"]


def test_the_unit_price_is_never_read():
    payload = load()
    for item in payload["orderItems"]:
        item["product"]["price"] = {"unitPrice": {"amount": "0.01", "currencyCode": "EUR"}}
    assert parse.order(payload) == parse.order(load())


# ---- Items ----


def test_a_cancelled_item_is_no_line():
    assert [line.sku for line in parse.order(load("one_item_cancelled")).lines] == ["KF-TEA-100"]


def test_a_cancelled_order_keeps_its_items_so_that_it_is_one():
    order = parse.order(load("cancelled_by_the_buyer"))
    assert (order.status, len(order.lines), order.cancel_requested) == ("cancelled", 1, "")


def test_an_item_without_an_id_cannot_be_known_again_and_is_fatal():
    payload = load()
    del payload["orderItems"][1]["orderItemId"]
    assert codes(payload) == ["bad_line"]


def test_the_buyers_wish_to_cancel_is_told_with_what_it_is_about():
    assert (
        parse.order(load("buyer_asks_to_cancel_one_item")).cancel_requested == "Wool throw, heather: Found it cheaper"
    )
    payload = load("buyer_asks_to_cancel_one_item")
    payload["orderItems"][1]["cancellation"] = deepcopy(payload["orderItems"][0]["cancellation"])
    assert parse.order(payload).cancel_requested == "Found it cheaper"


def test_a_wish_that_was_granted_or_came_too_late_is_none():
    payload = load("buyer_asks_to_cancel_one_item")
    payload["orderItems"][0]["cancellation"]["cancellationExecution"] = {"cancelledBy": "MERCHANT"}
    assert parse.order(payload).cancel_requested == ""
    shipped = load("buyer_asks_to_cancel_one_item")
    shipped["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
    assert parse.order(shipped).cancel_requested == ""


@pytest.mark.parametrize("case", ["replacement_free_of_charge", "exchange_with_zero_amounts"])
def test_a_replacement_costs_nothing_and_is_to_be_shipped(case):
    order = parse.order(load(case))
    assert (order.status, order.total, order.payments, order.problems()) == ("open", 0, (), [])
    assert " for order: 30" in order.note


# ---- People, places and dates ----


def test_amazon_says_by_when_the_goods_must_leave_and_arrive():
    order = parse.order(load())
    assert order.ship_by == datetime(2026, 11, 5, 22, 59, 59, tzinfo=timezone.utc)
    assert order.deliver_by == datetime(2026, 11, 9, 22, 59, 59, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("case", "method", "way"),
    [
        ("de_two_vat_rates_prime", "PRIME_STANDARD", ""),
        ("gb_gift_wrap_and_message", "NEXT_DAY", "express"),
        ("pick_up_in_store", "STANDARD", "pickup"),
    ],
)
def test_the_service_level_says_how_to_ship(case, method, way):
    order = parse.order(load(case))
    assert (order.shipping_method, order.delivery_method) == (method, way)


def test_the_bill_goes_to_the_buyer_where_the_goods_go_and_the_mail_passes_through_amazon():
    order = parse.order(load("it_business_without_vat"))
    assert (order.billing.name, order.billing.company) == ("Chiara Bianchetti", "Officine Bianchetti S.r.l.")
    assert order.billing.street == order.shipping.street == "Via dei Fabbri 9"
    assert order.billing.email.endswith("@marketplace.amazon.de")
    assert order.shipping.email == ""


def test_a_store_is_not_where_the_buyer_lives():
    assert parse.order(load("pick_up_in_store")).billing.street == ""


def test_without_the_role_there_is_no_address_and_no_crash():
    order = parse.order(load("no_role_for_addresses"))
    assert order.shipping.is_empty() and order.billing.is_empty()


@pytest.mark.parametrize(
    ("country", "told", "state", "city"),
    [
        ("US", "WA", "WA", "Town"),
        ("US", "washington", "WA", "Town"),
        ("US", "US-WA", "WA", "Town"),
        ("IT", "MO", "MO", "Town"),
        ("DE", "Hessen", "", "Town"),
        ("IN", "TAMIL NADU", "", "Town, TAMIL NADU"),
        ("", "", "", "Town"),
    ],
)
def test_a_state_is_a_code_or_stands_with_the_town(country, told, state, city):
    payload = load()
    address = {"city": "Town", "stateOrRegion": told, "countryCode": country}
    payload["recipient"] = {"deliveryAddress": address}
    order = parse.order(payload)
    assert (order.shipping.state_code, order.shipping.city) == (state, city)


def test_a_street_in_the_second_line_is_the_street():
    payload = load()
    payload["recipient"]["deliveryAddress"] |= {"addressLine1": "", "addressLine2": "Hof 2", "addressLine3": "links"}
    shipping = parse.order(payload).shipping
    assert (shipping.street, shipping.street2) == ("Hof 2", "links")


# ---- Payment ----


def test_amazon_has_the_money_of_what_may_be_shipped():
    [payment] = parse.order(load()).payments
    assert (payment.external_id, payment.amount, payment.method) == (
        "301-5500001-0100001-paid",
        Decimal("145.16"),
        "Amazon",
    )


def test_what_the_carrier_collects_is_not_paid():
    order = parse.order(load("jp_cash_on_delivery_and_points"))
    assert [(payment.method, payment.amount) for payment in order.payments] == [("GiftCard", 500)]
    assert parse.order(load("jp_cash_on_delivery_and_points", payment=None)).payments == ()


@pytest.mark.parametrize("case", ["pending_without_prices", "cancelled_by_the_buyer", "replacement_free_of_charge"])
def test_nothing_is_paid_where_nothing_is_owed(case):
    assert parse.order(load(case)).payments == ()


# ---- Whatever comes ----


@pytest.mark.parametrize("case", sorted(ORDERS))
def test_no_amount_can_be_dropped_unnoticed(case):
    """Each figure of a breakdown that is missing leaves a problem behind."""
    for number, item in enumerate(ORDERS[case]["orderItems"]):
        for row, breakdown in enumerate(item.get("proceeds", {}).get("breakdowns", [])):
            payload = load(case)
            del payload["orderItems"][number]["proceeds"]["breakdowns"][row]["subtotal"]["amount"]
            assert "bad_amount" in codes(payload), breakdown


MONEY = st.integers(0, 500_000).map(lambda cents: Decimal(cents) / 100)


@settings(max_examples=300)
@given(st.lists(st.tuples(MONEY, MONEY, st.sampled_from([0, 7, 19])), min_size=1, max_size=6), st.booleans())
def test_what_amazon_adds_up_adds_up_here(rows, european):
    """Whatever goods and shipping cost: the lines come to the total, cent by cent, and tax is what was told."""
    payload = load("de_two_vat_rates_prime" if european else "us_tax_collected_by_amazon")
    [template, *_more] = payload["orderItems"]
    items, total, tax_total = [], Decimal(0), Decimal(0)
    for number, (goods, shipping, rate) in enumerate(rows):
        gross = goods + shipping
        tax = (gross * rate / ((100 + rate) if european else 100)).quantize(Decimal("0.01"))
        amounts = {"ITEM": goods, "SHIPPING": shipping, "TAX": tax}
        breakdowns = [
            {"type": kind, "subtotal": {"amount": str(value), "currencyCode": "EUR"}} for kind, value in amounts.items()
        ]
        items.append({**template, "orderItemId": str(number + 1), "proceeds": {"breakdowns": breakdowns}, "tax": {}})
        total += gross if european else gross + tax
        tax_total += tax
    payload["orderItems"] = items
    payload["proceeds"] = {"grandTotal": {"amount": str(total), "currencyCode": "EUR"}}
    order = parse.order(payload)
    assert (order.computed_total(), order.problems()) == (total, [])
    assert sum(line.tax_total for line in order.lines) == tax_total
