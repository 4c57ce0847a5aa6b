"""Goods came first: what order they belong to is found afterwards."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..domain.matching import Candidate, match
from .sale_order_refund import dec


class OmsReturn(models.Model):
    _inherit = "oms.return"

    has_matched = fields.Boolean(
        compute="_compute_has_matched", help="Whether a line was matched and can be taken off its order again."
    )

    @api.depends("state", "line_ids.is_matched", "line_ids.sale_line_id", "line_ids.quantity_settled")
    def _compute_has_matched(self):
        for record in self:
            record.has_matched = record.state == "open" and bool(record._get_unmatchable())

    def action_match(self):
        """Find the order lines of what stands here without one: by serial number, else the customer's latest."""
        self.check_access("write")
        for record in self:
            lines = record.line_ids.filtered(lambda line: not line.sale_line_id)
            if not lines:
                raise UserError(self.env._("Every line of %s has its order already.", record.name))
            found = []
            for line in lines:
                found += line._match()
            if not found:
                raise UserError(
                    self.env._(
                        "No order that was delivered has so many of these goods: %s. Enter the customer, or the serial "
                        "numbers, or choose the order lines.",
                        lines._in_words(lambda line: line.quantity),
                    )
                )
            record.message_post(body=self.env._("Matched: %s", " ".join(found)))

    def action_unmatch(self):
        """Take what was matched off its orders again, as far as nothing was settled for it: it was another one's."""
        self.check_access("write")
        self._take_turn()
        for record in self:
            lines = record._get_unmatchable()
            if not lines:
                raise UserError(
                    self.env._(
                        "Nothing of %s was matched, or it is settled already: correct the credit note.", record.name
                    )
                )
            words = ", ".join(f"{line.product_id.display_name} ({line.order_id.name})" for line in lines)
            lines._unset_sale_line()
            record.message_post(body=self.env._("Not of these orders after all: %s. Match it again.", words))

    def _get_unmatchable(self):
        return self.line_ids.filtered(lambda line: line.is_matched and line.sale_line_id and not line.quantity_settled)


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    is_matched = fields.Boolean(
        string="Matched", readonly=True, copy=False, help="Its order was found after the goods had come."
    )

    def _match(self):
        """Give this line the order line that it fits, and its receipts the moves that the goods left with. Where no order had
        all of it, it becomes a line for each of several.

        :return: a sentence for each order line that was found.
        """
        self.ensure_one()
        wanted = dec(max(self.quantity, self.quantity_received))
        candidates = self._get_candidates()
        parts = match(wanted, self._get_numbers(), [self._to_candidate(sale_line) for sale_line in candidates])
        sentences = [self._say_match(part, self.env["sale.order.line"].browse(part.key)) for part in parts]
        for part in parts[1:]:
            piece = self._split_off(float(part.quantity), part.lots)
            piece._set_sale_line(self.env["sale.order.line"].browse(part.key))
        if parts:
            self._set_sale_line(self.env["sale.order.line"].browse(parts[0].key))
        return sentences

    def _say_match(self, part, sale_line):
        reasons = {
            "number": self.env._("it was sold with the number %s", ", ".join(part.lots)),
            "whole": self.env._("the latest order that had all of it"),
            "several": self.env._("no order had all of it; the latest come first"),
        }
        return self.env._(
            "%(quantity)g × %(product)s → %(order)s: %(why)s.",
            quantity=part.quantity,
            product=self.product_id.display_name,
            order=sale_line.order_id.name,
            why=reasons[part.why],
        )

    def _get_numbers(self):
        """[(serial or lot number, pieces of it)] that came in, or that somebody entered."""
        # sudo: which goods these are is no question of who may see receipts
        rows_sudo = self.sudo().move_ids.filtered(lambda move: move.state == "done").move_line_ids.filtered("lot_id")
        found = [
            (row.lot_id.name, dec(row.product_uom_id._compute_quantity(row.quantity, self.product_uom_id)))
            for row in rows_sudo
        ]
        return found or [(self.lot_id.name, Decimal(1))] * bool(self.lot_id)

    def _to_candidate(self, sale_line):
        """An order line as the rule wants it, in the unit of this line; of kits nothing is matched."""
        left = 0.0 if sale_line._oms_get_parts() else sale_line._oms_get_returnable(self.return_id)
        own = sale_line.product_uom_id._compute_quantity(left, self.product_uom_id)
        sold_sudo = sale_line.sudo()._oms_get_returnable_moves()  # sudo: as above
        numbers = frozenset(name for move in sold_sudo for name in move.move_line_ids.lot_id.mapped("name"))
        return Candidate(sale_line.id, dec(own), numbers)

    def _get_candidates(self):
        """Order lines that this may be of, the likeliest first: those of its serial numbers, else the customer's latest."""
        # sudo: which goods these are is no question of who may see which order
        lots = self.lot_id | self.sudo().move_ids.lot_ids
        orders = self.return_id.order_ids
        left_sudo = self.env["stock.move"].sudo()  # sudo: as above
        domain = [
            ("state", "=", "done"),
            ("product_id", "=", self.product_id.id),
            ("company_id", "=", self.company_id.id),
            ("sale_line_id.order_id.currency_id", "=", self.currency_id.id)
            if orders
            else ("sale_line_id", "!=", False),
            ("location_dest_id.usage", "=", "customer"),
        ]
        customer = self.return_id.partner_id.commercial_partner_id
        if customer:
            domain.append(("sale_line_id.order_id.partner_id", "child_of", customer.id))
        if lots:
            domain.append(("move_line_ids.lot_id", "in", lots.ids))
        if not customer and not lots:
            return self.env["sale.order.line"]
        lines = left_sudo.search(domain, order="date desc, id desc").sale_line_id
        lines = lines.sorted(lambda line: line.order_id not in orders).with_env(self.env)
        # One return is of one customer and one currency: those of the likeliest.
        first = lines[:1].order_id
        return lines.filtered(
            lambda line: (
                line.order_id.partner_id.commercial_partner_id == first.partner_id.commercial_partner_id
                and line.order_id.currency_id == first.currency_id
            )
        )

    # ------------------------------------------------------------------------------------------------ ORDER LINES

    def _set_sale_line(self, sale_line):
        """Say that this is of that order line, and let the receipts take the cost at which the goods left."""
        unit = sale_line.product_uom_id
        receipts_sudo = self.sudo().move_ids.filtered(
            lambda move: move.state != "cancel"
        )  # sudo: follows from the match
        left = sale_line._oms_get_returnable_moves()
        self.write(
            {
                "sale_line_id": sale_line.id,
                "quantity": self.product_uom_id._compute_quantity(self.quantity, unit),
                "is_matched": True,
            }
        )
        for receipt_sudo in receipts_sudo:
            receipts_sudo |= receipt_sudo._oms_take_origins(sale_line, left)
        receipts_sudo.filtered(lambda move: move.state == "done")._set_value()

    def _unset_sale_line(self):
        """Goods of which nobody knows the order any more: at the cost of today."""
        # sudo: follows from what the clerk says
        receipts_sudo = self.sudo().move_ids.filtered(lambda move: move.state != "cancel")
        receipts_sudo.write({"sale_line_id": False, "origin_returned_move_id": False})
        for line in self:
            quantity = line.product_uom_id._compute_quantity(line.quantity, line.product_id.uom_id)
            line.write({"sale_line_id": False, "is_matched": False, "quantity": quantity})
        receipts_sudo.filtered(lambda move: move.state == "done")._set_value()
