"""What a refund by a channel credits: the units, what comes back of them, and what beside them explains its amount."""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.fields import Command

from odoo.addons.oms_core.const import INSIDE
from odoo.addons.oms_core.domain.money import ZERO, share

from ..domain.channel_refund import to_credit, what_comes_back


class OmsChannelRefund(models.Model):
    _inherit = "oms.channel.refund"

    # ------------------------------------------------------------------------------------------------------------ MONEY

    def _mark_repaid_credit(self):
        """Say on the payments how much of them is for what had left and is credited: the rest lessens what is owed for goods
        that were called off."""
        rest = self._get_repaid_credit()
        for transaction in self.transaction_ids.filtered(lambda tx: tx.state == "done"):
            part = min(rest, -Decimal(repr(transaction.amount)))
            transaction.oms_of_credit = max(transaction.oms_of_credit, float(part))
            rest -= part

    def _get_repaid_credit(self):
        """How much of it is for goods that had left. A sum of which the channel does not say what it is for is not: it may pay
        back what was called off here."""
        if self.credit_note_id:
            return Decimal(repr(self.amount)) if self.credit_note_id.oms_return_id else ZERO
        sent = ZERO
        for row, lines in self._get_rows().items():
            units = self._get_units(row)
            if units[2]:
                money = sum(map(Decimal, map(repr, lines.mapped("amount") + lines.mapped("tax"))), ZERO)
                sent += self._share(money, sum(units), units[2])
        if sent:
            sent += Decimal(repr(self.shipping))
        return min(sent, Decimal(repr(self.amount)))

    # ----------------------------------------------------------------------------------------------------------- CREDIT

    def _credit(self):
        """Credit what the refund is for, to the cent as the channel reckons it."""
        order = self.order_id
        wanted, rests = self._get_wanted()
        open_lines = {line: line._oms_get_refundable_invoice_lines() for line in {part[0] for part in wanted}}
        short = any(
            sum((quantity for line, quantity, *_more in wanted if line == sale_line), ZERO) > sum(lines.values(), ZERO)
            for sale_line, lines in open_lines.items()
        )
        invoices = order.invoice_ids.filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")
        if short or not invoices:
            if not wanted and not self._get_extras(rests, {}):
                self._settle_as("booked", self.env._("What it is for was never charged; the money is booked."))
                return
            self._wait(self.env._("The money is booked. It is credited when what it is for has been invoiced."))
            return
        moves, credited = self._reverse_parts(wanted, open_lines)
        extras = self._get_extras(rests, credited)
        if extras:
            moves |= self._add_extras(moves[-1:], invoices.sorted("id")[-1:], extras)
        self._post_credits(moves)
        self._expect_goods(wanted)
        note = self.env._("Credited with %s.", ", ".join(moves.mapped("name"))) if moves else ""
        told = "; ".join(extra["name"] for extra in extras if extra["kind"] == "goodwill")
        self._settle_as("booked", " ".join(filter(None, [note, told])))

    def _get_wanted(self):
        """What is credited by quantity, and what of the told lines is not explained by what was never charged.

        :return: ``([(order line, quantity, return line or None, how it is)], {order line: …})``; how it is: ``off`` for what
            never left, ``awaited`` for what is on a return, ``expected`` for what comes back and no return says so.
        """
        order, wanted, rests, used = self.order_id, [], {}, defaultdict(Decimal)
        if order._oms_is_stopped_whole() and not self.line_ids:
            for line in order.order_line:
                if quantity := sum(line._oms_get_refundable_invoice_lines().values(), ZERO):
                    wanted.append((line, quantity, None, "off"))
        for row, lines in self._get_rows().items():
            sale_line = lines.sale_line_id[:1]
            net, tax = (sum((Decimal(str(line[name])) for line in lines), ZERO) for name in ("amount", "tax"))
            quantity = sum((Decimal(repr(line.quantity)) for line in lines), ZERO) * (sale_line.oms_pack_size or 1)
            rest = rests.setdefault(
                sale_line,
                {"net": ZERO, "tax": ZERO, "told": ZERO, "quantity": ZERO, "name": lines[0].name}
                | {"kept": (ZERO, ZERO), "units_kept": ZERO},
            )
            rest["net"] += net
            rest["tax"] += tax
            rest["told"] += net + tax
            rest["quantity"] += quantity
            if quantity and sale_line._is_oms_goods():
                told = {"row": row, "line": sale_line, "quantity": quantity, "net": net, "tax": tax}
                told["restock"] = any(lines.mapped("restock"))
                wanted += self._get_wanted_units(told, rest, used)
            elif sale_line and not sale_line._is_oms_goods() and self._is_whole_charge(sale_line, net, tax):
                wanted.append((sale_line, sum(sale_line._oms_get_refundable_invoice_lines().values()), None, "off"))
        return wanted, rests

    def _get_wanted_units(self, told, rest, used):
        """The parts of :meth:`_get_wanted` for told units of one line of goods.

        :param dict rest: lessened by what was never charged, and told what is kept.
        :param dict used: {order line or return line: quantity that other rows have of it}; raised.
        """
        line, quantity, wanted = told["line"], told["quantity"], []
        stopped_whole = self.order_id._oms_is_stopped_whole()
        before, unsent, _sent = (quantity, ZERO, ZERO) if stopped_whole else self._get_units(told["row"])
        off = before + unsent
        charged, credited_off = line._oms_get_charged_off()
        ordered = ZERO if stopped_whole else Decimal(repr(line.product_uom_qty))
        if due := to_credit(off, charged, ordered, credited_off + used[line]):
            wanted.append((line, due, None, "off"))
            used[line] += due
        self._leave_uncharged(told, rest, off - due, unsent)
        awaiting = self._get_awaiting(line, used)
        of_returns = sum((part for _line, part in awaiting), ZERO)
        became = what_comes_back(quantity - off, told["row"][1], told["restock"], of_returns)
        left = became.awaited
        for return_line, part in awaiting:
            if taken := min(part, left):
                wanted.append((line, taken, return_line, "awaited"))
                used[return_line] += taken
                left -= taken
        if became.expected:
            wanted.append((line, became.expected, None, "expected"))
        if became.kept:
            kept = [self._share(told[name], quantity, became.kept) for name in ("net", "tax")]
            rest["units_kept"] += became.kept
            rest["kept"] = tuple(map(sum, zip(rest["kept"], kept, strict=True)))
        return wanted

    def _leave_uncharged(self, told, rest, free, unsent):
        """What was called off and never charged has no credit note: its price only left the order.

        :param free: units of this kind.
        :param unsent: of what this refund itself called off, the price is known.
        """
        cost = ((self.units or {}).get("costs") or {}).get(told["row"][0]) if unsent else None
        if cost and (of_unsent := min(free, unsent)):
            rest["net"] -= self._share(Decimal(cost[0]), Decimal(cost[2]), of_unsent)
            rest["tax"] -= self._share(Decimal(cost[1]), Decimal(cost[2]), of_unsent)
            free -= of_unsent
        if free:
            rest["net"] -= self._share(told["net"], told["quantity"], free)
            rest["tax"] -= self._share(told["tax"], told["quantity"], free)

    def _step(self):
        return Decimal(str(self.currency_id.rounding))

    def _share(self, amount, quantity, part):
        return share(amount, quantity, ZERO, part, self._step())

    def _is_whole_charge(self, sale_line, net, tax):
        """Whether a charge beside the goods is paid back whole, and none of it was before."""
        charged = sale_line.invoice_lines.filtered(
            lambda line: line.move_id.state == "posted" and line.move_id.move_type == "out_invoice"
        )
        if not charged or sale_line._oms_get_charged()[1]:
            return False
        return not (
            self.currency_id.compare_amounts(sum(charged.mapped("price_subtotal")), float(net))
            or self.currency_id.compare_amounts(sum(charged.mapped("price_total")), float(net + tax))
        )

    def _get_awaiting(self, sale_line, used):
        """[(line of a return, quantity that nobody has paid back)], what has come back first, and what nobody has agreed to
        last: who pays it back agrees to it."""
        lines = sale_line.oms_return_line_ids.filtered(
            lambda line: line.return_id.state in ("draft", "open") and line.outcome == "refund"
        )
        open_parts = [
            (line, Decimal(repr(line.quantity)) - Decimal(repr(line.quantity_settled)) - used[line])
            for line in lines.sorted(lambda line: (line.return_id.state == "draft", -line.quantity_received, line.id))
        ]
        return [(line, part) for line, part in open_parts if part > 0]

    def _expect_goods(self, wanted):
        """What comes back, and no return says so yet, is expected where the channel says, or where it left."""
        expected = [(line, quantity) for line, quantity, _line, how in wanted if how == "expected"]
        if not expected:
            return
        order = self.order_id
        returnable = {line: Decimal(repr(line._oms_get_returnable())) for line, _quantity in expected}
        lines = [
            (line, min(quantity, returnable[line]))
            for line, quantity in expected
            if min(quantity, returnable[line]) > 0
        ]
        if not lines:
            return
        place = order.oms_channel_id._oms_get_place_of(next(filter(None, self.line_ids.mapped("location")), ""))
        request = self.env["oms.return"].create(
            {
                "order_id": order.id,
                "origin": "channel",
                "oms_channel_refund_id": self.id,
                "line_ids": [
                    Command.create({"sale_line_id": line.id, "quantity": float(quantity)}) for line, quantity in lines
                ],
            }
        )
        if place:
            request.warehouse_id = place
        request.with_context(oms_told_by_channel=INSIDE, oms_return_to=place.id or False).action_authorize()
        of_line = {line.sale_line_id: line for line in request.line_ids}
        # sudo: what was credited before its return was known is told of it, whoever books
        for move in self.move_ids.sudo().filtered(lambda move: move.state == "posted"):
            move.oms_return_id = move.oms_return_id or request
            for line in move.invoice_line_ids.filtered(lambda line: not line.oms_return_line_id):
                if line.oms_refund_kind == "goods" and (of := of_line.get(line.sale_line_ids[:1])):
                    line.oms_return_line_id = of
        request.message_post(
            body=self.env._("The channel has paid back %s already; the goods are expected.", self.external_id)
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_charged_off(self):
        """(quantity on posted invoices, quantity credited for no return) of this line, in its unit."""
        self.ensure_one()
        charged = credited = ZERO
        for line in self.invoice_lines.filtered(lambda line: line.move_id.state == "posted"):
            if line.move_id.move_type == "out_invoice":
                charged += self._oms_quantity_of(line)
            elif line.move_id.move_type == "out_refund" and not line.oms_return_line_id:
                credited += self._oms_quantity_of(line)
        return charged, credited
