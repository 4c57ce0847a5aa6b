"""What is sent to Amazon, and what the local account answers, against the models that Amazon publishes.

The package ``amzn-selling-partner`` holds them as classes made from Amazon's own files. It is not needed for anything else and
is not among the project's requirements: without it, and ``pydantic``, this file is skipped.
"""

import inspect
import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.outgoing import Cancellation, Item, ListingRef, Parcel, Price, Refund, StockLevel
from odoo.addons.oms_channels.platforms.amazon import const
from odoo.addons.oms_channels.platforms.amazon.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.amazon import AmazonServer, _route

REASON = "needs the package amzn-selling-partner, which is no requirement of the project"
orders = pytest.importorskip("amzn_selling_partner.sdk.models.orders_v2026_01_01", reason=REASON)
orders_v0 = pytest.importorskip("amzn_selling_partner.sdk.models.orders_v0", reason=REASON)
feeds = pytest.importorskip("amzn_selling_partner.sdk.models.feeds_v2021_06_30", reason=REASON)
listings = pytest.importorskip("amzn_selling_partner.sdk.models.listings_items_v2021_08_01", reason=REASON)
sellers = pytest.importorskip("amzn_selling_partner.sdk.models.sellers_v1", reason=REASON)
finances = pytest.importorskip("amzn_selling_partner.sdk.models.finances_v2024_06_19", reason=REASON)
reports = pytest.importorskip("amzn_selling_partner.sdk.models.reports_v2021_06_30", reason=REASON)
orders_calls = pytest.importorskip("amzn_selling_partner.sdk.resources.orders_v2026_01_01", reason=REASON)
orders_v0_calls = pytest.importorskip("amzn_selling_partner.sdk.resources.orders_v0", reason=REASON)
feeds_calls = pytest.importorskip("amzn_selling_partner.sdk.resources.feeds_v2021_06_30", reason=REASON)
listings_calls = pytest.importorskip("amzn_selling_partner.sdk.resources.listings_items_v2021_08_01", reason=REASON)
sellers_calls = pytest.importorskip("amzn_selling_partner.sdk.resources.sellers_v1", reason=REASON)
finances_calls = pytest.importorskip("amzn_selling_partner.sdk.resources.finances_v2024_06_19", reason=REASON)
reports_calls = pytest.importorskip("amzn_selling_partner.sdk.resources.reports_v2021_06_30", reason=REASON)

NOW = datetime(2026, 11, 3, 12, tzinfo=timezone.utc)
PATHS = {path.stem: path for path in payloads("amazon") if path.parent.name == "order"}
TRANSACTIONS = [path for path in payloads("amazon") if path.parent.name == "refund_told"]
#: Operation → (class of what is sent, class of what comes back).
BODIES = {
    "searchOrders": (None, orders.SearchOrdersResponse),
    "getOrder": (None, orders.GetOrderResponse),
    "confirmShipment": (orders_v0.ConfirmShipmentRequest, None),
    "searchListingsItems": (None, listings.ItemSearchResults),
    "getListingsItem": (None, listings.Item),
    "patchListingsItem": (listings.ListingsItemPatchRequest, listings.ListingsItemSubmissionResponse),
    "createFeedDocument": (feeds.CreateFeedDocumentSpecification, feeds.CreateFeedDocumentResponse),
    "createFeed": (feeds.CreateFeedSpecification, feeds.CreateFeedResponse),
    "getFeed": (None, feeds.Feed),
    "getFeeds": (None, feeds.GetFeedsResponse),
    "getFeedDocument": (None, feeds.FeedDocument),
    "getMarketplaceParticipations": (None, sellers.GetMarketplaceParticipationsResponse),
    "listTransactions": (None, finances.ListTransactionsResponse),
    "getReports": (None, reports.GetReportsResponse),
    "createReport": (reports.CreateReportSpecification, reports.CreateReportResponse),
    "getReportDocument": (None, reports.ReportDocument),
}


