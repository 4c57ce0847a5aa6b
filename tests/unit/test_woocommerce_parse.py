import json
from copy import deepcopy
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Reject
from odoo.addons.oms_channels.platforms.woocommerce import answers, parse, verify
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_core.domain.documents import CancelDoc

ORDERS = {
    path.stem: json.loads(path.read_bytes(), parse_float=Decimal)
    for path in payloads("woocommerce")
    if path.parent.name == "order"
}


def load(case="two_vat_rates", **changes):
    return {**deepcopy(ORDERS[case]), **changes}


def codes(payload):
    return [problem.code for problem in parse.order(payload).problems()]


# ---- What is no order ----


@pytest.mark.parametrize("payload", [None, [], "text", 7, True])
def test_what_is_not_an_object_is_rejected(payload):
    with pytest.raises(Reject):
        parse.order(payload)


def test_an_order_deleted_before_it_was_sent_is_rejected_with_a_sentence():
    error = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}
    with pytest.raises(Reject, match="deleted in the shop") as caught:
        parse.order(error)
    assert caught.value.code == error["code"]


def test_any_other_error_is_rejected_with_the_words_of_the_shop():
    with pytest.raises(Reject, match="Sorry, you cannot view this"):
        parse.order({"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot view this resource."})


def test_an_empty_object_is_an_order_with_fatal_problems():
    assert {"missing_id", "bad_currency", "no_lines"} <= set(codes({}))


def test_there_is_no_document_in_a_ping():
    with pytest.raises(Reject):
        parse.body("ping", b"{}")


def test_a_deletion_is_a_cancellation_of_unknown_time():
    assert parse.body("order_deleted", b'{"id":17}') == CancelDoc("17", None, "deleted in the shop")


# ---- Status and payment ----


@pytest.mark.parametrize(
    ("status", "paid", "expected"),
    [
        ("auto-draft", False, "draft"),
        ("checkout-draft", False, "draft"),
        ("pending", False, "awaiting_payment"),
        ("on-hold", False, "awaiting_payment"),
        ("on-hold", True, "on_hold"),
        ("processing", True, "open"),
        ("wc-processing", True, "open"),
        ("completed", True, "fulfilled"),
        ("cancelled", False, "cancelled"),
        ("failed", False, "cancelled"),
        ("refunded", True, "cancelled"),
        ("trash", True, "cancelled"),
    ],
)
def test_every_status_of_the_shop_has_a_meaning(status, paid, expected):
    order = parse.order(load(status=status, date_paid_gmt="2026-11-02T09:10:00" if paid else None, date_paid=None))
    assert (order.status, order.channel_status, order.problems()) == (expected, status, [])


@pytest.mark.parametrize("status", ["packed", "", None])
def test_a_status_of_a_plug_in_holds_the_order(status):
    order = parse.order(load(status=status))
    assert order.status == "on_hold"
    assert codes(load(status=status)) == ["unknown_status"]


def test_a_payment_keeps_its_id_when_its_transaction_is_known_later():
    [payment] = parse.order(load(transaction_id="pi_1")).payments
    assert (payment.external_id, payment.reference, payment.amount) == ("1001-paid", "pi_1", Decimal("38.20"))


def test_a_payment_without_a_transaction_has_the_order_as_its_id():
    [payment] = parse.order(load(transaction_id="")).payments
    assert (payment.external_id, payment.reference) == ("1001-paid", "")


def test_without_a_date_of_payment_nothing_is_paid():
    assert parse.order(load(date_paid=None, date_paid_gmt=None)).payments == ()


def test_refunds_are_positive_whatever_their_sign():
    refunds = [{"id": 1, "reason": "a", "total": "-1.00"}, {"id": 2, "total": "2.00"}]
    assert [refund.amount for refund in parse.order(load(refunds=refunds)).refunds] == [1, 2]


# ---- People, dates and identifiers ----


