"""The clients read payouts over real HTTP: whole, each line once, whatever the platform does meanwhile."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.oms_channels.domain.adapter import Auth, Reject, Retry
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.amazon import client as amazon_client
from odoo.addons.oms_channels.platforms.amazon import const as amazon_const
from odoo.addons.oms_channels.platforms.ebay import client as ebay_client
from odoo.addons.oms_channels.platforms.ebay import const as ebay_const
from odoo.addons.oms_channels.platforms.rest import Tokens
from odoo.addons.oms_channels.platforms.shopify import client as shopify_client
from odoo.addons.oms_channels.platforms.shopify import const as shopify_const
from odoo.addons.oms_channels.tests.servers.amazon import AmazonServer
from odoo.addons.oms_channels.tests.servers.ebay import EbayServer
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

FOLDER = Path(__file__).resolve().parents[2] / "data" / "payouts"
NOW = datetime(2026, 3, 20, 12, tzinfo=timezone.utc)
LONG_AGO = NOW - timedelta(days=60)


class Clock:
    """Seconds that pass when somebody waits."""

    def __init__(self):
        self.seconds, self.waited = 1000.0, 0.0

    def __call__(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds
        self.waited += seconds

    def now(self):
        return NOW + timedelta(seconds=self.seconds - 1000)


@pytest.fixture(autouse=True)
def tokens(monkeypatch):
    monkeypatch.setattr(ebay_client, "TOKENS", Tokens())


@pytest.fixture
def clock():
    return Clock()


def everything(client, moment=LONG_AGO):
    found, cursor = [], ""
    for _page in range(100):
        page = client.payouts_since(moment, cursor)
        found += page.payouts
        cursor = page.cursor
        if not cursor:
            return found
    raise AssertionError("the pages do not end")


def patiently(client, clock, moment=LONG_AGO):
    """As the job does: what is to be tried later is tried later."""
    found, cursor = [], ""
    for _attempt in range(300):
        try:
            page = client.payouts_since(moment, cursor)
        except Retry as error:
            clock.sleep(error.delay_s or 30)
            continue
        found += page.payouts
        cursor = page.cursor
        if not cursor:
            return found
    raise AssertionError("the pages do not end")


def docs(platform, raws):
    made = [doc for raw in raws for doc in PLATFORMS[platform].parse_payouts(raw)]
    assert [problem.message for doc in made for problem in doc.problems()] == []
    return made


# ---- Three platforms with two payouts each, the second one of many lines


class EbayCase:
    lines = 250

    def __init__(self, clock):
        self.clock = clock
        self.server = EbayServer(clock=clock, now=clock.now, marketplace_id="EBAY_GB", signed=True)

    def fill(self):
        told = json.loads((FOLDER / "ebay" / "finances_payout.json").read_bytes())
        rows = [row for row in told["transactions"] if row["transactionStatus"] == "PAYOUT"]
        self.server.send_payout(told["payout"], rows)
        many = [self.row(number) for number in range(self.lines)]
        amount = {"value": f"{self.lines}.00", "currency": "GBP"}
        payout = {
            **told["payout"],
            "payoutId": "5200099999",
            "payoutDate": "2026-03-06T07:12:00.000Z",
            "amount": amount,
        }
        self.server.send_payout(payout, many)

    @staticmethod
    def row(number):
        return {
            "transactionId": f"13-{number:05d}",
            "orderId": f"13-{number:05d}",
            "transactionType": "SALE",
            "amount": {"value": "1.00", "currency": "GBP"},
            "bookingEntry": "CREDIT",
            "transactionDate": "2026-03-05T10:00:00.000Z",
            "transactionStatus": "PAYOUT",
        }

    def client(self):
        client_id, secret, _token, site = self.server.credentials
        options = {"timeout_s": 5, "now": self.clock.now, "clock": self.clock, "sleep": self.clock.sleep}
        return ebay_client.Client(self.server.url, client_id, secret, self.server.token_with_key, site, **options)


class ShopifyCase:
    lines = 250

    def __init__(self, clock):
        self.clock = clock
        self.server = ShopifyServer(now=clock.now)

    def fill(self):
        told = json.loads((FOLDER / "shopify" / "api_payout.json").read_bytes())
        self.server.send_payout(told["payout"], told["transactions"])
        many = [self.row(told, number) for number in range(self.lines)]
        payout = {
            **told["payout"],
            "id": "gid://shopify/ShopifyPaymentsPayout/90299",
            "legacyResourceId": "90299",
            "issuedAt": "2026-03-06T00:00:00Z",
            "net": {"amount": f"{self.lines}.00", "currencyCode": "EUR"},
        }
        self.server.send_payout(payout, many)

    @staticmethod
    def row(told, number):
        one, none = {"amount": "1.00", "currencyCode": "EUR"}, {"amount": "0.00", "currencyCode": "EUR"}
        name = f"gid://shopify/ShopifyPaymentsBalanceTransaction/{1000 + number}"
        return {**told["transactions"][0], "id": name, "amount": one, "fee": none, "net": one}

    def client(self):
        options = {"timeout_s": 5, "clock": self.clock, "sleep": self.clock.sleep}
        return shopify_client.Client(self.server.url, api_token=self.server.token, **options)


class AmazonCase:
    lines = 5

    def __init__(self, clock):
        self.clock = clock
        self.server = AmazonServer(clock=clock, now=clock.now)

    def fill(self):
        for day, name in ((6, "us_tax_kept_by_amazon.txt"), (2, "de_two_weeks.txt")):
            content = (FOLDER / "amazon" / name).read_bytes()
            self.server.write_settlement(content, NOW - timedelta(days=day))

    def client(self):
        options = {"timeout_s": 5, "now": self.clock.now, "clock": self.clock, "sleep": self.clock.sleep}
        return amazon_client.Client(self.server.url, *self.server.credentials, **options)


CASES = {"ebay": EbayCase, "shopify": ShopifyCase, "amazon": AmazonCase}


@pytest.fixture(params=sorted(CASES))
def case(request, clock):
    made = CASES[request.param](clock)
    made.platform = request.param
    with made.server:
        made.fill()
        yield made


class TestEveryClient:
    def test_reads_all_payouts_whole_the_oldest_first(self, case):
        found = docs(case.platform, everything(case.client()))
        assert len(found) == 2
        assert found[0].deposited_on <= found[1].deposited_on
        assert all(sum(line.amount for line in doc.lines) == doc.total for doc in found)

    def test_the_same_is_read_again_with_the_same_ids(self, case):
        first = docs(case.platform, everything(case.client()))
        assert docs(case.platform, everything(case.client())) == first

    def test_nothing_is_nothing(self, case, clock):
        empty = CASES[case.platform](clock)
        with empty.server:
            assert everything(empty.client()) == []

    def test_what_came_before_the_moment_is_left_out(self, case):
        later = {
            "ebay": datetime(2026, 3, 6, tzinfo=timezone.utc),
            "shopify": datetime(2026, 3, 6, tzinfo=timezone.utc),
        }
        moment = later.get(case.platform, NOW - timedelta(days=4))
        assert len(docs(case.platform, everything(case.client(), moment))) == 1

    def test_throttling_halves_and_lost_answers_take_time_and_nothing_else(self, case, clock):
        wanted = docs(case.platform, everything(case.client()))
        client = case.client()
        for seed in range(4):
            case.server.misbehave(seed, 0.3)
            found = docs(case.platform, patiently(client, clock))
            case.server.misbehave(0, 0)
            assert found == wanted

    def test_a_page_that_comes_twice_is_never_counted_twice(self, case, clock, monkeypatch):
        monkeypatch.setattr(ebay_const, "TRANSACTIONS_PER_PAGE", 50)
        monkeypatch.setattr(shopify_const, "TRANSACTIONS_PER_PAGE", 50)
        wanted = docs(case.platform, everything(case.client()))
        for seed in range(4):
            case.server.misbehave(seed, 0.3, ("again",))
            for raw in patiently(case.client(), clock):
                for doc in PLATFORMS[case.platform].parse_payouts(raw):
                    # Another payout's answer may stand in for it; then the total says so, and nothing is booked.
                    assert doc.problems() or doc in wanted
            case.server.misbehave(0, 0)


class TestEbay:
    @pytest.fixture
    def ebay(self, clock):
        made = EbayCase(clock)
        with made.server:
            made.fill()
            yield made

    def test_a_transaction_that_comes_while_pages_are_read_is_read_too(self, ebay, monkeypatch):
        monkeypatch.setattr(ebay_const, "TRANSACTIONS_PER_PAGE", 100)
        late = {**EbayCase.row(999), "payoutId": "5200099999"}

        def arrives():
            ebay.server.transactions.insert(10, late)
            ebay.server.payouts[1]["amount"]["value"] = "251.00"

        # The first question is for the payouts, the next for the few transactions of the first of them.
        ebay.server.moving = [lambda: None, lambda: None, arrives]
        found = [json.loads(raw) for raw in everything(ebay.client())]
        assert [len(row["transactions"]) for row in found] == [5, 251]

    def test_a_list_that_never_holds_still_is_tried_again_later(self, ebay):
        numbers = iter(range(10_000))

        def grows():
            ebay.server.transactions.append({**EbayCase.row(5000 + next(numbers)), "payoutId": "5200099999"})

        ebay.server.moving = [grows] * 200
        ebay_lines = ebay_const.TRANSACTIONS_PER_PAGE
        try:
            ebay_const.TRANSACTIONS_PER_PAGE = 50
            with pytest.raises(Retry, match="faster"):
                ebay.client().payouts_since(LONG_AGO)
        finally:
            ebay_const.TRANSACTIONS_PER_PAGE = ebay_lines

    def test_without_the_key_to_sign_with_eBay_refuses_and_says_why(self, ebay):
        client_id, secret, token, site = ebay.server.credentials
        client = ebay_client.Client(
            ebay.server.url,
            client_id,
            secret,
            token,
            site,
            now=ebay.clock.now,
            clock=ebay.clock,
            sleep=ebay.clock.sleep,
        )
        with pytest.raises(Reject, match="signing key"):
            client.payouts_since(LONG_AGO)

    def test_the_finances_have_a_host_of_their_own(self, ebay):
        request = ebay_client.render.payouts_page(LONG_AGO, NOW, 0)
        client = ebay.client()
        client.root = "https://api.ebay.com/"
        assert client.address(request) == "https://apiz.ebay.com/sell/finances/v1/payout"

    def test_many_payouts_come_in_pages(self, ebay):
        [payout, *_rest] = ebay.server.payouts
        for number in range(23):
            moment = f"2026-03-07T00:{number:02d}:00.000Z"
            more = {
                **payout,
                "payoutId": f"77{number}",
                "payoutDate": moment,
                "amount": {"value": "1.00", "currency": "GBP"},
            }
            ebay.server.send_payout(more, [EbayCase.row(20_000 + number)])
        found = docs("ebay", everything(ebay.client()))
        assert len(found) == len({doc.id for doc in found}) == 25


class TestShopify:
    def test_a_shop_without_shopify_payments_says_what_to_do(self, clock):
        made = ShopifyCase(clock)
        made.server.payouts = None
        with made.server, pytest.raises(Reject, match="as a file"):
            made.client().payouts_since(LONG_AGO)

    def test_a_transaction_that_comes_before_the_place_that_is_read_is_read_too(self, clock, monkeypatch):
        monkeypatch.setattr(shopify_const, "TRANSACTIONS_PER_PAGE", 100)
        made = ShopifyCase(clock)
        with made.server:
            made.fill()
            payout, rows = made.server.payouts[1]

            def arrives():
                payout["net"] = {"amount": "251.00", "currencyCode": "EUR"}
                rows.insert(0, {**rows[1], "id": "gid://shopify/ShopifyPaymentsBalanceTransaction/9999"})

            rows.insert(0, {**rows[0], "id": "gid://shopify/ShopifyPaymentsBalanceTransaction/9998", "test": True})
            payout["net"] = {"amount": "251.00", "currencyCode": "EUR"}
            made.server.moving = [arrives]
            found = docs("shopify", everything(made.client()))
        assert len(found[1].lines) == 251

    def test_what_never_sums_to_its_payout_is_handed_on_and_says_so(self, clock):
        made = ShopifyCase(clock)
        with made.server:
            made.fill()
            made.server.payouts[1][1].pop()
            raw = everything(made.client())[1]
        (doc,) = PLATFORMS["shopify"].parse_payouts(raw)
        assert [problem.code for problem in doc.problems()] == ["total_mismatch"]

    def test_a_key_that_may_not_see_payouts_is_told(self, clock):
        made = ShopifyCase(clock)
        made.server.scopes = [scope for scope in made.server.scopes if "payouts" not in scope]
        with made.server, pytest.raises(Auth, match="read_shopify_payments_payouts"):
            made.client().payouts_since(LONG_AGO)

    def test_the_payout_itself_is_no_line_of_it(self, clock):
        made = ShopifyCase(clock)
        with made.server:
            made.fill()
            found = docs("shopify", everything(made.client()))
        assert "TRANSFER" not in {line.code for doc in found for line in doc.lines}
        assert found[0].total == Decimal("111.01")


class TestAmazon:
    def test_many_settlements_are_fetched_a_few_at_a_time_and_none_twice(self, clock):
        made = AmazonCase(clock)
        made.server.reports_per_page = 3
        content = (FOLDER / "amazon" / "us_tax_kept_by_amazon.txt").read_bytes()
        for number in range(12):
            own = content.replace(b"15012345999", f"1501234{number:04d}".encode())
            made.server.write_settlement(own, NOW - timedelta(days=30 - number))
        with made.server:
            client = made.client()
            first = client.payouts_since(LONG_AGO)
            assert len(first.payouts) == amazon_const.SETTLEMENTS_PER_PAGE == 1 and first.cursor
            found = docs("amazon", patiently(client, clock))
        assert [doc.id for doc in found] == [f"1501234{number:04d}" for number in range(12)]

    def test_a_moment_of_before_ninety_days_is_not_asked_for(self, clock):
        made = AmazonCase(clock)
        with made.server:
            made.fill()
            assert len(everything(made.client(), NOW - timedelta(days=400))) == 2

    def test_a_place_that_is_unreadable_is_told(self, clock):
        made = AmazonCase(clock)
        with made.server, pytest.raises(Reject, match="from the start"):
            made.client().payouts_since(LONG_AGO, "{")
