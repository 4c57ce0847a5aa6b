"""PAY-01: money that the card company of a Magento shop has authorised is taken there parcel by parcel, over real HTTP, once."""

import json
from unittest.mock import patch

from odoo import fields
from odoo.tests import Form

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.magento import MagentoServer
from odoo.addons.oms_channels.tests.servers.magento_paying import authorised

from .capture_common import CaptureCommon


class TestCaptureMagento(CaptureCommon):
    """An order over 229.65: one piece over 149.85 and three over 74.85 in all, and 4.95 for shipping."""

    order_ref = "101"

    def setUp(self):
        super().setUp()
        path = next(path for path in payloads("magento") if path.stem == "two_rates_prices_with_tax")
        told = authorised(json.loads(path.read_bytes()))
        self.shop = MagentoServer([told | {"created_at": fields.Datetime.to_string(fields.Datetime.now())}])
        self.shop.start()
        self.addCleanup(self.shop.stop)
        self.company.currency_id = self.env.ref("base.EUR")
        keys = {"api_key": self.shop.key, "api_secret": self.shop.secret}
        token = f"{self.shop.token}:{self.shop.token_secret}"
        self.shop_channel.write({"platform": "magento", "api_url": self.shop.url, "api_token": token, **keys})
        for percent in (7, 19):
            self._create_tax(percent)
        self.order = self._read()
        self.assertEqual(self.order.amount_total, 229.65)
        self.goods = self.order.order_line.filtered(lambda line: line.product_id.type == "consu").sorted("price_total")

    def _ship_two(self):
        self._ship(self.order, {self.goods[0].product_id: 2})
        self._collect()

    def _taken(self):
        return [row["grand_total"] for row in self.shop.invoices]

    def _asked(self):
        return self.order.transaction_ids.filtered(lambda tx: tx.oms_asks == "capture").sorted("id")

    def test_parcel_by_parcel_the_shop_takes_what_they_are_worth(self):
        self._ship_two()
        self.assertEqual(self._taken(), [54.80], "two of three pieces over 24.95, and the shipping")
        self._read()  # the shop tells of it, too
        self.assertEqual((self._asked().mapped("state"), self._asked().mapped("amount")), (["done"], [54.80]))
        self._ship(self.order)
        self._collect()
        self._collect()
        self._read()
        self.assertEqual(len(self._taken()), 2)
        self.assertAlmostEqual(sum(self._taken()), 229.65, 2)
        done = self.order.transaction_ids.filtered(lambda tx: tx.state == "done" and tx.oms_asks == "capture")
        self.assertAlmostEqual(sum(done.mapped("amount")), self.order.amount_total, 2)
        self.assertFalse(self.order.transaction_ids.filtered(lambda tx: tx.state in ("authorized", "pending", "error")))
        self._book(self.order)
        self.assertEqual(set(self.order.invoice_ids.mapped("payment_state")), {"paid"})

    def test_a_process_that_dies_after_the_shop_has_taken_it_takes_it_once(self):
        with self._dying():
            self._ship_two()
        self.assertEqual((self._taken(), self._asked().state), ([54.80], "pending"))
        for _again in range(2):
            self._collect()
        self.assertEqual((self._taken(), self._asked().mapped("state")), ([54.80], ["done"]))

    def test_an_invoice_that_is_read_before_the_answer_comes_is_the_payment_that_was_asked_for(self):
        """Also when the shop took another amount than was due here, which by its amount alone nobody would know again."""
        self.shop.orders[101] |= {"shipping_amount": 6.16}  # somebody changed it there: 2.00 more
        take = self.shop._take

        def take_and_lose(*arguments):
            take(*arguments)
            return Reply(502)

        with patch.object(self.shop, "_take", take_and_lose):
            self._ship_two()
        self.assertEqual((len(self._taken()), self._asked().state), (1, "pending"))
        self.shop_channel.ask_again_at = False
        self._read()
        self.assertEqual((self._asked().state, self._asked().amount), ("done", self._taken()[0]))
        self.assertNotEqual(self._taken()[0], 54.80)
        self._collect()
        self.assertEqual(len(self.order.transaction_ids.filtered(lambda tx: tx.state == "done")), 1)

    def test_what_the_gateway_declines_stops_the_order_and_is_taken_when_it_gives_it(self):
        self.shop.declines = True
        self._ship_two()
        self.assertIn("money", self._holds(self.order))
        self.assertIn("the gateway has declined it", self.order.oms_hold_reason)
        self.assertEqual(self._taken(), [])

    def test_an_amount_that_a_person_chose_is_for_a_person_to_take_there(self):
        """Magento takes money for goods, so that it would take another amount."""
        source = self.order.transaction_ids.filtered(lambda tx: tx.state == "authorized")
        source._capture(amount_to_capture=10.0)
        self._collect()
        self.assertEqual(self._taken(), [])
        self.assertIn("Take", " ".join(self.order.activity_ids.mapped("summary")))

    def test_all_of_it_is_taken_when_a_person_wants_all_of_it(self):
        source = self.order.transaction_ids.filtered(lambda tx: tx.state == "authorized")
        source._capture()
        self._collect()
        self.assertEqual(self._taken(), [229.65])
        self.assertEqual(self._asked().state, "done")

    def test_an_order_that_is_cancelled_gives_the_money_free(self):
        self.order._action_cancel()
        self._collect()
        self.assertEqual((self.shop.orders[101]["state"], self._taken()), ("canceled", []))
        self.assertFalse(self.order.transaction_ids.filtered(lambda tx: tx.state in ("authorized", "pending", "error")))

    def test_a_channel_whose_platform_takes_no_authorised_money_says_why_on_its_form(self):
        for platform, adapter in PLATFORMS.items():
            with self.subTest(platform=platform):
                self.shop_channel.platform = platform
                self.assertEqual(bool(self.shop_channel.no_captures), not adapter.capabilities.captures)
                with Form(self.shop_channel) as form:
                    self.assertEqual(
                        form._get_modifier("capture_policy", "invisible"), not adapter.capabilities.captures
                    )
