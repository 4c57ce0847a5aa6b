"""What becomes of Magento's orders, as sentences."""

import json
from copy import deepcopy
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Reject
from odoo.addons.oms_channels.platforms.magento import answers, parse, render
from odoo.addons.oms_channels.tests.contract import payloads

CASES = {path.stem: path.read_bytes() for path in payloads("magento")}


def raw(case):
    return json.loads(CASES[case])


def document(case, **changes):
    return parse.body("order", json.dumps({**raw(case), **changes}).encode())


def codes(doc):
    return [problem.code for problem in doc.problems()]


def amounts(doc, kind="product"):
    return [(line.external_id, line.total, line.tax_total) for line in doc.lines if line.kind == kind]


# ---- Lines ----


def test_only_the_currency_of_the_order_counts():
    doc = document("three_currencies")
    assert (doc.currency, doc.total, doc.computed_total()) == ("GBP", Decimal("45.49"), Decimal("45.49"))


def test_a_discount_with_tax_in_it_leaves_net_and_tax_right():
    doc = document("discount_with_hidden_tax")
    tent = doc.lines[0]
    assert (tent.subtotal, tent.total, tent.tax_total) == (Decimal("251.26"), Decimal("226.13"), Decimal("42.97"))
    assert codes(doc) == []


def test_a_configurable_product_is_one_line_with_the_variants_name_and_id():
    doc = document("us_configurable_two_taxes")
    (line,) = [line for line in doc.lines if line.kind == "product"]
    assert (line.external_id, line.product_ref, line.sku, line.name) == (
        "5",
        "56",
        "BW-HOODIE-M-RED",
        "Summit Hoodie-M-Red",
    )
    assert [(tax.code, tax.rate, tax.amount) for tax in line.taxes] == [
        ("US-TX", Decimal("6.25"), Decimal("6.50")),
        ("US-TX-AUS", Decimal("2"), Decimal("2.08")),
    ]


def test_the_items_of_a_shipping_assignment_are_not_counted_once_more():
    assert len([line for line in document("two_rates_prices_with_tax").lines if line.kind == "product"]) == 2


def test_the_sum_of_a_bundle_is_not_charged_beside_its_parts():
    assert [line.sku for line in document("bundle_priced_by_parts").lines] == ["BW-MAT", "BW-BAG", ""]


def test_the_parts_of_a_bundle_with_one_price_are_products_for_nothing():
    doc = document("bundle_with_one_price")
    assert [(line.sku, line.quantity, line.total) for line in doc.lines[:3]] == [
        ("BW-KIT-FIX", 2, Decimal("119.50")),
        ("BW-MUG", 2, 0),
        ("BW-SPOON", 4, 0),
    ]


def test_a_child_whose_parent_is_missing_is_a_line_of_its_own():
    payload = raw("us_configurable_two_taxes")
    payload["items"] = payload["items"][1:]
    doc = parse.order(payload)
    assert [line.external_id for line in doc.lines if line.kind == "product"] == ["6"]
    assert "total_mismatch" in codes(doc)


def test_a_row_that_is_its_own_parent_is_no_accident():
    payload = raw("two_rates_prices_with_tax")
    payload["items"][0]["parent_item_id"] = payload["items"][0]["item_id"]
    assert codes(parse.order(payload)) == []


def test_a_fixed_product_tax_is_a_fee_by_its_own_name_with_its_tax():
    (fee,) = [line for line in document("recycling_fee").lines if line.kind == "fee"]
    assert (fee.name, fee.total, fee.tax_total) == ("Elektro-Recycling", Decimal(10), Decimal("1.90"))


def test_wrapping_is_charged_as_fees():
    assert amounts(document("gift_wrapped"), "fee") == [
        ("gift-wrapping", Decimal("2.52"), Decimal("0.48")),
        ("gift-card-printed", Decimal("1.68"), Decimal("0.32")),
    ]


