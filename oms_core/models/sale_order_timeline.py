"""The life of an order for people to read: one list of sentences from all its documents.

Each kind of document is read once for all orders, however many there are. Add-ons add theirs to ``_oms_timeline_events``.
"""

from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime, html2plaintext

from ..domain.timeline import Event, arrange, cut

#: Products named in the sentence about a transfer; the others are counted.
PRODUCTS_MAX = 4

ICONS = {
    "order": "fa-shopping-cart",
    "message": "fa-envelope-o",
    "change": "fa-pencil",
    "hold": "fa-pause",
    "release": "fa-play",
    "decision": "fa-map-signs",
    "confirm": "fa-check",
    "payment": "fa-credit-card",
    "fulfilment": "fa-cubes",
    "parcel": "fa-truck",
    "scan": "fa-barcode",
    "invoice": "fa-file-text-o",
    "return": "fa-undo",
    "refund": "fa-money",
    "cancel": "fa-times",
    "note": "fa-comment-o",
}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_timeline = fields.Html(
        string="Timeline", compute="_compute_oms_timeline", sanitize=False, help="What happened, the oldest first."
    )

    @api.depends_context("uid", "tz", "lang")
    def _compute_oms_timeline(self):
        timelines = self._origin._oms_get_timeline()
        for order in self:
            order.oms_timeline = order._oms_render_timeline(timelines.get(order._origin.id, []))

    def _oms_render_timeline(self, events):
        rows = Markup("").join(
            Markup(
                '<tr><td class="text-nowrap text-muted pe-3">%s</td><td class="pe-2"><i class="fa %s" role="img"/></td>'
                '<td>%s</td><td class="text-muted text-nowrap">%s</td><td class="text-muted text-nowrap">%s</td></tr>'
            )
            % (
                format_datetime(self.env, event.at, dt_format="short"),
                ICONS.get(event.kind, "fa-circle-o"),
                event.sentence,
                event.who,
                event.document,
            )
            for event in events
        )
        return (
            Markup('<table class="table table-sm o_oms_timeline"><tbody>%s</tbody></table>') % rows if rows else False
        )

    def _oms_get_timeline(self, customer=False):
        """What happened to these orders, in a fixed number of queries.

        :param bool customer: only what a customer may read.
        :return: {order id: [``domain.timeline.Event``, the oldest first]}
        """
        self.check_access("read")
        events = defaultdict(list)
        # sudo: who may read an order may read its story; of documents that are none of theirs it tells a sentence
        for order_id, event in self.sudo()._oms_timeline_events():
            events[order_id].append(event)
        return {order_id: arrange(events[order_id], customer) for order_id in self.ids}

    # -------------------------------------------------------------------------------------------------------- EVENTS

    def _oms_timeline_events(self):
        """Yield (order id, ``Event``) of these orders, as superuser. Add-ons add theirs after ``super()``.

        Read with ``search_fetch``, whose one query has no limit of its own, and not record by record.
        """
        if not self.ids:
            return
        yield from self._oms_timeline_of_orders()
        yield from self._oms_timeline_of_messages()
        yield from self._oms_timeline_of_holds()
        yield from self._oms_timeline_of_transfers()
        yield from self._oms_timeline_of_payments()
        yield from self._oms_timeline_of_invoices()
        yield from self._oms_timeline_of_notes()

    def _oms_timeline_of_orders(self):
        names = [
            *("create_date", "oms_channel_id", "oms_ordered_at", "oms_number", "oms_confirmed_at", "oms_cancelled_at"),
            *("oms_release_at", "oms_late_for", "state"),
        ]
        for order in self.search_fetch([("id", "in", self.ids)], names):
            if order.oms_ordered_at:
                sentence = self.env._("Ordered on %(channel)s.", channel=order.oms_channel_id.name)
                yield order.id, Event(order.oms_ordered_at, "order", sentence, "", order.oms_number or "", True)
                yield order.id, Event(order.create_date, "message", self.env._("Received here."))
            else:
                yield order.id, Event(order.create_date, "order", self.env._("Entered here."), customer=True)
            if order.oms_confirmed_at and order.state != "draft":
                yield order.id, Event(order.oms_confirmed_at, "confirm", self.env._("Confirmed."), customer=True)
            if order.oms_late_for:
                yield (
                    order.id,
                    Event(order.oms_late_for, "note", self.env._("The promise for this moment was not kept.")),
                )
            if order.state == "cancel" and order.oms_cancelled_at:
                yield order.id, Event(order.oms_cancelled_at, "cancel", self.env._("Cancelled."), customer=True)

    def _oms_timeline_of_messages(self):
        messages = self.env["oms.message"].search_fetch(
            [("res_model", "=", "sale.order"), ("res_id", "in", self.ids), ("direction", "=", "in")],
            ["res_id", "kind", "state", "create_date", "processed_at", "error"],
        )
        labels = dict(messages._fields["state"]._description_selection(self.env))
        for message in messages:
            sentence = self.env._(
                "The channel sent “%(kind)s”: %(state)s.", kind=message.kind, state=labels[message.state].lower()
            )
            yield message.res_id, Event(message.processed_at or message.create_date, "message", sentence)

    def _oms_timeline_of_holds(self):
        holds = self.env["oms.hold"].search_fetch(
            [("order_id", "in", self.ids)],
            ["order_id", "kind", "reason", "create_date", "create_uid", "released_at", "released_by_id"],
        )
        for hold in holds:
            reason = cut(hold.reason)
            yield (
                hold.order_id.id,
                Event(hold.create_date, "hold", self.env._("On hold: %s", reason), self._oms_who(hold.create_uid)),
            )
            if hold.kind == "payment":
                yield (
                    hold.order_id.id,
                    Event(hold.create_date, "hold", self.env._("Waits for the payment."), customer=True),
                )
            if hold.released_at:
                yield (
                    hold.order_id.id,
                    Event(
                        hold.released_at,
                        "release",
                        self.env._("Released: %s", reason),
                        self._oms_who(hold.released_by_id),
                    ),
                )

    def _oms_timeline_of_transfers(self):
        moves = self.env["stock.move"].search_fetch(
            [("sale_line_id.order_id", "in", self.ids), ("picking_id", "!=", False)],
            ["picking_id", "product_id", "product_uom_qty", "quantity", "state", "sale_line_id", "location_id"],
        )
        pickings = self.env["stock.picking"].search_fetch(
            [("id", "in", moves.picking_id.ids)],
            [
                *("name", "state", "create_date", "date_done", "picking_type_id", "carrier_id", "carrier_tracking_ref"),
                *(
                    "oms_picked_at",
                    "oms_ready_at",
                    "oms_collected_at",
                    "oms_delivered_at",
                    "location_dest_id",
                    "sale_id",
                ),
            ],
        )
        lines = self.env["sale.order.line"].search_fetch([("id", "in", moves.sale_line_id.ids)], ["order_id"])
        order_of = {line.id: line.order_id.id for line in lines}
        by_picking = defaultdict(list)
        for move in moves:
            by_picking[move.picking_id.id, order_of[move.sale_line_id.id]].append(move)
        by_id = {picking.id: picking for picking in pickings}
        for (picking_id, order_id), of_picking in by_picking.items():
            for event in self._oms_timeline_of_transfer(by_id[picking_id], of_picking):
                yield order_id, event

    def _oms_timeline_of_transfer(self, picking, moves):
        code = picking.picking_type_id.code
        words = {
            "what": self._oms_name_goods(moves, picking.state == "done"),
            "place": picking.picking_type_id.warehouse_id.name or picking.picking_type_id.name,
        }
        if code == "incoming" or moves[0].location_id.usage == "customer":
            if picking.state == "done":
                sentence = self.env._("%(what)s came back to %(place)s.", **words)
                yield Event(picking.date_done, "return", sentence, "", picking.name, True)
            return
        outgoing = code == "outgoing"
        sentence = (
            self.env._("%(place)s is to send %(what)s.", **words)
            if outgoing
            else self.env._("%(place)s is to pick %(what)s.", **words)
        )
        yield Event(picking.create_date, "fulfilment", sentence, "", picking.name)
        if picking.state == "cancel":
            sentence = self.env._("%(place)s will not bring %(what)s: cancelled.", **words)
            yield Event(picking.date_done or picking.create_date, "fulfilment", sentence, "", picking.name)
        elif picking.state == "done" and not outgoing:
            sentence = self.env._("Picked at %(place)s: %(what)s.", **words)
            yield Event(picking.date_done, "fulfilment", sentence, "", picking.name)
        if not outgoing:
            return
        if picking.oms_picked_at:
            sentence = self.env._("Picked at %(place)s: %(what)s.", **words)
            yield Event(picking.oms_picked_at, "fulfilment", sentence, "", picking.name)
        if picking.oms_ready_at:
            sentence = self.env._("Ready for pickup at %(place)s: %(what)s.", **words)
            yield Event(picking.oms_ready_at, "fulfilment", sentence, "", picking.name, True)
        if picking.oms_collected_at:
            sentence = self.env._("Picked up at %(place)s: %(what)s.", **words)
            yield Event(picking.oms_collected_at, "parcel", sentence, "", picking.name, True)
        elif picking.state == "done":
            sentence = self.env._("%(what)s left %(place)s.", **words)
            tracking = " ".join(filter(None, (picking.carrier_id.name, picking.carrier_tracking_ref)))
            yield Event(picking.date_done, "parcel", sentence, "", tracking or picking.name, True)
        if picking.oms_delivered_at:
            sentence = self.env._("Delivered: %(what)s.", **words)
            yield Event(picking.oms_delivered_at, "parcel", sentence, "", picking.carrier_tracking_ref or "", True)

    def _oms_name_goods(self, moves, done):
        quantities = defaultdict(float)
        for move in moves:
            quantity = move.quantity if done else move.product_uom_qty
            if quantity:
                quantities[move.product_id] += quantity
        named = [f"{quantity:g} × {goods.name}" for goods, quantity in list(quantities.items())[:PRODUCTS_MAX]]
        if len(quantities) > PRODUCTS_MAX:
            named.append(self.env._("%s more", len(quantities) - PRODUCTS_MAX))
        return ", ".join(named) or self.env._("nothing")

    def _oms_timeline_of_payments(self):
        names = [
            "amount",
            "currency_id",
            "last_state_change",
            "state",
            "operation",
            "provider_reference",
            "sale_order_ids",
        ]
        transactions = self.env["payment.transaction"].search_fetch(
            Domain("sale_order_ids", "in", self.ids) & Domain("state", "in", ("authorized", "done"))
            # Given free; and an authorisation of which nothing is left, which its captures stand for now.
            | Domain("sale_order_ids", "in", self.ids)
            & Domain("state", "=", "cancel")
            & Domain("source_transaction_id", "!=", False)
            | Domain("state", "=", "done") & Domain("child_transaction_ids.sale_order_ids", "in", self.ids),
            names,
        )
        own = set(self.ids)
        for transaction in transactions:
            amount = transaction.currency_id.format(abs(transaction.amount))
            at = transaction.last_state_change or transaction.create_date
            orders = transaction.sale_order_ids
            used_up = not orders  # an authorisation
            if used_up:
                orders, at = transaction.child_transaction_ids.sale_order_ids, transaction.create_date
            if transaction.amount < 0 or transaction.operation == "refund":
                kind, sentence = "refund", self.env._("%s paid back.", amount)
            elif transaction.state == "cancel":
                kind, sentence = "payment", self.env._("%s of what was authorized are not charged.", amount)
            elif transaction.state == "authorized" or used_up:
                kind, sentence = "payment", self.env._("%s authorized.", amount)
            else:
                kind, sentence = "payment", self.env._("%s paid.", amount)
            for order_id in orders.ids:
                if order_id in own:
                    yield order_id, Event(at, kind, sentence, "", transaction.provider_reference or "", True)

    def _oms_timeline_of_invoices(self):
        self.env["account.move.line"].flush_model(["sale_line_ids", "move_id"])
        self.env["sale.order.line"].flush_model(["order_id"])
        rows = self.env.execute_query_dict(
            self._oms_invoices_sql(tuple(self.ids)),
        )
        moves = self.env["account.move"].search_fetch(
            [("id", "in", [row["move_id"] for row in rows]), ("state", "=", "posted")],
            ["name", "move_type", "amount_total", "currency_id", "create_date"],
        )
        by_id = {move.id: move for move in moves}
        for row in rows:
            if move := by_id.get(row["move_id"]):
                amount = move.currency_id.format(move.amount_total)
                if move.move_type == "out_refund":
                    event = Event(move.create_date, "refund", self.env._("%s credited.", amount), "", move.name, True)
                else:
                    event = Event(move.create_date, "invoice", self.env._("%s invoiced.", amount), "", move.name, True)
                yield row["order_id"], event

    @api.model
    def _oms_invoices_sql(self, ids):
        return SQL(
            """SELECT DISTINCT l.order_id, a.move_id
                 FROM sale_order_line l
                 JOIN sale_order_line_invoice_rel r ON r.order_line_id = l.id
                 JOIN account_move_line a ON a.id = r.invoice_line_id
                WHERE l.order_id IN %s""",
            ids,
        )

    def _oms_timeline_of_notes(self):
        """What people wrote. Notes that the system makes of what is told above are left out."""
        notes = self.env["mail.message"].search_fetch(
            [("model", "=", "sale.order"), ("res_id", "in", self.ids), ("message_type", "in", ("comment", "email"))],
            ["res_id", "date", "body", "author_id", "is_internal", "subtype_id"],
        )
        people = {partner.id: partner for partner in notes.author_id}
        internal = {subtype.id for subtype in notes.subtype_id if subtype.internal}
        for note in notes:
            text = " ".join(html2plaintext(note.body or "").split())
            if text:
                author = people[note.author_id.id].name if note.author_id else ""
                public = not note.is_internal and note.subtype_id.id not in internal and bool(note.subtype_id)
                yield note.res_id, Event(note.date, "note", cut(text), author, "", public)

    def _oms_who(self, user):
        """The name of a person; jobs and the system have none."""
        return "" if not user or user._is_superuser() or user.share else user.name
