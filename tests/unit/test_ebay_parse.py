"""What becomes of eBay's orders. The golden payloads are in ``tests/contract``; here are the stories between them."""

import json
from copy import deepcopy
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Gone, Reject
from odoo.addons.oms_channels.platforms.ebay import money, parse
from odoo.addons.oms_channels.tests.contract import payloads

CASES = {path.stem: path.read_bytes() for path in payloads("ebay")}
CENT = Decimal("0.01")


def case(name):
    return json.loads(CASES[name], parse_float=Decimal)


def codes(document):
    return [problem.code for problem in document.problems()]


# ---- Money ----


@pytest.mark.parametrize("in_total", [True, False])
@pytest.mark.parametrize("repeated", [True, False])
def test_tax_that_ebay_pays_is_counted_once_wherever_it_is_told(in_total, repeated):
    payload = case("us_sales_tax_in_the_total_and_told_twice")
    line = payload["lineItems"][0]
    line["taxes"] = line["taxes"] if repeated else []
    payload["pricingSummary"]["total"]["value"] = "58.55" if in_total else "54.50"
    document = parse.order(payload)
    assert (document.total, document.computed_total(), codes(document)) == (Decimal("58.55"), Decimal("58.55"), [])
    assert [(tax.amount, tax.remitted) for tax in document.lines[0].taxes] == [(Decimal("4.05"), True)]
    assert document.payments[0].amount == Decimal("58.55")


def test_a_tax_of_another_kind_beside_it_is_the_sellers():
    payload = case("us_sales_tax_outside_the_total")
    payload["lineItems"][0]["taxes"] = [{"taxType": "REGION", "amount": {"value": "1.00", "currency": "USD"}}]
    payload["pricingSummary"]["total"]["value"] = "97.00"
    document = parse.order(payload)
    assert sorted((tax.amount, tax.remitted) for tax in document.lines[0].taxes) == [
        (Decimal("1.00"), False),
        (Decimal("8.52"), True),
    ]
    assert (document.total, codes(document)) == (Decimal("105.52"), [])


def test_own_tax_that_the_total_holds_already_is_taken_out_of_the_prices():
    payload = case("de_vat_not_told")
    payload["lineItems"][0]["taxes"] = [{"taxType": "VAT", "amount": {"value": "2.06", "currency": "EUR"}}]
    document = parse.order(payload)
    assert (document.lines[0].total, document.lines[0].taxes[0].rate) == (Decimal("10.84"), Decimal(19))
    assert (document.total, codes(document)) == (Decimal("17.80"), [])


def test_import_charges_count_only_if_the_total_holds_them():
    payload = case("gb_international_hub_and_country_uk")
    assert [line.kind for line in parse.order(payload).lines] == ["product", "shipping"]
    payload["pricingSummary"]["total"]["value"] = "153.50"
    document = parse.order(payload)
    assert sorted(line.kind for line in document.lines) == ["duty", "fee", "product", "shipping"]
    assert document.computed_total() == document.total == Decimal("153.50")


def test_an_amount_in_another_currency_is_a_problem():
    payload = case("us_to_japan_shown_in_yen")
    payload["lineItems"][0]["lineItemCost"]["currency"] = "JPY"
    assert "mixed_currency" in codes(parse.order(payload))


def test_what_the_seller_gets_is_never_what_the_buyer_paid():
    payload = case("de_vat_told_by_the_channel")
    for money_told in (payload["paymentSummary"]["payments"][0]["amount"], payload["paymentSummary"]["totalDueSeller"]):
        money_told["value"] = "1.00"
    assert parse.order(payload).payments[0].amount == Decimal("70.65")


def test_a_small_business_charges_no_vat_and_is_not_asked_for_it():
    document = parse.order({**case("de_vat_not_told"), "omsVatRates": {"DE": "0"}})
    assert (codes(document), [line.taxes for line in document.lines]) == ([], [(), ()])


@pytest.mark.parametrize(
    ("tax", "net", "delivery", "rate"),
    [
        ("8.52", "96.00", "0", "8.88"),
        ("5.40", "24.00", "3.00", "20"),
        ("1.90", "10.00", "0", "19"),
        ("0", "5", "0", "0"),
    ],
)
def test_the_simplest_percentage_is_found(tax, net, delivery, rate):
    found = money.find_rate(Decimal(tax), Decimal(net), Decimal(delivery), CENT)
    assert found == Decimal(rate)


