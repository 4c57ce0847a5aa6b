"""What was invoiced before the goods left is no revenue yet: it is owed, and earned parcel by parcel (``domain/deferral.py``).

Odoo's Community edition defers nothing by itself. One entry for each change, under a key of its own::

    invoiced before   Dr income             Cr invoiced before shipment        Dr stock   Cr cost of goods
    a parcel leaves   Dr invoiced before    Cr income                          Dr cost    Cr stock
"""

from collections import defaultdict

from odoo import models

from ..const import ADVANCE_POLICIES
from ..domain.deferral import COST, REVENUE, ZERO, Deferred, Invoiced, deferred, posting
from ..domain.order_to_cash import Step
from ..domain.posting import PostingDraft
from .sale_order_money import at, exact

#: What an entry's key begins with; the order's id and a number follow.
KEY = "deferral"


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_deferral_account(self):
        """What customers were invoiced for goods that have not left."""
        return self._oms_get_account("deferral", self.env._("Invoiced before shipment"))

    def _oms_get_deferral_journal(self):
        """The company's first journal for entries that are no sale, no purchase and no payment."""
        self.ensure_one()
        # sudo: where the system books is the accountant's to set
        journals_sudo = self.env["account.journal"].sudo()
        return journals_sudo.search(
            [
                *journals_sudo._check_company_domain(self),
                ("type", "=", "general"),
                ("id", "not in", (self.currency_exchange_journal_id | self.tax_cash_basis_journal_id).ids),
            ],
            limit=1,
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_has_money_to_watch(self):
        """Override: where invoices come before the goods."""
        return super()._oms_has_money_to_watch() or (
            self.oms_channel_id.invoice_policy in ADVANCE_POLICIES and bool(self.invoice_ids)
        )

    def _oms_defer(self):
        """Book what is not earned yet of this order's invoices, or not any more. Nothing, where the books say so already."""
        self.ensure_one()
        company = self.company_id
        booked, number = self._oms_get_booked_deferral()
        if not number and self.oms_channel_id.invoice_policy not in ADVANCE_POLICIES:
            return self.env["account.move"]
        target = self._oms_get_deferral()
        words = {"order": self.oms_number or self.name}
        texts = {
            REVENUE: self.env._("%(order)s: invoiced before shipment", **words),
            COST: self.env._("%(order)s: cost of what has not left", **words),
        }
        if target == booked:
            return self.env["account.move"]
        journal = company._oms_get_deferral_journal()
        moves = self.env["account.move"]
        day = self._oms_get_deferral_day()
        if moves._oms_lock_problems(day, journal):
            day = company._oms_get_today()
        entry = PostingDraft(
            key=f"{KEY}:{self.id}:{number + 1}",
            date=day,
            journal=journal.id,
            ref=texts[REVENUE],
            lines=posting(target, booked, company._oms_get_deferral_account().id, texts),
        )
        return moves._oms_post([entry])

    def _oms_get_deferral_day(self):
        """The day of what happened last to the goods or the invoices of this order, where the company is."""
        company = self.company_id
        days = self.invoice_ids.filtered(lambda move: move.state == "posted").mapped("date")
        days += [
            company._oms_get_today(move.date)
            for move in self.order_line.move_ids.filtered(lambda move: move.state == "done")
        ]
        return max(days, default=company._oms_get_today())

    def _oms_get_booked_deferral(self):
        """(``Deferred`` as it is booked, the number of the last entry)."""
        self.ensure_one()
        moves = self.sudo()._oms_get_deferral_entries()  # sudo: the job's
        revenue, costs = defaultdict(lambda: ZERO), defaultdict(lambda: ZERO)
        owed = self.company_id._oms_get_deferral_account() if moves else self.env["account.account"]
        for move in moves.filtered(lambda move: move.state == "posted"):
            # A reversal has no causes: its items are those of what it reverses.
            causes = (move if move.oms_key else move.reversed_entry_id).line_ids.sorted("id").mapped("oms_cause")
            items = list(zip(causes, move.line_ids.sorted("id"), strict=True))
            of_cost = [line for cause, line in items if cause == COST]
            for stock, cost in zip(of_cost[::2], of_cost[1::2], strict=True):
                costs[stock.account_id.id, cost.account_id.id] += exact(stock.balance)
            for cause, line in items:
                if cause == REVENUE and line.account_id != owed:
                    revenue[line.account_id.id] += exact(line.balance)
        number = max((int(move.oms_key.rpartition(":")[2]) for move in moves if move.oms_key), default=0)
        return Deferred({k: v for k, v in revenue.items() if v}, {k: v for k, v in costs.items() if v}), number

    def _oms_get_deferral_entries(self):
        """What was booked of this order, and what somebody reversed of that with Odoo's button, as a whole."""
        self.ensure_one()
        booked = self.env["account.move"].search([("oms_key", "=like", f"{KEY}:{self.id}:%")])

        def accounts(move):
            return [line.account_id for line in move.line_ids.sorted("id")]

        return booked | booked.reversal_move_ids.filtered(
            lambda move: accounts(move) == accounts(move.reversed_entry_id)
        )

    def _oms_get_deferral(self):
        """What of this order's invoices is not earned yet, as ``domain.deferral.Deferred``."""
        self.ensure_one()
        lines = [
            line._oms_as_invoiced()
            for line in self.order_line.filtered(lambda line: not line.display_type)
            if line.product_id
        ]
        return deferred(lines, exact(self.company_id.currency_id.rounding))

    def _oms_money_kinds(self):
        kinds = dict(super()._oms_money_kinds())
        kinds["deferred"] = self.env._("Not earned before shipment")
        return list(kinds.items())

    def _oms_money_steps(self):
        """Override: what was not earned when it was invoiced, and when it was."""
        yield from super()._oms_money_steps()
        entries = self._oms_get_deferral_entries().filtered(lambda move: move.state == "posted")
        owed = self.company_id._oms_get_deferral_account() if entries else self.env["account.account"]
        for entry in entries.sorted("id"):
            items = entry.line_ids.filtered(lambda line: line.account_id == owed)
            document = entry._oms_as_document()
            amount = sum((exact(line.balance) for line in items), ZERO)
            yield Step(
                at(entry.date), "deferred", amount, document, entry=document, account=owed.display_name, counts=False
            )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_as_invoiced(self):
        """This line as it stands on posted invoices and credit notes, in the company's currency."""
        self.ensure_one()
        charged = credited = ZERO
        revenue, costs = defaultdict(lambda: ZERO), defaultdict(lambda: ZERO)
        goods = self._is_oms_goods()
        earned = ("income", "income_other")
        for line in self.sudo().invoice_lines:  # sudo: what is charged does not depend on who looks
            if line.move_id.state != "posted" or line.move_id.move_type not in ("out_invoice", "out_refund"):
                continue
            is_invoice = line.move_id.move_type == "out_invoice"
            if is_invoice:
                charged += self._oms_quantity_of(line)
            else:
                credited += self._oms_quantity_of(line)
            if (is_invoice or not goods) and line.account_id.account_type in earned:
                revenue[line.account_id.id] -= exact(line.balance)
            if is_invoice and goods:
                cogs = line._oms_get_cogs()
                stock = cogs.filtered(lambda item: item.balance < 0)[:1]
                cost = (cogs - stock)[:1]
                if stock and cost:
                    costs[stock.account_id.id, cost.account_id.id] += exact(cost.balance)
        shipped = exact(self._oms_get_shipped()) if goods else ZERO
        back = max(shipped - exact(self.qty_delivered), ZERO) if goods else ZERO
        return Invoiced(charged, credited, shipped, back, dict(revenue), dict(costs), goods)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_get_cogs(self):
        """The items with the cost of what this line of an invoice charges."""
        self.ensure_one()
        return self.move_id.line_ids.filtered(lambda item: item.display_type == "cogs" and item.cogs_origin_id == self)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Override: what an invoice or a credit note changes for what is earned is looked at."""
        posted = super()._post(soft)
        posted._oms_look_at_orders()
        return posted

    def button_draft(self):
        result = super().button_draft()
        self._oms_look_at_orders()
        return result

    def _oms_look_at_orders(self):
        documents = self.filtered(lambda move: move.move_type in ("out_invoice", "out_refund") and move.oms_channel_id)
        documents.line_ids.sale_line_ids.order_id._oms_look_at_money()

    def _oms_get_orders(self):
        """Override: an entry of what is not earned yet is about its order."""
        found = super()._oms_get_orders()
        ids = [int(key.split(":")[1]) for key in self.mapped("oms_key") if key and key.startswith(f"{KEY}:")]
        return found | found.browse(ids).exists()
