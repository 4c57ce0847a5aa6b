"""Money back: for what was accepted, by reversing the invoice that charged it. How much is decided in domain/refund.py."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.domain.money import ZERO

from ..domain.refund import Credited, Money, Part, Preview, none_below_zero, refund_line, shipping_due
from .account_move import COUNTED_KINDS
from .sale_order_refund import dec

#: What is booked on a product of its own, and not on what was sold; those that lessen the credit.
SERVICE_KINDS = ("fee", "deduction", "kept", "claim", "adjustment", "goodwill")
KEPT_BACK = ("fee", "deduction")


@dataclass
class Entry:
    """One line of a credit note: so much money for a line of an invoice, positive for the customer."""

    kind: str
    charged: object
    money: Money
    quantity: Decimal = Decimal(1)
    return_line: object = None
    basis: dict = field(default_factory=dict)
    why: str = ""


class OmsReturn(models.Model):
    _inherit = "oms.return"

    # ----------------------------------------------------------------------------------------------------- SETTLING

    def _settle_refund(self, parts, is_paid_here=False):
        """Credit these quantities, and say so to the channel."""
        refunds = self._credit(parts)
        for refund in refunds:
            for order in refund.oms_order_id | refund.sudo().invoice_line_ids.sale_line_ids.order_id.with_env(self.env):
                order._oms_on_refunded(refund, is_paid_here)
        return refunds

    def _credit(self, parts, new_order=None):
        """Post the credit notes for these quantities, and set them off against what is open of their orders.

        ::

            credit note   Dr income, taxes               Cr receivable
                          Dr stock valuation             Cr cost of goods   (at the cost at which they were invoiced)
                          Dr receivable                  Cr fees, deductions, and the tax of them
                          Dr goods that are kept         Cr receivable      (nothing came back: stock does not move)

        :param dict parts: ``{return line: Decimal quantity}``, of any number of returns.
        :param new_order: the order of an exchange that this pays for.
        :return: the posted credit notes.
        :raise UserError: when it was never invoiced, or is credited already.
        """
        plans, books, grouped = [], {}, self._group_by_order(parts)
        orders_sudo = (
            self.env["sale.order"].sudo().union(*(order for order, _request in grouped))
        )  # sudo: as for the book
        orders_sudo.order_line.invoice_lines.mapped(
            "oms_kept_line_ids"
        )  # for all at once, as each line asks for its own
        for (order, _request), of_order in grouped.items():
            book = books[order] = books.get(order) or order._oms_get_refund_book()
            entries = self._plan_refund(book, order, of_order)
            plans += self._by_document(self._within_room(book, entries), order)
        refunds = self._post_credits(plans, new_order)
        for order in refunds.oms_order_id:
            order.sudo()._oms_reconcile()  # sudo: follows from the posted credit notes alone
        return refunds

    def _preview_refund(self, parts=None):
        """What a customer gets for these quantities once they are accepted; nothing is written.

        :param parts: ``{return line: Decimal quantity}``; all that is asked for, when it is not told.
        :rtype: Preview
        """
        parts = {line: dec(line.quantity) for line in self.line_ids} if parts is None else parts
        parts = {line: quantity for line, quantity in parts.items() if line.sale_line_id}
        preview = Preview()
        for (order, _request), of_order in self._group_by_order(parts).items():
            book = order._oms_get_refund_book(foresee=True)
            entries = self._plan_refund(book, order, of_order, foresee=True)
            sums = defaultdict(Decimal)
            for entry in entries:
                kind = entry.kind if entry.kind in ("shipping", *KEPT_BACK) else "goods"
                sums[kind] += -entry.money.total if kind in KEPT_BACK else entry.money.total
            preview = Preview(
                *(getattr(preview, kind) + sums[kind] for kind in ("goods", "shipping", "fee", "deduction"))
            )
        return preview

    # ----------------------------------------------------------------------------------------------------- PLANNING

    def _group_by_order(self, parts):
        """{(order, return): {return line: quantity}}: each return has a credit note of its own.

        :raise UserError: for goods of which nobody knows what was paid for them.
        """
        grouped = defaultdict(dict)
        for line, quantity in parts.items():
            if not line.sale_line_id:
                raise UserError(
                    self.env._(
                        "Nobody knows yet what “%s” was paid for: match it to its order first, or choose another outcome.",
                        line.product_id.display_name,
                    )
                )
            if quantity > 0:
                grouped[line.sale_line_id.order_id, line.return_id][line] = quantity
        return grouped

    def _plan_refund(self, book, order, parts, foresee=False):
        """Hook: the entries for goods, and for shipping that goes back with them."""
        return self._plan_goods(book, parts, foresee) + self._plan_charges(book, order)

    def _plan_goods(self, book, parts, foresee=False):
        """The entries for goods, with what is kept back of them.

        :raise UserError: when less was invoiced than is to be credited.
        """
        entries = []
        for line, quantity in parts.items():
            terms = line._get_refund_terms()
            open_quantities = book.open.get(line.sale_line_id.id, {})
            rest = quantity
            for charged, open_quantity in line._sort_by_origin(open_quantities):
                taken = min(rest, open_quantity)
                if taken > 0:
                    rest -= taken
                    open_quantities[charged] -= taken
                    entries += line._plan_part(book, book.key_of(charged), charged, taken, terms)
            if rest > 0 and foresee:
                keys = [("rest", line.sale_line_id.id), ("order", line.sale_line_id.id)]
                key = next((key for key in keys if key in book.lines), None)
                room = book.lines[key].charged - book.credited[key].quantity if key else ZERO
                if room > 0:
                    entries += line._plan_part(book, key, self.env["account.move.line"], min(rest, room), terms)
            elif rest > 0:
                raise UserError(
                    self.env._(
                        "%(rest)s of “%(product)s” came back and are on no posted invoice. Post the invoice of %(order)s "
                        "first.",
                        rest=rest.normalize(),
                        product=line.product_id.display_name,
                        order=line.sale_line_id.order_id.name,
                    )
                )
        return entries

    def _plan_charges(self, book, order):
        """The entries for shipping that goes back with the goods."""
        entries = []
        for index, charge in enumerate(book.charges):
            due = max(shipping_due(charge, list(book.lines.values()), book.credited, book.step), charge.given)
            money = charge.money.part(due, book.step) - charge.money.part(charge.given, book.step)
            if money.total > 0:
                rules = dict(self.env["oms.return.line"]._fields["refund_shipping"]._description_selection(self.env))
                named = sorted(
                    {rules[rule] for state in book.credited.values() for rule in state.by_rule if rule != "none"}
                )
                why = self.env._(
                    "Shipping of %(order)s goes back: %(rules)s.", order=order.name, rules=", ".join(named)
                )
                entries.append(Entry("shipping", charge.key, money, why=why))
                book.charges[index] = replace(charge, given=due)
        return entries

    def _within_room(self, book, entries):
        """Never more than was charged for the order in all: goodwill that was given before is set off against it, and what was
        off the whole order and came with the first parcel. What is charged later makes up for that."""
        rest = max(book.room, ZERO) - sum((entry.money.total for entry in entries), ZERO)
        book.room = max(rest, ZERO)
        first = next((entry for entry in entries if entry.kind in ("goods", "kept", "claim")), None)
        if not first:
            return entries
        basis = {"set_off": True}
        if rest < 0:
            money = -first.money.part(-rest, book.step)
            book.set_off[first.charged] = book.set_off.get(first.charged, Money()) - money
            why = self.env._("Set off: so much was given back before beyond the price of what had come back.")
            return [
                *entries,
                Entry("goodwill", first.charged, money, return_line=first.return_line, basis=basis, why=why),
            ]
        why = self.env._("What was set off before is given back, now that more is charged.")
        for charged, owed in book.set_off.items():
            amount = min(owed.total, rest)
            if amount > 0:
                rest -= amount
                money = owed.part(amount, book.step)
                book.set_off[charged] = owed - money
                entries = [
                    *entries,
                    Entry("goodwill", charged, money, return_line=first.return_line, basis=basis, why=why),
                ]
        book.room = max(rest, ZERO)
        return entries

    def _by_document(self, entries, order):
        """[(invoice, order, entries)]: each goes on the credit note of its invoice, when there is one, else on the first; what
        lessens the credit, where there is room for it."""
        documents = defaultdict(list)
        for entry in entries:
            if entry.kind in ("goods", "kept", "claim", "adjustment"):
                documents[entry.charged.move_id].append(entry)
        first = next(iter(documents), None)
        for entry in entries:
            if entry.kind not in ("goods", "kept", "claim", "adjustment"):
                invoice = entry.charged.move_id
                documents[invoice if invoice in documents or not first else first].append(entry)
        none_below_zero(documents, dec(order.currency_id.rounding))
        return [(invoice, order, of_invoice) for invoice, of_invoice in documents.items()]

    # ------------------------------------------------------------------------------------------------------ BOOKING

    def _post_credits(self, plans, new_order=None):
        """Reverse the invoices for these entries and post them, as many at once as can be.

        :param plans: as of :meth:`_by_document`.
        :param new_order: as of :meth:`_credit`.
        :return: the posted credit notes.
        """
        refunds = self.env["account.move"]
        numbers = {}
        while plans:
            # Odoo matches the credit notes of one posting with their invoices by position: an invoice stands there once.
            now = {invoice: (order, entries) for invoice, order, entries in reversed(plans)}
            plans = [plan for plan in plans if now[plan[0]][1] is not plan[2]]
            # sudo: clerks who may refund need no right to every entry; what is reversed follows from their return alone
            invoices_sudo = self.env["account.move"].sudo().union(*now)
            made_sudo = self.env["account.move"].sudo()  # sudo: the same
            for (company, journal), of_journal in invoices_sudo.grouped(
                lambda one: (one.company_id, one.journal_id)
            ).items():
                prepared = {invoice: self._prepare_credit(invoice, *now[invoice], numbers) for invoice in of_journal}
                made_sudo |= of_journal.with_company(company)._oms_reverse(journal, prepared)
            made_sudo.action_post()
            refunds |= made_sudo.with_env(self.env)
        self._write_settlements(refunds.sudo(), new_order)  # sudo: as for the reversal
        return refunds

    def _prepare_credit(self, invoice, order, entries, numbers):
        """(lines, values) of a credit note over a part of an invoice."""
        request = next((entry.return_line.return_id for entry in entries if entry.return_line), self[:1])
        values = {"oms_return_id": request.id, "oms_order_id": order.id}
        if invoice.currency_id != invoice.company_currency_id:
            # What was booked is taken back, however the currency has moved; the difference is the payment's.
            values["invoice_currency_rate"] = invoice.sudo().invoice_currency_rate  # sudo: as for the reversal
        if request:
            numbers[request] = request._next_refund_number() if request not in numbers else numbers[request] + 1
            values["oms_key"] = f"refund:{request.id}:{numbers[request]}"
            values["ref"] = self.env._(
                "Reversal of: %(move_name)s, %(reason)s", move_name=invoice.name, reason=request.name
            )
        return [self._prepare_credit_line(entry) for entry in entries], values

    def _next_refund_number(self):
        # Counted from the keys and not from the credit notes: of those, some were made by hand, and drafts get deleted.
        keys = [key for key in self.refund_ids.mapped("oms_key") if key and key.startswith("refund:")]
        return max((int(key.rpartition(":")[2]) for key in keys), default=0) + 1

    def _prepare_credit_line(self, entry):
        charged_sudo = entry.charged.sudo()  # sudo: as for the reversal
        quantity = entry.quantity
        if entry.kind in COUNTED_KINDS:
            unit = charged_sudo.sale_line_ids[:1].product_uom_id
            quantity = dec(unit._compute_quantity(float(quantity), charged_sudo.product_uom_id, round=False))
        values = {
            **charged_sudo._oms_pin_refund(quantity, entry.money, entry.kind == "goods"),
            "oms_refund_kind": entry.kind,
            "oms_return_line_id": entry.return_line.id if entry.return_line else False,
            "oms_credited_line_id": charged_sudo.id,
            "oms_refund_basis": entry.basis or False,
            "oms_why": entry.why,
        }
        if entry.kind == "goods":
            copied = charged_sudo.with_context(include_business_fields=True).copy_data()[0]
            copied.pop("move_id", None)
            return {**copied, **values}
        company = charged_sudo.company_id
        product_sudo, account = charged_sudo.product_id, charged_sudo.account_id
        name = charged_sudo.name
        if entry.kind in SERVICE_KINDS:
            account = company._oms_get_refund_account(entry.kind)
            product_sudo = self.env.ref(f"oms_returns.product_refund_{entry.kind}").sudo()  # sudo: as for the reversal
            name = f"{product_sudo.name}\n{charged_sudo.product_id.display_name or charged_sudo.name}"
        return {
            "display_type": "product",
            "product_id": product_sudo.id,
            "name": name,
            "account_id": account.id,
            "analytic_distribution": charged_sudo.analytic_distribution,
            "product_uom_id": charged_sudo.product_uom_id.id if entry.kind in COUNTED_KINDS else product_sudo.uom_id.id,
            "tax_ids": [Command.set(charged_sudo.with_context(active_test=False).tax_ids.ids)],
            **values,
        }

    def _write_settlements(self, refunds, new_order):
        """A row for each line of a return and each credit note that has goods of it. What of it stands on another one, as a
        discount that came with another parcel, counts with the first."""
        rows = []
        for line, credits in refunds.invoice_line_ids.grouped("oms_return_line_id").items():
            counted = (
                credits.filtered(lambda credit: credit.oms_refund_kind in COUNTED_KINDS) if line else credits.browse()
            )
            beside = credits.filtered(lambda credit, notes=counted.move_id: credit.move_id not in notes)
            for refund, goods in counted.grouped("move_id").items():
                quantity = sum(
                    credit.product_uom_id._compute_quantity(credit.quantity, line.product_uom_id) for credit in goods
                )
                of_it = credits.filtered(lambda credit, refund=refund: credit.move_id == refund) | beside
                beside = beside.browse()
                amount = sum(of_it.mapped("price_total"))
                rows.append(line._prepare_settlement(quantity, move=refund, order=new_order, amount=amount))
        # sudo: nobody may write settlements but the steps that settle
        self.env["oms.return.settlement"].sudo().create(rows)


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _sort_by_origin(self, open_quantities):
        """[(line of an invoice, open quantity)]: first those that charged what came back, by the order in which goods left.

        So the cost that a credit note takes back is the one at which these goods left. Else the latest invoice first.
        """
        self.ensure_one()
        came_back_of = self.move_ids.filtered(lambda move: move.state == "done").origin_returned_move_id
        if len(open_quantities) < 2 or not came_back_of:
            return list(open_quantities.items())
        sale_line, start, spans = self.sale_line_id, ZERO, []
        left = sale_line._get_outgoing_incoming_moves()[0].filtered(lambda move: move.state == "done")
        for move in left.sorted("id"):
            stop = start + dec(move.product_uom._compute_quantity(move.quantity, sale_line.product_uom_id))
            if move in came_back_of:
                spans.append((start, stop))
            start = stop
        matching, start = self.env["account.move.line"], ZERO
        charged_sudo = sale_line.sudo().invoice_lines.filtered(  # sudo: clerks need no right to every entry
            lambda line: line.move_id.state == "posted" and line.move_id.move_type == "out_invoice"
        )
        for line in charged_sudo.sorted("id"):
            stop = start + sale_line._oms_quantity_of(line)
            if any(start < end and begin < stop for begin, end in spans):
                matching |= line
            start = stop
        return sorted(open_quantities.items(), key=lambda item: item[0] not in matching)

    def _get_refund_terms(self):
        """[(quantity, Part of one unit)] of what is accepted and not settled, in the order in which it was inspected.

        Beyond it, without any deduction.
        """
        self.ensure_one()
        common = {
            "fee_percent": dec(self.fee_percent),
            "fee_amount": dec(self.fee_amount),
            "shipping": self.refund_shipping or "none",
        }
        settled, terms = dec(self.quantity_settled), []
        for quantity, percent, amount in self._get_deductions():
            skipped = min(settled, quantity)
            settled -= skipped
            if quantity > skipped:
                part = Part(Decimal(1), **common, deduction_percent=percent, deduction_amount=amount)
                terms.append([quantity - skipped, part])
        return [*terms, [Decimal("Infinity"), Part(Decimal(1), **common)]]

    def _get_deductions(self):
        """[(quantity, percent, amount for each without tax)] of what was inspected and accepted, the first inspection first."""
        self.ensure_one()
        if "inspection_ids" not in self._fields:
            return []
        return [
            (
                dec(row.quantity),
                dec(row.deduction_percent),
                ZERO if row.deduction_percent else dec(row.deduction_amount),
            )
            for row in self.inspection_ids.sorted("id")
            if row.state == "done" and row.is_accepted
        ]

    def _plan_part(self, book, key, charged, quantity, terms):
        """The entries for a quantity of this line on one invoice; enters in the book what is credited by them.

        :param terms: as of :meth:`_get_refund_terms`; what is taken of them is used up.
        """
        parts, rest, whole = [], quantity, book.lines[key].whole
        # Inspectors deduct without tax, and what is deducted has the tax of the goods.
        with_tax = whole.total / whole.net if whole.net > 0 else Decimal(1)
        while rest > 0:
            taken = min(rest, terms[0][0])
            unit = terms[0][1]
            parts.append(
                Part(
                    taken,
                    unit.fee_percent,
                    unit.fee_amount,
                    "",
                    unit.deduction_percent,
                    unit.deduction_amount * with_tax,
                    unit.shipping,
                )
            )
            rest -= taken
            terms[0][0] -= taken
            if not terms[0][0]:
                terms.pop(0)
        before = book.credited.get(key, Credited())
        try:
            refund = refund_line(book.lines[key], before, parts, book.step)
        except ValueError as error:
            raise UserError(f"{self.product_id.display_name}: {error}") from error
        book.credited[key] = after = refund.credited
        kind = "goods" if self.expects_goods else "claim" if self.return_id.kind == "claim" else "kept"
        basis = {
            "free": _more(before.free, after.free),
            "withheld": _more(before.withheld, after.withheld),
            "rules": _more(before.by_rule, after.by_rule),
        }
        entries = [Entry(kind, charged, refund.goods, quantity, self, basis, self._explain_goods(kind, quantity))]
        for discount, money in refund.discounts.items():
            if money.total:
                # sudo: as for the reversal
                lines_sudo = self.env["sale.order.line"].browse(discount).sudo().invoice_lines
                posted_sudo = lines_sudo.filtered(
                    lambda line: line.move_id.state == "posted" and line.move_id.move_type == "out_invoice"
                )
                why = self.env._("Its part of what was off the whole order.")
                entries.append(Entry("discount", posted_sudo[:1], money, return_line=self, why=why))
        for kind, money in (("fee", refund.fee), ("deduction", refund.deduction)):
            if money.total:
                entries.append(Entry(kind, charged, -money, return_line=self, why=self._explain_kept(kind, parts)))
        return entries

    def _explain_goods(self, kind, quantity):
        words = {
            "goods": self.env._("%(quantity)s of %(product)s came back and were accepted (%(name)s)."),
            "kept": self.env._("%(quantity)s of %(product)s are refunded and stay with the customer (%(name)s)."),
            "claim": self.env._("%(quantity)s of %(product)s are made good (%(name)s)."),
        }[kind]
        said = words % {
            "quantity": f"{quantity.normalize():f}",
            "product": self.product_id.display_name,
            "name": self.return_id.name,
        }
        return f"{said} {self.reason_id.name}." if self.reason_id else said

    def _explain_kept(self, kind, parts):
        if kind == "fee":
            terms = [f"{self.fee_percent:g} %"] if self.fee_percent else []
            terms += [f"{self.currency_id.format(self.fee_amount)}"] if self.fee_amount else []
            return self.env._("Fee of the return policy: %s for each.", " + ".join(terms))
        terms = [
            f"{part.quantity.normalize():f} × "
            + (
                f"{part.deduction_percent.normalize():f} %"
                if part.deduction_percent
                else self.env._("%s with tax", self.currency_id.format(float(part.deduction_amount)))
            )
            for part in parts
            if part.deduction_percent or part.deduction_amount
        ]
        return self.env._("Found when it was inspected: %s.", ", ".join(terms)) if terms else ""


def _more(before, after):
    """What was added, as it is written down."""
    added = {name: amount - before.get(name, 0) for name, amount in after.items()}
    return {name: str(amount) for name, amount in added.items() if amount}


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_pin_refund(self, quantity, money, keeps_price):
        """The quantity and the amounts of a credit note's line, in the form in which Odoo takes them instead of computing.

        :param keeps_price: show the price and the discount of this line of the invoice; the amounts count all the same.
        """
        self.ensure_one()
        taxes = self.env["account.tax"].browse(money.taxes)
        if not keeps_price or not money.taxes or not money.total:
            included = sum((money.taxes[tax.id] for tax in taxes if tax.price_include), ZERO)
            price_unit, discount = float((money.net + included) / quantity), 0.0
        else:
            price_unit, discount = self.price_unit, self.discount
        return {
            "quantity": float(quantity),
            "price_unit": price_unit,
            "discount": discount,
            "extra_tax_data": {
                "currency_id": self.currency_id.id,
                "price_unit": price_unit,
                "discount": discount,
                "quantity": float(quantity),
                "manual_total_excluded_currency": float(money.net),
                "manual_tax_amounts": {
                    str(tax): {"tax_amount_currency": float(amount), "base_amount_currency": float(money.net)}
                    for tax, amount in money.taxes.items()
                },
            },
        }
