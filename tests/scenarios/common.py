"""The shop of ``data/payloads/woocommerce`` with three warehouses, from signed bytes to the ledger."""

from datetime import date
from pathlib import Path

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.oms_channels.domain.signature import sign_base64
from odoo.addons.oms_routing.tests.common import RoutingCommon

PAYLOADS = Path(__file__).parents[2] / "data" / "payloads" / "woocommerce" / "order"
SECRET = "maison-verte"

#: sku: (cost, way of costing)
GOODS = {
    "TEA-GREEN-100": (3.20, "average"),
    "BOOK-GARDEN": (11.00, "average"),
    "SEED-TOM": (0.90, "average"),
    "MUG-BLUE": (4.10, "standard"),
    "POT-TERRA-L": (6.50, "standard"),
    "SHIRT-L": (8.00, "average"),
    "CHAIR-OAK": (71.00, "fifo"),
    "LAMP-BRASS": (38.00, "fifo"),
}

#: One euro in dollars. A round number, so that amounts can be followed by hand.
USD_RATE = 1.25


@tagged("post_install", "-at_install")
class ScenarioCommon(RoutingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for percent in (6.25, 2):
            cls._create_tax(percent)
        usd = cls.env.ref("base.USD")
        usd.active = True
        cls.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": cls.company.id, "name": date(2020, 1, 1), "rate": USD_RATE}
        )
        cls.goods = {
            sku: cls._create_product(sku, method, standard_price=cost, taxes_id=[Command.clear()])
            for sku, (cost, method) in GOODS.items()
        }
        cls.channel.write({"platform": "woocommerce", "webhook_secret": SECRET})
        cls.role_of = {cls._account(cls, role): role for role in ("income", "tax", "receivable", "cogs", "stock")}
        cls.role_of[cls.clearing_account] = "clearing"

    def _fill(self, **shelves):
        """Put these on the shelves, ``lyon={"MUG-BLUE": 5}``, and open the books with them."""
        for site, stock in shelves.items():
            for sku, quantity in stock.items():
                self._put(self.goods[sku], **{site: quantity})
        self.opening_gap = self._stock_value() - self._net(self._account("stock"))

    # -------------------------------------------------------------------------------------------------------- VERBS

    def _receive(self, case):
        """A shop's delivery with its real signature arrives, and the inbox is worked."""
        body = (PAYLOADS / f"{case}.json").read_bytes()
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": "order.created",
            "X-WC-Webhook-Signature": sign_base64(SECRET, body),
        }
        status, answer = self.channel._receive_delivery(headers, body)
        self.assertEqual((status, answer), (200, "Stored."))
        message = self.env["oms.message"].search([("channel_id", "=", self.channel.id)], order="id desc", limit=1)
        message._process()
        self.assertEqual(message.state, "done", message.error)
        return self.env["sale.order"].browse(message.res_id)

    def _send_in(self, order, pieces):
        """``{sku: quantity}`` of an order come back, are received and refunded.

        :return: the return and its credit notes
        """
        lines = order.order_line.filtered(lambda line: line.oms_sku in pieces)
        request = self.env["oms.return"].create(
            {
                "order_id": order.id,
                "line_ids": [
                    Command.create({"sale_line_id": line.id, "quantity": pieces[line.oms_sku]}) for line in lines
                ],
            }
        )
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        return request, request.refund_ids

    # ---------------------------------------------------------------------------------------------------- THE BOOKS

    def _entry(self, move):
        """{role of an account: debits less credits} of a posted entry, in euros; it balances."""
        self.assertEqual(move.state, "posted")
        entry = {}
        for account, lines in move.line_ids.grouped("account_id").items():
            role = self.role_of.get(account, account.account_type)
            entry[role] = self._round(entry.get(role, 0) + sum(lines.mapped("balance")))
        self.assertEqual(self._round(sum(entry.values())), 0)
        return entry

    def _payments(self, order):
        """The entries of the payments and repayments of an order, the first one first."""
        return order.transaction_ids.payment_id.move_id.sorted("id")

    def _open_receivable(self, order):
        moves = order.invoice_ids | self._payments(order)
        lines = moves.line_ids.filtered(lambda line: self.role_of.get(line.account_id) == "receivable")
        return self._round(sum(lines.mapped("amount_residual")))

    def _assert_books(self, clearing):
        """What must be true after every step: the trial balance is zero, and the clearing account holds what the channel
        took less what it paid back."""
        lines = self.env["account.move.line"].search(
            [("company_id", "=", self.company.id), ("parent_state", "=", "posted")]
        )
        self.assertEqual(self._round(sum(lines.mapped("balance"))), 0)
        self.assertEqual(self._net(self.clearing_account), clearing)

    def _assert_stock_is_booked(self):
        """Everything that left is invoiced, everything that came back credited: ledger and shelves say the same, and the
        auditor finds nothing."""
        self.assertNothingWrong()
        self.assertEqual(
            self._round(self._stock_value() - self._net(self._account("stock"))), self._round(self.opening_gap)
        )

    def _stock_value(self):
        products = self.env["product.product"].union(*self.goods.values())
        products.invalidate_recordset(["total_value"])
        return sum(products.mapped("total_value"))

    def _round(self, amount):
        return self.company.currency_id.round(amount) + 0.0
