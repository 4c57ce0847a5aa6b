"""Orders that were shipped and invoiced, and verbs for what comes back of them."""

from odoo.fields import Command

from odoo.addons.oms_core.tests.common import OmsCommon

ROLES = ("income", "tax", "receivable", "cogs", "stock")


class ReturnsCommon(OmsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accounts = {cls._account(cls, role): role for role in ROLES} | {cls.clearing_account: "clearing"}

    def _shipped(self, *lines, **values):
        """An order that has left in one parcel, is invoiced and paid."""
        order = self._order(*lines, **values)
        self._ship(order)
        self._book(order)
        return order

    def _return(self, order, *quantities, authorize=True):
        """A return of so much of each line of an order that has goods, in the order of the lines."""
        goods = order.order_line.filtered(lambda line: line.product_id.type == "consu")
        request = self.env["oms.return"].create(
            {
                "order_id": order.id,
                "line_ids": [
                    Command.create({"sale_line_id": line.id, "quantity": quantity})
                    for line, quantity in zip(goods, quantities, strict=False)
                    if quantity
                ],
            }
        )
        if authorize:
            request.action_authorize()
        return request

    def _returned(self, order, *quantities):
        """A return that has come back in whole."""
        request = self._return(order, *quantities)
        request.action_receive()
        return request

    def _receive_part(self, request, quantity):
        """Receive so much of each move that is expected; the rest comes later."""
        receipt = request.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
        for move in receipt.move_ids:
            move.write({"quantity": quantity, "picked": True})
        receipt.with_context(skip_backorder=True).button_validate()
        return receipt

    def _entry(self, move):
        """{role of an account: (debit, credit)} of a journal entry."""
        self.assertEqual(move.state, "posted")
        self.assertEqual(sum(move.line_ids.mapped("debit")), sum(move.line_ids.mapped("credit")))
        entry = {}
        for account, lines in move.line_ids.grouped("account_id").items():
            currency = self.company.currency_id
            entry[self.accounts[account]] = tuple(
                currency.round(sum(lines.mapped(side))) for side in ("debit", "credit")
            )
        return entry

    def _open_receivable(self, order):
        """What is open between the customer and us, over all entries of an order."""
        moves = order.invoice_ids | order.transaction_ids.payment_id.move_id
        lines = moves.line_ids.filtered(lambda line: self.accounts.get(line.account_id) == "receivable")
        return self.company.currency_id.round(sum(lines.mapped("amount_residual")))