def test_a_gift_card_sold_is_no_product():
    assert amounts(document("gift_card_sold"), "gift_card") == [("18", Decimal(50), Decimal(0))]


def test_what_was_called_off_is_not_charged_and_not_wanted():
    doc = document("called_off_in_part")
    assert [(line.external_id, line.quantity) for line in doc.lines] == [("20", 2), ("shipping", 1)]
    assert (doc.total, codes(doc)) == (Decimal("30.70"), [])


def test_what_is_left_without_an_invoice_is_shared_out():
    payload = raw("called_off_in_part")
    payload["items"][0]["qty_invoiced"] = 0
    doc = parse.order(payload)
    # 54.20 and 10.30 for five pieces
    assert amounts(doc) == [("20", Decimal("21.68"), Decimal("4.12"))]


def test_an_order_called_off_in_whole_says_what_it_was():
    doc = document("canceled_unpaid")
    assert (doc.status, doc.lines[0].quantity, doc.total) == ("cancelled", 2, Decimal("182.90"))


def test_taxes_without_details_have_the_rate_of_their_row():
    doc = document("own_state_and_no_tax_details")
    assert [(tax.rate, tax.amount) for line in doc.lines for tax in line.taxes] == [
        (Decimal("19"), Decimal("3.19")),
        (Decimal("7"), Decimal("2.03")),
        (Decimal("0"), Decimal("0.78")),
    ]


def test_rates_that_do_not_come_to_the_tax_of_their_row_are_told():
    payload = raw("two_rates_prices_with_tax")
    payload["extension_attributes"]["item_applied_taxes"][0]["applied_taxes"][0]["amount"] = 20
    doc = parse.order(payload)
    assert (codes(doc), doc.lines[0].tax_total) == (["tax_mismatch"], Decimal("23.93"))


# ---- Money ----


def test_a_fee_in_no_field_is_told_with_its_amount():
    doc = document("fee_in_no_field")
    (problem,) = [problem for problem in doc.problems() if problem.code == "unknown_charge"]
    assert "3.00" in problem.message
    assert "extension" in problem.message


def test_a_discount_in_no_field_is_told_as_one():
    doc = document("two_rates_prices_with_tax", grand_total=200)
    assert any("discount" in problem.message for problem in doc.parse_problems)


def test_what_was_paid_with_cards_credit_and_points_is_in_the_total_and_is_tendered():
    doc = document("gift_cards_credit_points")
    assert doc.total == Decimal("459.00")
    assert [(one.tender, one.amount) for one in doc.payments] == [
        ("", Decimal("289.50")),
        ("gift_card", Decimal("75.00")),
        ("gift_card", Decimal("25.00")),
        ("store_credit", Decimal("50.00")),
        ("store_credit", Decimal("19.50")),
    ]
    assert not any("BWGC" in payment.reference for payment in doc.payments)


def test_money_that_is_only_authorised_is_no_payment():
    doc = document("authorised_not_captured")
    assert (doc.status, doc.payments) == ("open", ())


def test_each_invoice_is_a_payment_of_its_own():
    payload = raw("two_rates_prices_with_tax")
    first = payload["_invoices"][0]
    payload["_invoices"] = [
        {**first, "grand_total": 100},
        {**first, "entity_id": 9, "grand_total": 129.65, "transaction_id": "txn-b"},
        {**first, "entity_id": 10, "state": 3},
    ]
    doc = parse.order(payload)
    assert [(one.external_id, one.amount, one.reference) for one in doc.payments] == [
        ("invoice-1011", Decimal("100.00"), "txn-101"),
        ("invoice-9", Decimal("129.65"), "txn-b"),
    ]


def test_credit_memos_are_refunds_by_line_goodwill_pending_or_nothing():
    doc = document("four_credit_memos")
    assert [(one.external_id, one.amount, len(one.lines), one.shipping, one.pending) for one in doc.refunds] == [
        ("901", Decimal("39.90"), 1, 0, False),
        ("902", Decimal("10.00"), 0, 0, False),
        ("903", Decimal("4.90"), 0, Decimal("4.90"), True),
    ]
    (line,) = doc.refunds[0].lines
    assert (line.line_id, line.quantity, line.amount, line.tax) == ("22", 1, Decimal("33.53"), Decimal("6.37"))
    assert doc.refunds[0].reason == "Lampe flackert"