# ---- Refunds ----


def test_refunds_of_many_lines_without_ids_are_brought_together_by_their_date():
    payload = case("refund_told_in_two_amounts")
    payload["lineItems"][1]["refunds"] = [
        {"refundDate": "2026-11-08T10:00:20.000Z", "amount": {"value": "5.00", "currency": "EUR"}}
    ]
    (refund,) = parse.order(payload).refunds
    assert (refund.amount, len(refund.lines), refund.external_id) == (Decimal("34.90"), 2, "5099887")


def test_two_refunds_of_one_line_on_two_days_are_two():
    payload = case("refund_told_in_two_amounts")
    payload["lineItems"][0]["refunds"].append(
        {"refundDate": "2026-11-12T10:00:00.000Z", "amount": {"value": "10.00", "currency": "EUR"}}
    )
    refunds = parse.order(payload).refunds
    assert sorted(refund.amount for refund in refunds) == [Decimal("10.00"), Decimal("29.90")]
    assert len({refund.external_id for refund in refunds}) == 2


def test_every_golden_refund_is_no_more_than_was_paid_and_sums_up():
    for name, raw in CASES.items():
        document = parse.body("order", raw)
        for refund in document.refunds:
            parts = sum((line.amount + line.tax for line in refund.lines), Decimal(0)) + refund.shipping
            assert parts in (0, refund.amount), name
            assert 0 < refund.amount <= document.total, name


# ---- How it stands ----


@pytest.mark.parametrize(
    ("payment", "fulfilment", "cancel", "status"),
    [
        ("PAID", "NOT_STARTED", "NONE_REQUESTED", "open"),
        ("PAID", "FULFILLED", "NONE_REQUESTED", "fulfilled"),
        ("PENDING", "NOT_STARTED", "NONE_REQUESTED", "awaiting_payment"),
        ("FAILED", "NOT_STARTED", "NONE_REQUESTED", "awaiting_payment"),
        ("PARTIALLY_REFUNDED", "NOT_STARTED", "NONE_REQUESTED", "open"),
        ("FULLY_REFUNDED", "NOT_STARTED", "NONE_REQUESTED", "cancelled"),
        ("FULLY_REFUNDED", "FULFILLED", "NONE_REQUESTED", "fulfilled"),
        ("PAID", "NOT_STARTED", "CANCELED", "cancelled"),
        ("PAID", "NOT_STARTED", "IN_PROGRESS", "open"),
        ("PAID", "TELEPORTED", "NONE_REQUESTED", "on_hold"),
    ],
)
def test_how_an_order_stands(payment, fulfilment, cancel, status):
    payload = case("de_vat_told_by_the_channel")
    payload |= {"orderPaymentStatus": payment, "orderFulfillmentStatus": fulfilment}
    payload["cancelStatus"]["cancelState"] = cancel
    assert parse.order(payload).status == status


def test_a_wish_that_was_turned_down_is_no_wish_and_sellers_wishes_are_told_apart():
    payload = case("buyer_asks_to_cancel")
    request = payload["cancelStatus"]["cancelRequests"][0]
    request["cancelInitiator"] = "SELLER"
    assert parse.order(payload).cancel_requested == "being cancelled in Seller Hub: ordered by mistake"
    payload["cancelStatus"]["cancelState"] = "NONE_REQUESTED"
    assert parse.order(payload).cancel_requested == ""


def test_what_ebay_ships_itself_is_none_of_ours():
    payload = {**case("de_vat_not_told"), "program": {"fulfillmentProgram": {"fulfilledBy": "EBAY"}}}
    with pytest.raises(Gone):
        parse.order(payload)


def test_an_error_instead_of_an_order_is_told():
    with pytest.raises(Reject, match="No such order"):
        parse.order({"errors": [{"errorId": 32100, "message": "No such order"}]})


def test_a_customer_never_reads_what_ebay_charges():
    for raw in CASES.values():
        assert "fee" not in parse.body("order", raw).note.lower()


def test_reading_changes_nothing():
    payload = case("refunds_done_pending_failed_and_goodwill")
    before = deepcopy(payload)
    parse.order(payload)
    assert payload == before
