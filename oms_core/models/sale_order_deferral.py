"""What was invoiced before the goods left is no revenue yet: it is owed, and earned parcel by parcel (``domain/deferral.py``).

Odoo's Community edition defers nothing by itself. One entry for each change, under a key of its own::

    invoiced before   Dr income             Cr invoiced before shipment        Dr stock   Cr cost of goods
    a parcel leaves   Dr invoiced before    Cr income                          Dr cost    Cr stock
    ... at a cost that is not that of its invoice: what it cost more           Dr cost    Cr stock

Odoo values a parcel when it leaves, and books nothing then: the closing of the valuation would find the difference on the account
of the stock, and book it to that of its variation, without the order.
"""

from collections import defaultdict
from dataclasses import replace

from odoo import models

from ..const import ADVANCE_POLICIES
from ..domain.costing import cost_of_next
from ..domain.deferral import CORRECTION, COST, REVENUE, ZERO, Deferred, Invoiced, deferred, posting
from ..domain.order_to_cash import Step
from ..domain.posting import PostingDraft
from .sale_order_money import at, exact

#: What an entry's key begins with; the order's id and a number follow.
KEY = "deferral"
#: Names the words for an entry that corrects costs and does nothing else.
COST_OF_LEFT = "cost_of_left"


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
        return super()._oms_has_money_to_watch() or (self._oms_invoices_ahead() and bool(self.invoice_ids))

    def _oms_invoices_ahead(self):
        """Whether an invoice of this order may come before its goods have left: by the channel's policy, or over a deposit."""
        policy = self.oms_channel_id.invoice_policy
        has_deposit = any(line.is_downpayment and not line.display_type for line in self.order_line)
        return policy in ADVANCE_POLICIES or (policy != "manual" and has_deposit)

    def _oms_defer(self):
        """Book what is not earned yet of this order's invoices, or not any more. Nothing, where the books say so already."""
        self.ensure_one()
        company = self.company_id
        booked, number = self._oms_get_booked_deferral()
        if not number and not self._oms_invoices_ahead():
            return self.env["account.move"]
        lines = self._oms_get_invoiced_lines()
        target = self._oms_get_deferral(lines)
        words = {"order": self.oms_number or self.name}
        texts = {
            REVENUE: self.env._("%(order)s: invoiced before shipment", **words),
            COST: self.env._("%(order)s: cost of what has not left", **words),
        }
        if target == booked:
            return self.env["account.move"]
        texts.update(self._oms_explain_corrections(lines, target, booked))
        customer = self.partner_invoice_id.commercial_partner_id.id
        journal = company._oms_get_deferral_journal()
        moves = self.env["account.move"]
        day = self._oms_get_deferral_day()
        if moves._oms_lock_problems(day, journal):
            day = company._oms_get_today()
        entry = PostingDraft(
            key=f"{KEY}:{self.id}:{number + 1}",
            date=day,
            journal=journal.id,
            ref=texts[REVENUE] if target.revenue != booked.revenue else texts[COST_OF_LEFT],
            lines=posting(target, booked, company._oms_get_deferral_account().id, texts, customer),
        )
        return moves._oms_post([entry])

    def _oms_explain_corrections(self, lines, target, booked):
        """{id of an order line: why its cost is corrected}, for those of which one is or was; and the name of an entry that does
        nothing else."""
        order, money = self.oms_number or self.name, self.company_id.currency_id.format
        corrected = {name for _stock, _cost, name in [*target.corrections, *booked.corrections]}
        texts = {COST_OF_LEFT: self.env._("%(order)s: cost of what has left", order=order)}
        for line in lines:
            if line.name in corrected and line.worth is not None:
                more = sum((one for (*_accounts, name), one in target.corrections.items() if name == line.name), ZERO)
                texts[line.name] = self.env._(
                    "%(order)s: %(booked)s is booked with its invoice as the cost of what has left of %(product)s, which was "
                    "worth %(worth)s when it left",
                    order=order,
                    product=self.env["sale.order.line"].browse(line.name).product_id.display_name,
                    booked=money(float(line.worth - more)),
                    worth=money(float(line.worth)),
                )
        return texts

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

        def pairs(items):
            # Two items each: that of the stock, and that of the cost.
            return zip(items[::2], items[1::2], strict=True)

        self.ensure_one()
        moves = self.sudo()._oms_get_deferral_entries()  # sudo: the job's
        revenue, costs, corrections = (defaultdict(lambda: ZERO) for _each in range(3))
        owed = self.company_id._oms_get_deferral_account() if moves else self.env["account.account"]
        for move in moves.filtered(lambda move: move.state == "posted"):
            # A reversal has no causes: its items are those of what it reverses.
            causes = (move if move.oms_key else move.reversed_entry_id).line_ids.sorted("id").mapped("oms_cause")
            items = list(zip(causes, move.line_ids.sorted("id"), strict=True))
            for stock, cost in pairs([line for cause, line in items if cause == COST]):
                costs[stock.account_id.id, cost.account_id.id] += exact(stock.balance)
            for stock, cost in pairs([line for cause, line in items if cause == CORRECTION]):
                name = cost.oms_corrected_line_id.id
                corrections[stock.account_id.id, cost.account_id.id, name] += exact(cost.balance)
            for cause, line in items:
                if cause == REVENUE and line.account_id != owed:
                    revenue[line.account_id.id] += exact(line.balance)
        number = max((int(move.oms_key.rpartition(":")[2]) for move in moves if move.oms_key), default=0)
        booked = Deferred(*({k: v for k, v in one.items() if v} for one in (revenue, costs, corrections)))
        return booked, number

    def _oms_get_deferral_entries(self):
        """What was booked of this order, and what somebody reversed of that with Odoo's button, as a whole."""
        self.ensure_one()
        booked = self.env["account.move"].search([("oms_key", "=like", f"{KEY}:{self.id}:%")])

        def accounts(move):
            return [line.account_id for line in move.line_ids.sorted("id")]

        return booked | booked.reversal_move_ids.filtered(
            lambda move: accounts(move) == accounts(move.reversed_entry_id)
        )

    def _oms_get_deferral(self, lines=None):
        """What of this order's invoices is not earned yet, as ``domain.deferral.Deferred``."""
        self.ensure_one()
        lines = self._oms_get_invoiced_lines() if lines is None else lines
        return deferred(lines, exact(self.company_id.currency_id.rounding))

    def _oms_get_invoiced_lines(self):
        self.ensure_one()
        booked, _number = self._oms_get_booked_deferral()
        return [
            line._oms_as_invoiced(booked.corrections)
            for line in self.order_line.filtered(lambda line: not line.display_type)
            if line.product_id or line.is_downpayment
        ]

    def _oms_money_kinds(self):
        kinds = dict(super()._oms_money_kinds())
        kinds["deferred"] = self.env._("Not earned before shipment")
        kinds["cost"] = self.env._("Cost corrected")
        return list(kinds.items())

    def _oms_money_steps(self):
        """Override: what was not earned when it was invoiced, and when it was."""
        yield from super()._oms_money_steps()
        entries = self._oms_get_deferral_entries().filtered(lambda move: move.state == "posted")
        owed = self.company_id._oms_get_deferral_account() if entries else self.env["account.account"]
        for entry in entries.sorted("id"):
            items = entry.line_ids.filtered(lambda line: line.account_id == owed)
            document = entry._oms_as_document()
            terms = {"document": document, "entry": document, "counts": False}
            if items:
                amount = sum((exact(line.balance) for line in items), ZERO)
                yield Step(at(entry.date), "deferred", amount, account=owed.display_name, **terms)
            for line in entry.line_ids.filtered("oms_corrected_line_id"):
                account = line.account_id.display_name
                yield Step(at(entry.date), "cost", -exact(line.balance), account=account, note=line.name, **terms)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_as_invoiced(self, corrections):
        """This line as it stands on posted invoices and credit notes, in the company's currency.

        :param corrections: of its order, as they are booked.
        """
        self.ensure_one()
        if self.is_downpayment:
            return self._oms_as_deposit()
        charged = credited = ZERO
        revenue, costs, back_costs = (defaultdict(lambda: ZERO) for _each in range(3))
        documents = 0
        goods = self._is_oms_goods()
        earned = ("income", "income_other")
        # sudo: what is charged does not depend on who looks
        for line in self.sudo().invoice_lines.sorted("id"):
            if line.move_id.state != "posted" or line.move_id.move_type not in ("out_invoice", "out_refund"):
                continue
            is_invoice = line.move_id.move_type == "out_invoice"
            if is_invoice:
                charged += self._oms_quantity_of(line)
            else:
                credited += self._oms_quantity_of(line)
            if (is_invoice or not goods) and line.account_id.account_type in earned:
                revenue[line.account_id.id] -= exact(line.balance)
            if goods:
                documents += 1
                cogs = line._oms_get_cogs()
                stock = cogs.filtered(lambda item, sign=-1 if is_invoice else 1: item.balance * sign > 0)[:1]
                cost = (cogs - stock)[:1]
                if stock and cost and is_invoice:
                    costs[stock.account_id.id, cost.account_id.id] += exact(cost.balance)
                elif stock and cost:
                    back_costs[stock.account_id.id, cost.account_id.id] -= exact(cost.balance)
        if not goods:
            return Invoiced(charged, credited, ZERO, ZERO, dict(revenue), {}, False)
        shipped = exact(self._oms_get_shipped())
        back = max(shipped - exact(self.qty_delivered), ZERO)
        if not costs and not back_costs:
            costs.update(self._oms_get_costless())
        told = Invoiced(
            *(charged, credited, shipped, back, dict(revenue), dict(costs)),
            name=self.id,
            reversed_costs=dict(back_costs),
            documents=documents,
        )
        worth = self._oms_get_worth(*told.pieces)
        if worth is None:
            return replace(told, kept={names[:2]: one for names, one in corrections.items() if names[-1] == self.id})
        return replace(told, worth=worth)

    def _oms_as_deposit(self):
        """This down payment: what of it is invoiced, in the currency of the order, and as how much of that was taken off."""
        invoiced = taken = ZERO
        revenue = defaultdict(lambda: ZERO)
        for line in self.sudo().invoice_lines:  # sudo: as above
            if line.move_id.state != "posted" or line.move_id.move_type not in ("out_invoice", "out_refund"):
                continue
            amount = exact(line.price_total) * (1 if line.move_id.move_type == "out_invoice" else -1)
            if line.quantity < 0:
                taken -= amount
                continue
            invoiced += amount
            if line.account_id.account_type in ("income", "income_other"):
                revenue[line.account_id.id] -= exact(line.balance)
        return Invoiced(invoiced, ZERO, taken, ZERO, dict(revenue), {}, is_deposit=True)

    def _oms_get_costless(self):
        """{(account of the stock, account of the cost): nothing} of goods that had no cost yet when they were invoiced: then Odoo
        books none."""
        product = self.product_id.with_company(self.company_id)
        if not product.is_storable or product.valuation != "real_time":
            return {}
        accounts = product.product_tmpl_id.get_product_accounts(fiscal_pos=self.order_id.fiscal_position_id)
        stock, cost = accounts["stock_valuation"], accounts["expense"]
        return {(stock.id, cost.id): ZERO} if stock and cost else {}

    def _oms_get_worth(self, left, back):
        """What so many of those that left first did cost when they left, less so many of those that came back first.

        :return: in the company's currency; ``None`` where it is not known piece by piece (kits).
        """
        all_moves = self.sudo().move_ids  # sudo: what goods cost does not depend on who looks
        moves = all_moves.filtered(lambda move: move.state == "done")
        if any(move.product_id != self.product_id for move in moves):
            return None
        unit = self.product_id.uom_id
        moves = moves.sorted(lambda move: (move.date, move.id))

        def values(parts):
            # Read with those of the other lines.
            return [move._oms_get_pieces_and_value() for move in parts.with_prefetch(all_moves._prefetch_ids)]

        def pieces(quantity):
            return exact(self.product_uom_id._compute_quantity(float(quantity), unit, round=False))

        def is_known(parts, wanted):
            return unit.compare(float(sum((one for one, _value in parts), ZERO)), float(wanted)) >= 0

        left, back = pieces(left), pieces(back)
        gone, came = (
            values(moves.filtered(lambda move: move.is_out or move._is_dropshipped())),
            values(moves.filtered(lambda move: (move.is_in or move._is_dropshipped_returned()) and move.to_refund)),
        )
        if not is_known(gone, left):
            return None
        if not is_known(came, back):
            came = gone  # it came in by another way, and is taken for what left first
        return (cost_of_next(gone, ZERO, left) or ZERO) - (cost_of_next(came, ZERO, back) or ZERO)


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_get_pieces_and_value(self):
        """(Pieces, what they did cost when they left): whatever goods that came back are said to be worth since. What a vendor
        sends is never in the stock, and its bill is the cost."""
        self.ensure_one()
        if self.is_dropship:
            return exact(self._get_valued_qty()), ZERO
        pieces, origin = exact(self._get_valued_qty()), self.origin_returned_move_id
        if self.is_in and origin.is_out and (left := exact(origin._get_valued_qty())):
            return pieces, exact(origin.value) * pieces / left
        return pieces, exact(self.value)


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