def unknown(value):
    """The names in a validated value that its class does not have."""
    if hasattr(value, "model_fields_set"):
        yield from value.model_extra or {}
        for name in type(value).model_fields:
            yield from unknown(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from unknown(item)


def described(operation):
    """How the package spells an operation of the versions that we speak."""
    others = (feeds_calls, listings_calls, sellers_calls, finances_calls, reports_calls)
    calls = (orders_v0_calls,) if operation == "confirmShipment" else (orders_calls, *others)
    blocks = [block for module in calls for block in inspect.getsource(module).split("    def ")]
    return next(block for block in blocks if f'operation="{operation}"' in block)


class Recording(AmazonServer):
    """Keeps what was answered beside what was asked."""

    def __init__(self, **options):
        super().__init__(**options)
        self.exchanges = []

    def handle(self, asked):
        reply = super().handle(asked)
        operation, _parts = _route(asked)
        if operation:
            self.exchanges.append((operation, asked, reply))
        return reply


@pytest.fixture(scope="module")
def exchanges():
    """Everything that this platform can say, said once."""
    plans = dict.fromkeys(const.RATES, (1000, 1000))
    order = json.loads(PATHS["de_two_vat_rates_prime"].read_bytes())
    another = {**order, "orderId": "301-5500001-0100002"}
    with Recording(orders=[order, another], plans=plans, now=lambda: NOW) as amazon:
        client = Client(amazon.url, *amazon.credentials, now=lambda: NOW)
        for number in range(30):
            amazon.offer(f"KF-{number}", number)
        client.check()
        client.orders_since(NOW - timedelta(days=1))
        client.order(order["orderId"])
        client.listings()
        refs = [ListingRef(f"KF-{number}", f"KF-{number}", kind="HOME") for number in range(30)]
        client.stock_levels([*refs, ListingRef("KF,1", "KF,1")])
        client.push_stock([StockLevel(refs[0], 4)])
        client.push_prices([Price(refs[0], Decimal("12.90"), "EUR")])
        pending = client.push_stock([StockLevel(ref, 5) for ref in refs])
        for _time in range(2):
            client.outcomes([result.reference for result in pending])
        client.ship(
            Parcel(
                "p",
                order["orderId"],
                (Item("60000000000001", Decimal(1)),),
                NOW,
                carrier_name="Velo",
                tracking_number="1",
            )
        )
        client.cancel(Cancellation("c", another["orderId"], "stock"))
        client.refund(Refund("r", order["orderId"], Decimal("5.00"), "EUR"), repeat=True)
        amazon.ask_back(order["orderId"], "KF-1")
        for _reading in range(3):
            client.after_sale("returns", NOW - timedelta(days=2))
        for _refund in range(3):
            amazon.pay_back(order["orderId"], "KF-1", goods="10.00", tax="1.90", commission="1.00")
        for row in amazon.transactions:
            row["postedDate"] = "2026-11-03T10:00:00Z"
        page = client.after_sale("refunds", NOW - timedelta(days=1))
        client.after_sale("refunds", NOW - timedelta(days=1), page.cursor)
        return amazon.exchanges


@pytest.mark.parametrize("case", sorted(set(PATHS) - {"new_status_and_new_charge"}))  # which nobody describes
def test_our_own_samples_are_orders_as_amazon_describes_them(case):
    order = orders.Order.model_validate_json(PATHS[case].read_bytes())
    assert list(unknown(order)) == []


@pytest.mark.parametrize("path", TRANSACTIONS, ids=lambda path: path.stem)
def test_our_own_refunds_are_transactions_as_amazon_describes_them(path):
    transaction = json.loads(path.read_bytes())["payload"]
    assert list(unknown(finances.Transaction.model_validate(transaction))) == []


def test_everything_is_said(exchanges):
    assert {operation for operation, _asked, _reply in exchanges} == set(BODIES)


@pytest.mark.parametrize("operation", sorted(BODIES))
def test_what_is_sent_is_as_amazon_describes_it(exchanges, operation):
    sent, _answered = BODIES[operation]
    names = set(re.findall(r'"(\w+)": ', described(operation).partition("return self._http")[0]))
    for asked in [asked for name, asked, _reply in exchanges if name == operation]:
        assert set(asked.params) <= names, operation
        if sent:
            assert list(unknown(sent.model_validate_json(asked.raw))) == []
        else:
            assert asked.raw == b""


@pytest.mark.parametrize("operation", sorted(BODIES))
def test_what_the_local_account_answers_is_as_amazon_describes_it(exchanges, operation):
    _sent, answered = BODIES[operation]
    for reply in [reply for name, _asked, reply in exchanges if name == operation and reply.status < 300]:
        if answered:
            assert list(unknown(answered.model_validate_json(json.dumps(reply.payload)))) == []


def test_we_ask_for_data_that_exists():
    known = {item.value for item in orders.OrdersV20260101IncludedData}
    assert set(const.ORDER_DATA.split(",")) <= known


def test_our_limits_are_the_published_ones():
    for operation, (burst, per_s) in const.RATES.items():
        [(rate, most)] = re.findall(r"RateLimit\(([0-9.]+), ([0-9]+)\)", described(operation))
        assert (per_s, burst) == (float(rate), int(most)), operation