def test_our_own_mark_is_no_part_of_a_reason():
    payload = raw("four_credit_memos")
    payload["_creditmemos"][0]["comments"][0]["comment"] = f"Kratzer {render.marker('refund-1')}"
    assert parse.order(payload).refunds[0].reason == "Kratzer"


def test_numbers_may_be_text():
    payload = raw("two_rates_prices_with_tax")

    def spell(value):
        if isinstance(value, dict):
            return {key: spell(item) for key, item in value.items()}
        if isinstance(value, list):
            return [spell(item) for item in value]
        return f"{value:.4f}" if isinstance(value, float) else value

    doc = parse.order(spell(payload))
    assert (doc.total, codes(doc)) == (Decimal("229.65"), [])


# ---- Everything else ----


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("two_rates_prices_with_tax", "open"),
        ("fee_in_no_field", "open"),
        ("waits_for_bank_transfer", "awaiting_payment"),
        ("not_yet_paid_online", "awaiting_payment"),
        ("on_hold_by_hand", "on_hold"),
        ("suspected_fraud", "on_hold"),
        ("download_without_address", "fulfilled"),
        ("refunded_in_whole_sums_only", "cancelled"),
        ("canceled_unpaid", "cancelled"),
        ("own_state_and_no_tax_details", "on_hold"),
    ],
)
def test_the_state_decides_and_not_what_the_shop_calls_it(case, status):
    assert document(case, status="custom_name").status == status


def test_suspected_fraud_is_a_high_risk():
    assert document("suspected_fraud").risk.level == "high"
    assert document("two_rates_prices_with_tax").risk is None


def test_the_address_is_the_one_of_the_shipping_assignment():
    payload = raw("two_rates_prices_with_tax")
    payload["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]["city"] = "Potsdam"
    doc = parse.order(payload)
    assert (doc.shipping.city, doc.billing.city, doc.billing.state_code) == ("Potsdam", "Berlin", "BE")
    assert (doc.shipping.street, doc.shipping.street2) == ("Lindenallee 14", "2. Stock")


def test_what_is_sent_nowhere_has_the_billing_address():
    doc = document("download_without_address")
    assert doc.shipping == doc.billing


def test_collected_orders_name_their_place():
    doc = document("collected_at_the_store")
    assert (doc.delivery_method, doc.pickup_ref) == ("pickup", "muenchen")


def test_messages_for_the_gift_are_notes():
    doc = document("gift_wrapped")
    assert (doc.note, doc.lines[0].note) == ("Bitte ohne Rechnung", "Alles Gute! (Mara → Jon)")


def test_an_error_instead_of_an_order_is_told():
    with pytest.raises(Reject, match="doesn't exist"):
        parse.body("order", b'{"message": "The entity that was requested doesn\'t exist."}')


def test_there_is_no_other_kind_of_delivery():
    with pytest.raises(Reject):
        parse.body("order_deleted", CASES["two_rates_prices_with_tax"])


# ---- Answers ----


def test_parameters_are_put_in_by_name_and_by_place():
    assert answers.sentence({"message": "%a and %b", "parameters": {"a": 1}}) == "1 and %b"
    assert answers.sentence({"message": "%1, %2", "parameters": ["x", "y"]}) == "x, y"
    assert answers.sentence(["odd"]) == ""


def test_a_sku_is_one_part_of_a_path():
    assert render.stock_item("A/B & C%ü").path == "stockItems/A%2FB%20%26%20C%25%C3%BC"


def test_parsing_leaves_its_input_alone():
    payload = raw("four_credit_memos")
    before = deepcopy(payload)
    parse.order(payload)
    assert payload == before