def test_dates_are_utc_without_saying_so():
    order = parse.order(load(date_created_gmt="2026-11-21T17:46:40"))
    assert order.ordered_at == datetime(2026, 11, 21, 17, 46, 40, tzinfo=timezone.utc)


def test_local_dates_do_where_there_are_no_others():
    order = parse.order(load(date_created_gmt=None, date_created="2026-11-21T18:46:40"))
    assert order.ordered_at.hour == 18


@pytest.mark.parametrize("odd", ["soon", "0000-00-00T00:00:00", "9999-12-31T23:59:59-14:00", 7, None, []])
def test_an_order_without_a_date_of_change_never_replaces_another(odd):
    payload = load(date_modified=None, date_modified_gmt=odd)
    assert parse.order(payload).updated_at.year == 1970
    assert "bad_date" in codes(payload)


def test_without_a_shipping_street_the_goods_go_to_the_billing_address():
    order = parse.order(load(shipping={"first_name": "X", "country": "FR", "address_1": "", "address_2": None}))
    assert order.shipping == order.billing


@pytest.mark.parametrize(("country", "state", "expected"), [("DE", "DE-BE", "BE"), ("US", "CA", "CA"), ("", "-", "")])
def test_a_state_is_told_without_its_country(country, state, expected):
    billing = {"country": country, "state": state}
    assert parse.order(load(billing=billing)).billing.state_code == expected


def test_a_guest_has_no_customer_reference():
    assert parse.order(load(customer_id=0)).customer_ref == ""
    assert parse.order(load(customer_id=31)).customer_ref == "31"


def test_text_is_what_a_database_can_store():
    assert parse.order(load(customer_note=" a\0b\ud800 ")).note == "ab?"


# ---- Lines ----


def test_the_variation_is_the_product():
    assert [line.product_ref for line in parse.order(load("variation_with_choices")).lines][0] == "111"


def test_the_price_is_never_read():
    payload = load()
    for line in payload["line_items"]:
        line["price"] = {"not": "a number"}
    assert parse.order(payload) == parse.order(load())


def test_coupons_only_inform():
    assert parse.order(load("percent_coupon_ugly_cents", coupon_lines=[])) == parse.order(
        load("percent_coupon_ugly_cents")
    )


def test_a_list_with_a_gap_is_an_object_in_php():
    lines = {str(index + 1): line for index, line in enumerate(load()["line_items"])}
    assert parse.order(load(line_items=lines)) == parse.order(load())


def test_a_line_that_is_no_object_is_fatal():
    assert "bad_line" in codes(load(line_items=[*load()["line_items"], "mug"]))


@pytest.mark.parametrize("key", ["line_items", "shipping_lines", "refunds"])
def test_a_row_without_an_id_cannot_be_known_again_and_is_fatal(key):
    payload = load("two_refunds")
    del payload[key][0]["id"]
    assert codes(payload) == ["bad_line"]


# ---- Taxes ----


def tax_amounts(payload):
    return [[tax.amount for tax in line.taxes] for line in parse.order(payload).lines]


def test_the_tax_of_the_order_is_shared_out_over_unrounded_lines():
    amounts = tax_amounts(load("tax_rounded_at_subtotal"))
    assert amounts == [[Decimal(a)] for a in ("0.42", "0.62", "0.83", "0.44", "0.32", "0.50")]


def test_round_taxes_that_add_up_are_taken_as_they_are():
    for case in ("us_compound_tax", "fees_one_negative"):
        payload = load(case)
        rows = [row for key in ("line_items", "shipping_lines", "fee_lines") for row in payload[key]]
        assert tax_amounts(payload) == [[Decimal(tax["total"]) for tax in row["taxes"]] for row in rows]


def test_a_tax_that_the_order_does_not_list_is_a_problem():
    assert "unknown_tax" in codes(load(tax_lines=load()["tax_lines"][:1]))


