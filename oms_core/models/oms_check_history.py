"""What happened to an order, as the pure part judges it: from the documents themselves, in the order of time."""

from dataclasses import replace
from decimal import Decimal

from odoo import api, models

from ..const import CHECK_DOCUMENTS_NOTED_MAX, CHECK_LAST_EVENTS_MAX
from ..domain.books import Event, Fault, shortest

PRECISION = Decimal("0.000001")


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_history(self, violation):
        """The events that led to a violation: the fewest that show it, or the last ones where no event shows it.

        Where two numbers of a document are all there is to show, who made and who changed it belongs to it.
        """
        events = list(self._get_order_events(self.env["sale.order"].browse(violation.order_id).exists()))
        of_line = {}
        for event in events:
            of_line.setdefault(event.line, []).append(event.id)
        known = {event.id for event in events}
        for event in violation.events:
            needs = event.needs or of_line.get(event.line, ()) if event.line else event.needs
            events.append(replace(event, needs=tuple(one for one in needs if one in known)))
        code, subject = violation.fault
        short = shortest(events, Fault(code, subject)) if code else ()
        if any(event.kind != "compared" for event in short):
            return list(short)
        notes = list(self._get_notes(violation))
        if short:
            ids = tuple(event.id for event in notes)
            return [*notes, *(replace(event, needs=event.needs + ids) for event in short)]
        return sorted([*events[len(notes) - CHECK_LAST_EVENTS_MAX :], *notes], key=lambda event: event.at)

    def _get_notes(self, violation):
        """Who made the documents of a violation, and who changed them last."""
        for model, id_ in violation.documents[:CHECK_DOCUMENTS_NOTED_MAX]:
            record = self.env[model].browse(id_).exists()
            if not record or "company_id" not in record:
                continue  # what several companies share is no document
            about = {"document": _document(record)}
            words = {"document": record.display_name, "user": record.create_uid.name}
            made = self.env._("%(document)s was made by %(user)s", **words)
            yield Event(f"{_id(record)},made", "noted", made, _at(record.create_date), **about)
            # The items of an entry are changed with no trace on the entry itself.
            parts = [record, *(record.line_ids if record._name == "account.move" else ())]
            last = max(parts, key=lambda part: part.write_date)
            if last.write_date > record.create_date:
                words["user"] = last.write_uid.name
                changed = self.env._("%(document)s was changed last, by %(user)s", **words)
                yield Event(f"{_id(record)},changed", "noted", changed, _at(last.write_date), **about)

    @api.model
    def _get_order_events(self, orders):
        """Everything that was ordered, moved, paid and booked, the oldest first."""
        if not orders:
            return []
        events = [
            *self._get_ordered(orders),
            *self._get_money(orders),
            *self._get_moved(orders),
            *self._get_invoiced(orders),
            *self._get_corrected(orders),
        ]
        known = {event.id for event in events}
        # What was made of something that is gone does not come of it any more.
        return sorted(
            (replace(event, needs=tuple(one for one in event.needs if one in known)) for event in events),
            key=lambda event: (event.at, event.kind == "posted"),
        )

    def _get_ordered(self, orders):
        for line in orders.order_line.filtered(lambda line: not line.display_type and line.product_id):
            yield Event(
                _id(line),
                "ordered",
                self.env._(
                    "%(quantity)g × %(product)s ordered", quantity=line.product_uom_qty, product=line.product_id.name
                ),
                _at(line.create_date),
                _document(line.order_id),
                line=str(line.id),
                quantity=exact(line.product_uom_qty),
                amount=exact(line.price_subtotal),
                tax=exact(_get_charged_tax(line)),
            )

    def _get_money(self, orders):
        transactions = orders.transaction_ids.filtered(lambda tx: tx.state == "done" and tx.amount)
        transactions |= transactions.child_transaction_ids.filtered(lambda tx: tx.state == "done" and tx.amount)
        taken = {}
        for tx in transactions.sorted("id"):
            refund = tx.operation == "refund"
            way = f"{tx.oms_tender or 'money'}:{tx.oms_journal_id.id or ''}"
            words = tx.currency_id.format(abs(tx.amount))
            if not refund:
                taken.setdefault(way, []).append(_id(tx))
            yield Event(
                _id(tx),
                "refunded" if refund else "captured",
                self.env._("%s paid back", words) if refund else self.env._("%s taken", words),
                _at(tx.create_date),
                _document(tx.sale_order_ids[:1]),
                way=way,
                amount=exact(-tx.amount if refund else tx.amount),
                needs=tuple(taken.get(way, ())) if refund else (),
            )
        payments = self.env["account.payment"].search([("payment_transaction_id", "in", transactions.ids)])
        for payment in payments.filtered(lambda one: one.move_id.state == "posted").sorted("id"):
            move, tx = payment.move_id, payment.payment_transaction_id
            items = move.line_ids.filtered(lambda item, payment=payment: item.currency_id == payment.currency_id)
            amount = (
                sum(item.amount_currency for item in items if item.amount_currency > 0) if items else payment.amount
            )
            refund = tx.operation == "refund"
            yield Event(
                _id(move),
                "posted",
                self.env._("Booked: %s", payment.currency_id.format(amount)),
                _at(move.create_date),
                _document(move),
                of=_id(tx),
                amount=exact(amount if refund or tx.amount > 0 else -amount),
                needs=(_id(tx),),
            )

    def _get_moved(self, orders):
        for line in orders.order_line:
            shipped = []
            for move in line.move_ids.filtered(lambda move: move.state == "done").sorted("id"):
                there, here = move.location_dest_id.usage == "customer", move.location_id.usage == "customer"
                if there == here or move.product_id != line.product_id:
                    continue
                quantity = move.product_uom._compute_quantity(move.quantity, line.product_uom_id, round=False)
                words = {"quantity": quantity, "product": move.product_id.name}
                shipped += [_id(move)] if there else []
                yield Event(
                    _id(move),
                    "shipped" if there else "returned",
                    self.env._("%(quantity)g × %(product)s left", **words)
                    if there
                    else self.env._("%(quantity)g × %(product)s came back", **words),
                    _at(move.date),
                    _document(move.picking_id),
                    line=str(line.id),
                    quantity=exact(quantity),
                    cost=exact(move.value),
                    needs=(_id(line),) if there else tuple(shipped),
                )

    def _get_invoiced(self, orders):
        for line in orders.order_line:
            moved = [_id(move) for move in line.move_ids]
            for item in line.invoice_lines.filtered(lambda item: item.parent_state == "posted").sorted("id"):
                move = item.move_id
                credit = move.move_type == "out_refund"
                cogs = move.line_ids.filtered(
                    lambda one, item=item: one.display_type == "cogs" and one.cogs_origin_id == item
                )
                origin = (move.reversed_entry_id.invoice_line_ids & line.invoice_lines)[:1]
                quantity = item.product_uom_id._compute_quantity(item.quantity, line.product_uom_id, round=False)
                words = {"quantity": quantity, "amount": item.currency_id.format(item.price_total)}
                yield Event(
                    _id(item),
                    "credited" if credit else "invoiced",
                    self.env._("%(quantity)g credited with %(amount)s", **words)
                    if credit
                    else self.env._("%(quantity)g invoiced with %(amount)s", **words),
                    _at(move.create_date),
                    _document(move),
                    line=str(line.id),
                    of=_id(origin) if credit and origin else "",
                    quantity=exact(quantity),
                    amount=exact(item.price_subtotal),
                    tax=exact(item.price_total - item.price_subtotal),
                    cost=exact(sum(cogs.mapped("credit" if credit else "debit"))),
                    needs=(_id(line), _id(origin)) if credit and origin else (_id(line), *moved),
                )

    def _get_corrected(self, orders):
        items = self.env["account.move.line"].search(
            [("oms_corrected_line_id", "in", orders.order_line.ids), ("parent_state", "=", "posted")], order="id"
        )
        for item in items:
            yield Event(
                _id(item),
                "corrected",
                self.env._("Cost corrected by %s", item.company_currency_id.format(item.balance)),
                _at(item.move_id.create_date),
                _document(item.move_id),
                line=str(item.oms_corrected_line_id.id),
                cost=exact(item.balance),
                needs=(_id(item.oms_corrected_line_id),),
            )


def exact(number):
    """A float as the number that it stands for, finer than anything is counted or valued."""
    return Decimal(str(number or 0)).quantize(PRECISION).normalize() + Decimal(0)


def _get_charged_tax(line):
    """The tax of an order line as the channel charged it, as long as nobody has changed the line."""
    pinned = line.extra_tax_data or {}
    if pinned.get("quantity") != line.product_uom_qty or "manual_tax_amounts" not in pinned:
        return line.price_tax
    return sum(amounts["tax_amount_currency"] for amounts in pinned["manual_tax_amounts"].values())


def _id(record):
    return f"{record._name},{record.id}"


def _at(moment):
    return moment.isoformat(timespec="seconds") if moment else ""


def _document(record):
    return (record._name, record.id, record.display_name) if record else ()
