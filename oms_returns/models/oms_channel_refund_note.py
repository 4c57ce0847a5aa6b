"""The credit notes of a refund by a channel: reversals of what was charged, and lines for what is not about units."""

from collections import defaultdict
from decimal import Decimal

from odoo import fields, models
from odoo.fields import Command

from odoo.addons.oms_core.domain.money import ZERO, allocate

from ..domain.channel_refund import spread


class OmsChannelRefund(models.Model):
    _inherit = "oms.channel.refund"

    # ------------------------------------------------------------------------------------------------------ CREDIT NOTES

    def _reverse_parts(self, wanted, open_lines):
        """Draft reversals of the invoices that charged these parts.

        :return: ``(credit notes, {order line: (net, tax) that they credit})``
        """
        left = {line: dict(lines) for line, lines in open_lines.items()}
        parts = defaultdict(lambda: defaultdict(list))
        for sale_line, quantity, return_line, how in wanted:
            rest = quantity
            for invoice_line, open_quantity in left[sale_line].items():
                if taken := min(rest, open_quantity):
                    parts[invoice_line.move_id][invoice_line].append(
                        (sale_line, taken, return_line, how, open_quantity)
                    )
                    left[sale_line][invoice_line] = open_quantity = open_quantity - taken
                    rest -= taken
        moves, credited = self.env["account.move"], defaultdict(lambda: (ZERO, ZERO))
        for invoice, of_invoice in sorted(parts.items(), key=lambda item: item[0].id):
            move = self._draft_reversal(invoice)
            self._trim(move, of_invoice)
            moves |= move
            for line in move.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
                net = Decimal(str(line.price_subtotal))
                key = line.sale_line_ids[:1]
                before = credited[key]
                credited[key] = (before[0] + net, before[1] + Decimal(str(line.price_total)) - net)
        return moves, credited

    def _draft_reversal(self, invoice):
        date = invoice.company_id._oms_get_today(self.refunded_at or fields.Datetime.now())
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "journal_id": invoice.journal_id.id,
                    "reason": self.reason or self.external_id,
                    "date": max(date, invoice.invoice_date or date),
                }
            )
        )
        wizard.refund_moves()
        return wizard.new_move_ids

    def _trim(self, move, of_invoice):
        """Leave on a reversal what these parts credit, each with the share of its line that the channel's amounts have."""
        by_sale_line = defaultdict(list)
        for invoice_line, parts in sorted(of_invoice.items(), key=lambda item: item[0].id):
            by_sale_line[invoice_line.sale_line_ids].append((invoice_line, parts))
        commands = []
        for line in move.invoice_line_ids:
            if line.display_type != "product" or not by_sale_line[line.sale_line_ids]:
                commands.append(Command.delete(line.id))
                continue
            invoice_line, parts = by_sale_line[line.sale_line_ids].pop(0)
            values = [self._prepare_part(invoice_line, *part) for part in parts]
            commands.append(Command.update(line.id, values[0]))
            for more in values[1:]:
                commands.append(
                    Command.create(
                        {**line.copy_data()[0], "sale_line_ids": [Command.set(line.sale_line_ids.ids)], **more}
                    )
                )
        move.write({"invoice_line_ids": commands})

    def _prepare_part(self, invoice_line, sale_line, quantity, return_line, how, open_quantity):
        # What never left are the last units of its line; what comes back counts from the first, as all returns do.
        whole = sale_line._oms_quantity_of(invoice_line)
        start = open_quantity - quantity if how == "off" else whole - open_quantity
        amounts = sale_line._oms_share(invoice_line, start, start + quantity)
        return {
            "quantity": float(quantity),
            "oms_return_line_id": return_line.id if return_line else False,
            "oms_refund_kind": "goods",
            "oms_credited_line_id": invoice_line.id,
            **amounts,
        }

    # ------------------------------------------------------------------------------------------------- BESIDE THE UNITS

    def _get_extras(self, rests, credited):
        """What the refund is for beside units that are credited: what is kept, charges and prices in part, goodwill, and what
        the channel reckons otherwise than we do. With what is credited and what was never charged it sums to the refund.

        :param rests: as of :meth:`_get_wanted`.
        :param credited: {order line: (net, tax) that is credited by quantity}
        :return: ``[{kind, name, line, net, tax}]``
        """
        step, nothing = self._step(), (ZERO, ZERO)
        extras = []
        for line, rest in rests.items():
            done = credited.get(line, nothing)
            kept = rest["kept"]
            net, tax = (
                (rest[name] - done[index] - kept[index]).quantize(step) for index, name in enumerate(("net", "tax"))
            )
            if rest["units_kept"]:
                name = self.env._("%s, kept by the customer", rest["name"])
                quantity = {"quantity": rest["units_kept"]}
                extras.append({"kind": "kept", "name": name, "line": line, "net": kept[0], "tax": kept[1], **quantity})
            if rest["quantity"] and line._is_oms_goods():
                kind, name = "goodwill", self._say_difference(rest)
            else:
                kind, name = "adjustment" if line else "goodwill", rest["name"]
                if line.oms_kind == "shipping":
                    kind = "shipping"
            extras.append({"kind": kind, "name": name, "line": line, "net": net, "tax": tax})
        extras += self._get_shipping_extras()
        told = sum((rest["told"] for rest in rests.values()), ZERO)
        others = sum((sum(done, ZERO) for line, done in credited.items() if line not in rests), ZERO)
        shipping = sum((extra["net"] + extra["tax"] for extra in extras if extra["kind"] == "shipping"), ZERO)
        extras += self._get_goodwill((Decimal(str(self.amount)) - told - shipping - others).quantize(step))
        return [extra for extra in extras if extra["net"] or extra["tax"]]

    def _say_difference(self, rest):
        return self.env._(
            "%(name)s: the channel reckons %(amount)s for %(quantity)s, and it was charged otherwise",
            name=rest["name"],
            amount=self.currency_id.format(float(rest["told"])),
            quantity=f"{rest['quantity'].normalize():f}",
        )

    def _get_shipping_extras(self):
        """What was paid back of shipping and is told as a sum."""
        lines = self.order_id.order_line.filtered(lambda line: line.oms_kind == "shipping")
        amounts = [(Decimal(str(line.price_subtotal)), Decimal(str(line.price_tax))) for line in lines]
        parts = spread(Decimal(str(self.shipping)).quantize(self._step()), amounts, self._step())
        return [
            {"kind": "shipping", "name": self.env._("Shipping paid back"), "line": line, "net": net, "tax": tax}
            for line, (net, tax) in zip(lines, parts, strict=False)
        ]

    def _get_goodwill(self, amount):
        """What the channel paid for nothing in particular, or kept: with the taxes of what was sold, in proportion."""
        if not amount:
            return []
        groups = list(
            self.order_id.order_line.filtered(lambda line: not line.display_type and line.price_total > 0)
            .grouped("tax_ids")
            .values()
        )
        mix = [
            (Decimal(str(sum(lines.mapped("price_subtotal")))), Decimal(str(sum(lines.mapped("price_tax")))))
            for lines in groups
        ]
        lines = [lines[0] for lines in groups]
        parts = spread(amount, mix, self._step()) or [(amount, ZERO)]
        words = (
            self.env._("Paid back by the channel: %s", self.reason or self.external_id)
            if amount > 0
            else self.env._("Kept by the channel of the refund %s", self.external_id)
        )
        return [
            {"kind": "goodwill", "name": words, "line": line, "net": net, "tax": tax}
            for line, (net, tax) in zip(lines or [self.order_id.order_line.browse()], parts, strict=True)
        ]

    def _add_extras(self, move, invoice, extras):
        """Put these on a draft credit note, or on one of their own.

        :return: the credit note.
        """
        if not move:
            move = self._draft_reversal(invoice)
            move.write({"invoice_line_ids": [Command.delete(line.id) for line in move.invoice_line_ids]})
        move.write({"invoice_line_ids": [Command.create(self._prepare_extra(extra)) for extra in extras]})
        return move

    def _prepare_extra(self, extra):
        """The values of a line that gives money back beside what is credited by quantity, with the taxes as the channel has
        them. It is of no order line, so that no invoiced quantity moves."""
        kind, line, net = extra["kind"], extra["line"], extra["net"]
        product = line.product_id
        if line._is_oms_goods() or not product or kind in ("kept", "goodwill"):
            product = self.env.ref(f"oms_returns.product_refund_{kind}")
            self.company_id._oms_get_refund_account(kind)
        parts = self._split_tax(line, extra["tax"])
        if not parts:
            net += extra["tax"]
        quantity = extra.get("quantity", Decimal(1))
        included = sum((part for tax, part in parts.items() if tax.price_include), ZERO)
        price = float((net + included) / quantity)
        pinned = {
            "currency_id": self.currency_id.id,
            "price_unit": price,
            "discount": 0.0,
            "quantity": float(quantity),
            "manual_total_excluded_currency": float(net),
            "manual_tax_amounts": {
                str(tax.id): {"tax_amount_currency": float(part), "base_amount_currency": float(net)}
                for tax, part in parts.items()
            },
        }
        return {
            "product_id": product.id,
            "name": extra["name"],
            "quantity": float(quantity),
            "price_unit": price,
            "tax_ids": [Command.set([tax.id for tax in parts])],
            "extra_tax_data": pinned if parts else False,
            "oms_refund_kind": kind,
            **self._prepare_credited(kind, line),
        }

    def _split_tax(self, line, amount):
        """{tax of an order line: its part of this amount}; empty where the line has none."""
        amounts = (line.extra_tax_data or {}).get("manual_tax_amounts") or {}
        weights = [
            abs(Decimal(repr(amounts.get(str(tax.id), {}).get("tax_amount_currency", 0)))) for tax in line.tax_ids
        ]
        if not any(weights):
            weights = [abs(Decimal(repr(tax.amount))) for tax in line.tax_ids]
        return dict(zip(line.tax_ids, allocate(amount, weights, self._step()), strict=True)) if weights else {}

    def _prepare_credited(self, kind, line):
        """Which charge it is about, so that nothing of it is given back twice."""
        charged = line.invoice_lines.filtered(
            lambda one: one.move_id.state == "posted" and one.move_id.move_type == "out_invoice"
        ).sorted("id")[-1:]
        if not charged or kind == "goodwill":
            return {}
        values = {"oms_credited_line_id": charged.id}
        if kind == "adjustment":
            quantity, credited = line._oms_get_charged()
            if quantity <= credited:
                return {}
            values["oms_refund_basis"] = {"start": str(credited), "stop": str(quantity)}
        return values

    def _post_credits(self, moves):
        for number, move in enumerate(moves, 1):
            values = {"oms_key": f"channel_refund:{self.id}:{self.rounds}:{number}", "oms_channel_refund_id": self.id}
            why = self.env._("The channel paid it back: %s", self.reason or self.external_id)
            requests = move.invoice_line_ids.oms_return_line_id.return_id
            move.write({**values, "oms_order_id": self.order_id.id, "oms_why": why, "oms_return_id": requests[:1].id})
            if move.currency_id.compare_amounts(move.amount_total, 0) < 0:
                move.action_switch_move_type()  # the channel kept more than what is credited
            move.action_post()
            move.message_post(
                body=self.env._(
                    "The channel paid back %(amount)s on %(order)s (%(refund)s).",
                    amount=self.currency_id.format(self.amount),
                    order=self.order_id.name,
                    refund=self.external_id,
                )
            )
