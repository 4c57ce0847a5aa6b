"""What Amazon tells apart from its orders, over real HTTP: refunds among the transactions, and the report of returns."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain import told
from odoo.addons.oms_channels.domain.adapter import Reject, Retry
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.amazon import refunds, returns
from odoo.addons.oms_channels.platforms.amazon.client import ACCOUNTS, TOKENS, Client
from odoo.addons.oms_channels.tests.servers.amazon import USAGE_PLANS, AmazonServer

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
REF = "301-5500001-0000001"
parse = PLATFORMS["amazon"].parse


class Time:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return 1000 + self.seconds

    def now(self):
        return NOW + timedelta(seconds=self.seconds)

    def sleep(self, seconds):
        self.seconds += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def amazon(time):
    TOKENS.__init__()
    ACCOUNTS.__init__()
    with AmazonServer(plans=dict.fromkeys(USAGE_PLANS, (1000, 1000)), clock=time, now=time.now) as server:
        yield server


@pytest.fixture
def client(amazon, time):
    return Client(amazon.url, *amazon.credentials, timeout_s=5, now=time.now, clock=time, sleep=time.sleep)


def read(client, time):
    """All refunds since yesterday, some minutes later."""
    time.sleep(600)
    found, cursor = [], ""
    while True:
        page = client.after_sale("refunds", NOW - timedelta(days=1), cursor)
        found += page.orders
        if not page.cursor:
            assert page.until
            return [parse("refund_told", body) for body in found]
        cursor = page.cursor


# ---- Refunds ----


def test_what_the_buyer_got_is_told_and_not_what_the_seller_lost(amazon, client, time):
    amazon.pay_back(REF, "MUG", goods="20.00", tax="4.00", shipping="4.90", commission="3.12")
    [found] = read(client, time)
    refund = found.refund
    assert (found.order_ref, refund.amount, refund.shipping) == (REF, Decimal("28.90"), Decimal("4.90"))
    [line] = refund.lines
    assert (line.amount, line.tax, line.refs) == (Decimal("20.00"), Decimal("4.00"), ("MUG",))
    assert refund.refunded_at == NOW


def test_all_pages_are_read(amazon, client, time):
    numbers = [amazon.pay_back(REF, "MUG", goods="1.00") for _number in range(5)]
    assert [one.refund.external_id for one in read(client, time)] == numbers


def test_what_was_held_back_has_one_name_before_and_after(amazon, client, time):
    first = amazon.pay_back(REF, "MUG", goods="20.00", status="DEFERRED")
    amazon.pay_back(REF, "MUG", goods="20.00", deferred=first)
    assert {one.refund.external_id for one in read(client, time)} == {first}


def test_other_transactions_and_what_amazon_ships_are_left_out(amazon, client, time):
    amazon.pay_back(REF, "MUG", goods="20.00", network="AFN")
    amazon.pay_back(REF, "MUG", goods="20.00")
    amazon.transactions[-1]["transactionType"] = "Shipment"
    assert read(client, time) == []


def test_an_amount_of_a_new_type_stops_the_refund_for_a_look(amazon, client, time):
    amazon.pay_back(REF, "MUG", goods="20.00", other=("MoonTax", "1.00"))
    with pytest.raises(Reject, match="MoonTax"):
        read(client, time)


@pytest.mark.parametrize(
    ("parts", "amount", "shipping"),
    [
        ([("Product Charges", -20), ("Promotional Rebates", 2), ("Commission", 3)], "18", "0"),
        ([("Tax", -4, [("Product Tax", -3), ("Shipping Tax", -1)]), ("ProductCharges", -20)], "24", "1"),
        ([("Sales", -20, [("Principal", -20)]), ("Expenses", 3, [("AmazonFees", 3)])], "20", "0"),
        ([("ProductCharges", -20), ("MarketplaceFacilitatorTax-Principal", 4)], "20", "0"),
    ],
)
def test_which_amounts_are_the_buyers(parts, amount, shipping):
    def part(kind, value, within=()):
        money = {"currencyCode": "EUR", "currencyAmount": value}
        return {"breakdownType": kind, "breakdownAmount": money, "breakdowns": [part(*one) for one in within]}

    transaction = {"transactionId": "T", "items": [{"breakdowns": [part(*one) for one in parts]}]}
    found = refunds.told(told.pack(told.REFUND, "T", REF, transaction, NOW)).refund
    assert (found.amount, found.shipping) == (Decimal(amount), Decimal(shipping))


def test_a_refund_without_items_is_money_for_no_line():
    money = {"currencyCode": "EUR", "currencyAmount": -5.25}
    transaction = {"breakdowns": [{"breakdownType": "ProductCharges", "breakdownAmount": money}]}
    found = refunds.told(told.pack(told.REFUND, "T", REF, transaction, NOW)).refund
    assert (found.amount, found.lines) == (Decimal("5.25"), ())


def test_a_fast_clock_asks_for_nothing_that_is_still_to_come(amazon, time):
    amazon.pay_back(REF, "MUG", goods="20.00")
    time.sleep(600)
    fast = Client(
        amazon.url,
        *amazon.credentials,
        timeout_s=5,
        now=lambda: time.now() + timedelta(minutes=5),
        clock=time,
        sleep=time.sleep,
    )
    page = fast.after_sale("refunds", NOW - timedelta(days=1))
    assert (len(page.orders), page.until) == (1, time.now() - timedelta(seconds=130))


def test_a_used_up_limit_waits_for_this_call_alone(amazon, client, time):
    amazon.pay_back(REF, "MUG", goods="20.00")
    amazon.use_up("listTransactions")
    with pytest.raises(Retry) as raised:
        client.after_sale("refunds", NOW - timedelta(days=1))
    assert raised.value.operation == "listTransactions"
    assert client.after_sale("returns", NOW - timedelta(days=1)).orders == ()


# ---- Returns ----


def reading(client, time, moment):
    time.sleep(600)
    return client.after_sale("returns", moment)


def test_a_report_is_asked_for_once_and_read_when_it_is_made(amazon, client, time):
    ref = amazon.ask_back(REF, "MUG", 2, "CR-DEFECTIVE")
    start = NOW - timedelta(days=1)
    assert reading(client, time, start).until is None
    assert reading(client, time, start).until is None
    page = reading(client, time, start)
    assert page.until == NOW + timedelta(seconds=600)
    assert reading(client, time, page.until).orders == ()
    assert len(amazon.reports) == 1
    [found] = [parse("return_told", body) for body in page.orders]
    assert (found.order_ref, found.told.external_id, found.told.status) == (REF, ref, "open")
    [line] = found.told.lines
    assert (line.line_id, line.quantity, line.reason, line.refs) == ("", 2, "CR-DEFECTIVE", ("MUG",))
    assert found.told.requested_at == datetime(2026, 11, 22, tzinfo=timezone.utc)
    time.sleep(2 * 3600)
    reading(client, time, page.until)
    assert len(amazon.reports) == 2, "the next one, after some hours"


def test_lines_of_one_return_are_one_return(amazon):
    rma = amazon.ask_back(REF, "MUG")
    amazon.ask_back(REF, "CUP", **{"Amazon RMA ID": rma, "Return request status": "Pending"})
    rows = returns.rows(document(amazon))
    [(name, order, lines)] = returns.returns(rows)
    found = returns.told(told.pack(told.RETURN, name, order, lines, NOW)).told
    assert (name, order, found.status) == (rma, REF, "requested")
    assert [line.refs for line in found.lines] == [("MUG",), ("CUP",)]


def document(amazon):
    from odoo.addons.oms_channels.tests.servers.amazon_money import COLUMNS

    lines = ["\t".join(COLUMNS)] + ["\t".join(row.get(name, "") for name in COLUMNS) for row in amazon.returns]
    return "\r\n".join(lines).encode()


def test_a_report_of_no_returns_is_empty_and_one_with_other_columns_is_said():
    assert returns.rows(b"") == []
    with pytest.raises(Reject, match="other columns"):
        returns.rows(b"a\tb\r\n1\t2\r\n")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Approved", "open"),
        ("Pending Approval", "requested"),
        ("DENIED", "refused"),
        ("Completed", "closed"),
        ("?", "requested"),
    ],
)
def test_how_a_return_stands(said, status):
    row = {"order id": REF, "return request status": said, "return quantity": "1", "merchant sku": "MUG"}
    assert returns.told(told.pack(told.RETURN, "R", REF, [row], NOW)).told.status == status


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "page"])
def test_what_goes_wrong_on_the_way_is_tried_again_and_nothing_is_lost(amazon, client, time, fault):
    amazon.pay_back(REF, "MUG", goods="20.00")
    client.after_sale("refunds", NOW - timedelta(days=1))
    amazon.fail_next(fault)
    with pytest.raises(Retry):
        client.after_sale("refunds", NOW - timedelta(days=1))
    time.sleep(3600)
    assert [one.refund.amount for one in read(client, time)] == [Decimal("20.00")]
