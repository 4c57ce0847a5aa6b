"""Money back: for what came back, by reversing the invoice that charged it."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.const import REDEEMED_TENDERS

ZERO = Decimal(0)


class OmsReturn(models.Model):
    _inherit = "oms.return"

    amount_to_repay = fields.Monetary(
        compute="_compute_amount_to_repay",
        compute_sudo=True,
        help="Credited to the customer and not paid back or set off yet.",
    )

    @api.depends("line_ids.refund_line_ids.move_id.state", "line_ids.refund_line_ids.move_id.amount_residual")
    def _compute_amount_to_repay(self):
        for record in self:
            posted = record.refund_ids.filtered(lambda move: move.state == "posted")
            record.amount_to_repay = sum(posted.mapped("amount_residual"))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_repay(self):
        """Record that the channel has paid the credited amount back by the way the customer paid."""
        self.check_access("write")
        for record in self:
            record._repay()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _refund(self, parts):
        """Reverse the posted invoices of the orders for exactly these quantities that came back.

        ::

            credit note   Dr income, taxes      Cr receivable
                          Dr stock valuation    Cr cost of goods   (at the cost at which they were invoiced)

        :param dict parts: ``{return line: quantity}``
        :return: the posted credit notes.
        :raise UserError: when it was never invoiced.
        """
        self.ensure_one()
        refunds = self.env["account.move"]
        rest = dict(parts)
        while rest:
            # One order line may stand on several lines: the later one is reversed after what the first one left.
            due = {line: rest[line] for line in {line.sale_line_id: line for line in reversed(rest)}.values()}
            refunds |= self._refund_once(due)
            rest = {line: quantity for line, quantity in rest.items() if line not in due}
        return refunds

    def _refund_once(self, due):
        """:param dict due: ``{return line: quantity}``, each of another order line."""
        for line in due:
            if not line.sale_line_id:
                raise UserError(
                    self.env._(
                        "Nobody knows yet what “%s” was paid for: match it to its order first, or choose another outcome.",
                        line.product_id.display_name,
                    )
                )
        parts = self._parts_by_invoice(due)
        # Credits count from the first unit of a line, as charges do: whoever comes first, what is credited in all is the
        # same share, and never more than what is charged.
        credited = {line: line.sale_line_id._oms_get_charged()[1] for line in due}
        refunds = self.env["account.move"]
        for invoice, of_invoice in parts.items():
            refund = self._reverse(invoice, of_invoice, credited)
            for credit in refund.sudo().invoice_line_ids.filtered("oms_return_line_id"):  # sudo: as for the reversal
                credit.oms_return_line_id.with_env(self.env)._settled(
                    credit.quantity, move=refund, amount=credit.price_total
                )
            orders = self.env["sale.order"].union(*(line.order_id for line, *_rest in of_invoice.values()))
            orders.sudo()._oms_reconcile()  # sudo: follows from the posted credit notes alone
            for order in orders:
                order._oms_on_refunded(refund)
            refunds |= refund
        return refunds

    def _parts_by_invoice(self, due):
        """{invoice: {its line: (return line, quantity, quantity open before)}}, the latest invoice first.

        :raise UserError: when less was invoiced than came back.
        """
        parts = defaultdict(dict)
        for line, quantity in due.items():
            rest = quantity
            for invoice_line, open_quantity in line.sale_line_id._oms_get_refundable_invoice_lines().items():
                taken = min(rest, open_quantity)
                if taken > 0:
                    parts[invoice_line.move_id][invoice_line] = (line, taken, open_quantity)
                    rest -= taken
            if rest > 0:
                raise UserError(
                    self.env._(
                        "%(rest)s of “%(product)s” came back and are on no posted invoice. Post the invoice of %(order)s "
                        "first.",
                        rest=rest,
                        product=line.product_id.display_name,
                        order=line.order_id.name,
                    )
                )
        return parts

    def _reverse(self, invoice, parts, credited):
        """A posted credit note over these parts of an invoice.

        :param dict parts: as of :meth:`_parts_by_invoice`.
        :param dict credited: {return line: quantity of its order line that was credited before}; raised by this credit.
        """
        # sudo: clerks who may refund need no right to every entry; what is reversed follows from their return alone
        wizard_sudo = (
            self.env["account.move.reversal"]
            .sudo()
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": self.name, "date": fields.Date.context_today(self)})
        )
        wizard_sudo.refund_moves()
        refund_sudo = wizard_sudo.new_move_ids
        by_sale_line = defaultdict(list)  # an invoice may have several lines for one of the order
        for invoice_line, part in sorted(parts.items(), key=lambda item: item[0].id):
            by_sale_line[invoice_line.sale_line_ids].append((invoice_line, *part))
        commands = []
        for line in refund_sudo.invoice_line_ids:
            if line.display_type == "product" and by_sale_line[line.sale_line_ids]:
                part = by_sale_line[line.sale_line_ids].pop(0)
                commands.append(Command.update(line.id, self._prepare_refund_line(*part, credited)))
            else:
                commands.append(Command.delete(line.id))
        # Counted from the keys and not from the credit notes: of those, some were made by hand, and drafts get deleted.
        keys = [key for key in self.refund_ids.mapped("oms_key") if key and key.startswith("refund:")]
        number = max((int(key.rpartition(":")[2]) for key in keys), default=0) + 1
        refund_sudo.write({"invoice_line_ids": commands, "oms_key": f"refund:{self.id}:{number}"})
        refund_sudo.action_post()
        return refund_sudo.with_env(self.env)

    def _prepare_refund_line(self, invoice_line, return_line, quantity, open_quantity, credited):
        """The values of a credit note's line: the share of the order line that the next ``quantity`` credited units have.

        Where the order line was changed since it was invoiced, the invoice alone knows what was charged, and it is the
        share of its line.
        """
        sale_line = return_line.sale_line_id
        start = credited[return_line]
        credited[return_line] += quantity
        share = sale_line._oms_share(sale_line, start, start + quantity)
        if "price_unit" not in share:
            start = sale_line._oms_quantity_of(invoice_line) - open_quantity
            share = sale_line._oms_share(invoice_line, start, start + quantity)
        return {"quantity": float(quantity), "oms_return_line_id": return_line.id, **share}

    def _repay(self):
        """Book the repayment of what is credited, never more than the channel took for this order.

        What a gift card or store credit paid is no money that the channel took: nobody gets it out in money.

        ::

            repayment     Dr receivable         Cr channel clearing
        """
        self.ensure_one()
        if not self.amount_to_repay:
            raise UserError(self.env._("There is nothing to pay back on %s.", self.name))
        for order in self.order_ids:
            credits_sudo = self.refund_ids.sudo() & order.sudo().invoice_ids  # sudo: amounts alone
            amount = sum(credits_sudo.filtered(lambda move: move.state == "posted").mapped("amount_residual"))
            if amount:
                self._repay_order(order, amount)
        self._close_if_done()

    def _repay_order(self, order, amount):
        # sudo: payment transactions are closed to users by design
        transactions_sudo = order.sudo().transaction_ids.filtered(
            lambda tx: tx.state == "done" and tx.oms_tender not in REDEEMED_TENDERS
        )
        taken = sum(transactions_sudo.mapped("amount"))
        source_sudo = transactions_sudo.filtered(lambda tx: tx.operation != "refund")[:1]
        # sudo: which journal it is follows from how the customer paid
        journal = order.sudo()._oms_get_payment_journal(source_sudo)
        if not journal or not source_sudo or self.currency_id.compare_amounts(amount, taken) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s are to be paid back, but the channel took only %(taken)s for this order. Register the "
                    "repayment on the credit note by hand.",
                    amount=amount,
                    taken=taken,
                )
            )
        child_sudo = source_sudo._create_child_transaction(
            amount,
            is_refund=True,
            state="done",
            oms_tender=source_sudo.oms_tender,
            oms_journal_id=source_sudo.oms_journal_id.id,
            is_post_processed=True,
            last_state_change=fields.Datetime.now(),
            sale_order_ids=[Command.link(order.id)],
        )
        order.sudo()._oms_book_transaction(child_sudo, journal)  # sudo: follows from the posted credit note alone
        order.sudo()._oms_reconcile()  # sudo: the same
