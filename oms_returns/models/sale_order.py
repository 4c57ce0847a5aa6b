from collections import defaultdict
from decimal import Decimal
from math import floor

from odoo import api, fields, models
from odoo.tools import SQL


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_return_ids = fields.Many2many(
        "oms.return",
        relation="oms_return_order_rel",
        column1="order_id",
        column2="return_id",
        string="Returns",
        readonly=True,
        copy=False,
        help="All that has something of this order on it, also those over several orders.",
    )
    oms_return_count = fields.Integer(compute="_compute_oms_return_count", compute_sudo=True)

    @api.depends("oms_return_ids")
    def _compute_oms_return_count(self):
        for order in self:
            order.oms_return_count = len(order.oms_return_ids)

    @property
    def _rec_names_search(self):
        """Override of ``sale``: customers name the number of their channel."""
        return [*super()._rec_names_search, "oms_number"]

    def _oms_get_papers(self):
        """Override of ``oms_core``: their returns."""
        return [*super()._oms_get_papers(), self.oms_return_ids, self.oms_return_ids.picking_ids]

    def _oms_forget_words(self):
        """Override of ``oms_core``: what customers wrote and showed of what they sent back. What was inspected here stays."""
        self._oms_blank(self.oms_return_ids, "note", "customer_words")
        self._oms_blank(self.oms_return_ids.line_ids, "comment")
        self.oms_return_ids.line_ids.photo_ids.unlink()
        return super()._oms_forget_words()

    def action_oms_return(self):
        """Open a new return over everything of this order that can come back."""
        self.ensure_one()
        self.check_access("write")
        request = self.env["oms.return"].create({"order_id": self.id})
        request.action_fill_lines()
        return request._get_records_action(name=self.env._("Return"))

    def action_oms_claim(self):
        """Open a new claim: what of this order was lost, damaged, wrong or incomplete is entered on it."""
        self.ensure_one()
        self.check_access("write")
        request = self.env["oms.return"].create({"order_id": self.id, "kind": "claim"})
        return request._get_records_action(name=self.env._("Claim"))

    def action_oms_view_returns(self):
        self.ensure_one()
        return self.oms_return_ids._get_records_action(name=self.env._("Returns"))

    def _oms_take_turn_to_return(self):
        """Let only one at a time ask goods of these orders back. Who comes second does not see what the first one asked for;
        the database tells it to begin anew, as the first one has written the same rows."""
        if self:
            self.flush_model(["state"])
            self.env.cr.execute(
                SQL(
                    "UPDATE sale_order SET id = id WHERE id IN (SELECT id FROM sale_order WHERE id IN %s ORDER BY id "
                    "FOR NO KEY UPDATE)",
                    tuple(self.ids),
                )
            )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    oms_return_line_ids = fields.One2many("oms.return.line", "sale_line_id")

    def _oms_get_shipped(self):
        """Override of ``oms_core``: what came back and went to the customer again as it was, mended or not accepted, has left
        once, and is charged once. Kits are counted by their parts, see ``oms_mrp``."""
        if self._oms_get_parts():
            return super()._oms_get_shipped()
        again = self._get_outgoing_incoming_moves()[0].filtered(
            lambda move: move.state == "done" and move.origin_returned_move_id.oms_return_line_id
        )
        return super()._oms_get_shipped() - sum(
            move.product_uom._compute_quantity(move.quantity, self.product_uom_id) for move in again
        )

    def _oms_get_returnable(self, but=None):
        """How much the customer has of this line that nobody has asked back, on whatever document.

        :param but: an ``oms.return`` whose own wish is left out.
        """
        return max(0.0, self._oms_get_with_customer(but) - self._oms_get_requested(but))

    def _oms_get_requested(self, but=None):
        """How much of this line is on returns that are requested and not authorized yet."""
        self.ensure_one()
        return sum(
            line.quantity
            for line in self.oms_return_line_ids
            if line.return_id.state == "draft" and line.return_id != but
        )

    def _oms_get_claimed(self, but=None):
        """How much of this line was made good without coming back: it is not refunded a second time when it does.

        :param but: an ``oms.return`` whose own claims are left out.
        """
        self.ensure_one()
        claims = self.oms_return_line_ids.filtered(
            lambda line: not line.expects_goods and line.return_id.state in ("open", "closed") and line.return_id != but
        )
        return sum(line.quantity if line.return_id.state == "open" else line.quantity_settled for line in claims)

    def _oms_get_with_customer(self, but=None):
        """How much the customer has of this line that is not on its way back and was not made good. Of a kit: whole ones.

        :param but: as of :meth:`_oms_get_claimed`.
        """
        moves = self._oms_get_returnable_moves()
        if parts := self._oms_get_parts():
            have = self._oms_count_kits(parts, {move: float(quantity) for move, quantity in moves.items()})
        else:
            have = float(sum(moves.values()))
        return max(0.0, have - self._oms_get_claimed(but))

    def _oms_count_kits(self, parts, quantities):
        """How many whole ones these make.

        :param dict parts: as of ``_oms_get_parts``.
        :param dict quantities: {move: quantity in the unit of its product}
        """
        have = defaultdict(float)
        for move, quantity in quantities.items():
            have[move.product_id] += quantity
        # A millionth above, as two thirds of a dozen are not exact.
        return float(
            min((floor(have[part] / needed + 1e-6) for part, needed in parts.items() if needed > 0), default=0)
        )

    def _oms_get_returnable_moves(self):
        """{done delivery move: quantity that has not been asked back}, the latest first; in the unit of the line, and of the
        parts of a kit in the unit of the part."""
        self.ensure_one()
        result = {}
        if self.product_id.type != "consu":
            return result
        parts = self._oms_get_parts()
        if parts:
            outgoing = self.move_ids.filtered(
                lambda move: (
                    move.product_id in parts
                    and move.location_dest_id._is_outgoing()
                    # What was mended and sent again, the customer has again.
                    and (not move.origin_returned_move_id or move.origin_returned_move_id.oms_return_line_id)
                )
            )
        else:
            outgoing = self._get_outgoing_incoming_moves()[0]
        for move in outgoing.filtered(lambda move: move.state == "done").sorted("id", reverse=True):
            asked_back = sum(
                back.product_uom._compute_quantity(
                    back.quantity if back.state == "done" else back.product_uom_qty, move.product_uom
                )
                for back in move.returned_move_ids
                if back.state != "cancel"
            )
            uom = move.product_id.uom_id if parts else self.product_uom_id
            rest = move.product_uom._compute_quantity(move.quantity - asked_back, uom)
            if rest > 0:
                result[move] = Decimal(repr(uom.round(rest)))
        return result

    def _oms_get_refundable_invoice_lines(self):
        """{line of a posted invoice: quantity in the unit of the line that has not been credited}, the latest first."""
        self.ensure_one()
        # sudo: clerks who may refund need no right to every entry
        lines_sudo = self.sudo().invoice_lines.filtered(lambda line: line.move_id.state == "posted")
        charged_sudo = lines_sudo.filtered(lambda line: line.move_id.move_type == "out_invoice").sorted(
            "id", reverse=True
        )
        credited = defaultdict(Decimal)
        for line in lines_sudo.filtered(lambda line: line.move_id.move_type == "out_refund"):
            credited[line.move_id.reversed_entry_id & charged_sudo.move_id] += self._oms_quantity_of(line)
        for line in charged_sudo.oms_kept_line_ids:
            # Refunded and kept by the customer: no credit note over the goods, and yet nothing to credit again.
            credited[line.oms_credited_line_id.move_id] += self._oms_quantity_of(line)
        rest = {line: self._oms_quantity_of(line) for line in charged_sudo}
        # What reverses an invoice is taken off that one; then, of the latest that have any left, what reverses none.
        for invoice in [*charged_sudo.move_id, self.env["account.move"]]:
            for line in charged_sudo & invoice.invoice_line_ids if invoice else charged_sudo:
                taken = min(rest[line], credited[invoice])
                rest[line] -= taken
                credited[invoice] -= taken
        return {line: quantity for line, quantity in rest.items() if quantity > 0}