def test_a_tax_without_a_percentage_is_a_problem():
    payload = load()
    del payload["tax_lines"][0]["rate_percent"]
    assert codes(payload) == ["unknown_tax"]


def test_a_difference_that_rounding_cannot_explain_is_not_spread_in_silence():
    payload = load()
    payload["tax_lines"][0]["tax_total"] = "5.00"
    assert set(codes(payload)) == {"tax_mismatch", "total_mismatch"}


def test_a_tax_that_no_line_carries_shows_in_the_total():
    payload = load("unknown_country")
    for line in payload["line_items"]:
        line["taxes"] = []
    assert codes(payload) == ["total_mismatch"]


# ---- Whatever comes ----


@pytest.mark.parametrize("case", sorted(ORDERS))
def test_no_amount_can_be_dropped_unnoticed(case):
    """Of what is charged, each figure that is missing leaves a problem behind."""
    needed = [("total",)]
    for key in ("line_items", "shipping_lines", "fee_lines"):
        needed += [(key, index, "total") for index in range(len(ORDERS[case][key]))]
    for index in range(len(ORDERS[case]["tax_lines"])):
        needed += [("tax_lines", index, "tax_total"), ("tax_lines", index, "shipping_tax_total")]
    for *way, last in needed:
        payload = load(case)
        parent = payload
        for key in way:
            parent = parent[key]
        del parent[last]
        assert "bad_amount" in codes(payload), (*way, last)


# ---- Answers ----


def test_a_batch_is_looked_through_item_by_item():
    answer = {"update": [{"id": 1, "stock_quantity": 3}, {"id": 2, "error": {"code": "x", "message": "Odd."}}]}
    taken, refused, untold = answers.batch_results(answer, ["1", "2", "3"])
    assert (taken.code, refused.code, untold.code) == ("ok", "refused", "retry")
    assert "Odd." in refused.message


@pytest.mark.parametrize("answer", [None, [], {}, {"update": None}, {"update": [None, {"error": []}]}])
def test_an_odd_answer_to_a_batch_is_no_crash(answer):
    assert [result.code for result in answers.batch_results(answer, ["1"])] == ["retry"]


# ---- Collected at a place ----


def shipping(method, instance="", *metas):
    return {
        "id": 9,
        "method_id": method,
        "instance_id": instance,
        "total": "0.00",
        "taxes": [],
        "meta_data": [{"key": key, "value": value} for key, value in metas],
    }


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([shipping("local_pickup", "2")], ("pickup", "local_pickup:2")),
        ([shipping("local_pickup")], ("pickup", "")),
        ([shipping("pickup_location", "0", ("pickup_location", "Lyon"), ("pickup_address", "x"))], ("pickup", "Lyon")),
        ([shipping("flat_rate", "3"), shipping("local_pickup", "2")], ("", "")),
        ([shipping("flat_rate", "3")], ("", "")),
        ([], ("", "")),
    ],
)
def test_an_order_is_collected_where_its_shipping_says_so_and_nothing_of_it_is_sent(lines, expected):
    document = parse.order({**load("two_vat_rates"), "shipping_lines": lines})
    assert (document.delivery_method, document.pickup_ref) == expected


# ---- Refunds with their details ----


def test_a_webhook_without_details_of_refunds_does_not_keep_out_the_poll_that_has_them():
    payload = load("two_refunds")
    bare = [{key: row[key] for key in ("id", "reason", "total")} for row in payload["refunds"]]
    detailed = [{**row, "line_items": [], "amount": "1"} for row in bare]
    fuller = [{**row, "refunded_by": 7} for row in detailed]
    fewer = bare[:1]
    keys = [
        verify.read_event({}, json.dumps({**payload, "refunds": refunds}, default=str).encode()).key
        for refunds in (bare, detailed, fuller, fewer)
    ]
    assert keys[1] == keys[2]
    assert len({keys[0], keys[1], keys[3]}) == 3
