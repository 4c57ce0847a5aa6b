"""The lines of a bill: matched with what was booked, and written into the native vendor bill."""

from collections import defaultdict

from odoo import Command, fields, models

from odoo.addons.oms_core.domain.money import ZERO

from ..domain.bill import KINDS, BillLine, tax_rate
from ..domain.bill_match import match
from ..domain.currencies import step
from .oms_bill_line import OWED
from .oms_settlement_booked import exact


class AccountMove(models.Model):
    """What is debited is grouped by what it is for and its tax; what each parcel has of it is in the lines of the bill.

    ::

        Dr expense (transport, fuel …)   Dr tax   Cr the vendor
    """

    _inherit = "account.move"

    # -------------------------------------------------------------------------------------------------------- MATCH

    def _oms_match_bill(self, doc=None):
        """Give each line its verdict; without ``doc``, to those again that nobody has decided.

        The lines of a document are made here.
        """
        self.ensure_one()
        biller, currency = self.oms_biller_id, self.currency_id
        day = self.invoice_date
        kept = self.oms_bill_line_ids.filtered(lambda line: line.state in ("agreed", "disputed"))
        lines = doc.lines if doc else [line._to_domain() for line in kept]
        keys, expected = biller._find_booked(lines, currency, day)
        expected, charged = biller._add_earlier(expected, self)
        tolerance = biller._to_tolerance(lambda amount: biller._convert(amount, biller.currency_id, currency, day))
        verdicts = match(lines, keys, expected, tolerance, step(currency.name), charged)
        values = [self._oms_verdict_values(verdict) for verdict in verdicts]
        if not doc:
            for line, of_line in zip(kept, values, strict=True):
                line._by_program().write(of_line)
            return
        taxes = self._oms_get_bill_taxes(biller)
        self.env["oms.bill.line"]._by_program().create(
            [
                {**of_line, "move_id": self.id, **self._oms_told_values(line, taxes)}
                for line, of_line in zip(lines, values, strict=True)
            ]
        )

    def _oms_verdict_values(self, verdict):
        model, _comma, record_id = (verdict.key or "").partition(",")
        label = (
            self.env["oms.shipment.label"].sudo().browse(int(record_id)) if model == "label" else None
        )  # sudo: as above
        return {
            "key": verdict.key or False,
            "label_id": label.id if label else False,
            "picking_id": int(record_id) if model == "picking" else label.picking_id.id if label else False,
            "booked": float(verdict.booked),
            "quoted": float(verdict.quoted or 0),
            "difference": float(verdict.difference),
            "cause": verdict.cause,
            "sentence": verdict.sentence,
            "state": "disputed" if verdict.disputed else "agreed",
        }

    def _oms_told_values(self, line, taxes):
        rate = tax_rate(line.amount, line.tax, taxes, step(self.currency_id.name)) if line.tax else None
        return {
            "row": line.row,
            "kind": line.kind,
            "amount": float(line.amount),
            "tax_amount": float(line.tax or 0),
            "tax_id": taxes[rate].id if rate is not None else False,
            "tracking": line.tracking,
            "reference": line.reference,
            "weight_kg": float(line.weight_kg or 0),
            "quantity": float(line.quantity or 0),
            "service": line.service,
            "at": line.at,
            "text": line.text,
        }

    # -------------------------------------------------------------------------------------------------------- ENTRY

    def _oms_render_bill(self, states=(*OWED, "disputed")):
        """Write the lines of the bill into the native document: one item for each kind and tax.

        What is disputed has items of its own, so that everybody sees what is held. Without some of its lines a bill may become
        a credit note, and the other way round.
        """
        self.ensure_one()
        lines = self.oms_bill_line_ids.filtered(
            lambda line: line.state in states and (not line.item_id or line.item_id.move_id == self)
        )
        # Odoo keeps the type of what has been posted once, and says so where somebody posts it with the other sign.
        if self.move_type != self._oms_get_bill_type(lines._get_total()) and not self.posted_before:
            self.action_switch_move_type()
        self._oms_render_lines(lines)

    def _oms_render_lines(self, lines):
        sign = 1 if self.move_type == "in_invoice" else -1
        code = self.currency_id.name
        groups = defaultdict(lambda: self.env["oms.bill.line"])
        for line in lines:
            groups[line.state == "disputed", line.kind, line.label_id.sudo().purpose == "return", line.tax_id] |= (
                line  # sudo: as above
            )
        product = self.oms_biller_id.product_id
        commands = [
            Command.create(
                {
                    "product_id": product.id,
                    "name": self._oms_get_group_name(kind, of_group, back, disputed),
                    "quantity": 1,
                    "price_unit": sign * float(sum(exact(line.amount, code) for line in of_group)),
                    "tax_ids": [Command.set(tax.ids)],
                    "sequence": number,
                }
            )
            for number, ((disputed, kind, back, tax), of_group) in enumerate(groups.items(), start=1)
        ]
        self.write({"invoice_line_ids": [Command.clear(), *commands]})
        for item, of_group in zip(
            self.invoice_line_ids.sorted(lambda item: (item.sequence, item.id)), groups.values(), strict=True
        ):
            of_group._by_program().item_id = item
        self._oms_take_told_taxes(lines, sign)

    def _oms_get_group_name(self, kind, lines, back, disputed):
        if len(lines) == 1:
            name = self.env._("%s: 1 line", KINDS[kind])
        else:
            name = self.env._("%(kind)s: %(count)s lines", kind=KINDS[kind], count=len(lines))
        name = self.env._("%s, of returns", name) if back else name
        return self.env._("%s, disputed", name) if disputed else name

    def _oms_take_told_taxes(self, lines, sign):
        """The taxes as the bill tells them: it rounds each line, Odoo their sum."""
        told = defaultdict(int)
        for line in lines:
            told[line.tax_id] += exact(line.tax_amount, self.currency_id.name)
        changes = []
        for tax, amount in told.items():
            items = self.line_ids.filtered(lambda item, tax=tax: item.tax_line_id and item.tax_line_id == tax)
            if len(items) == 1 and self.currency_id.compare_amounts(
                items.amount_currency, sign * self.direction_sign * float(amount)
            ):
                changes.append(
                    Command.update(items.id, {"amount_currency": sign * self.direction_sign * float(amount)})
                )
        if changes:
            self.write({"line_ids": changes})

    def _oms_bill_rest(self, lines):
        """Another vendor bill or credit note for lines that were accepted after theirs had been posted without them."""
        self.ensure_one()
        if not lines:
            return
        count = len(self.oms_bill_line_ids.item_id.move_id - self) + 1
        rest = self._oms_create_bills(
            [
                {
                    "move_type": self._oms_get_bill_type(lines._get_total()),
                    "oms_key": f"{self.oms_key}:{count}",
                    "oms_biller_id": self.oms_biller_id.id,
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "journal_id": self.journal_id.id,
                    "currency_id": self.currency_id.id,
                    "ref": self.env._("%(bill)s, accepted later (%(count)s)", bill=self.ref, count=count),
                    "invoice_date": fields.Date.context_today(self),
                }
            ]
        )
        rest._oms_render_lines(lines)
        rest.action_post()


class OmsBillLine(models.Model):
    _inherit = "oms.bill.line"

    def _get_total(self):
        """What these lines of one bill come to, with their tax."""
        code = self.currency_id.name
        return sum((exact(line.amount, code) + exact(line.tax_amount, code) for line in self), ZERO)

    def _to_domain(self):
        self.ensure_one()
        code = self.currency_id.name
        return BillLine(
            row=self.row,
            kind=self.kind,
            amount=exact(self.amount, code),
            tax=exact(self.tax_amount, code),
            tracking=self.tracking or "",
            reference=self.reference or "",
            weight_kg=exact(self.weight_kg, "BHD") or None,
            quantity=exact(self.quantity, "BHD") or None,
            service=self.service or "",
            at=self.at or None,
            text=self.text or "",
        )
