"""What an app is told about its orders, asked or unasked; and what it asks for and tells us about them."""

from dataclasses import replace
from datetime import timezone
from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.oms_core.domain.documents import OrderDoc, OrderLineDoc, RefundDoc, RefundLineDoc
from odoo.addons.oms_core.exceptions import MessageRejected, MessageRetry

from ..domain.outgoing import Standing
from ..platforms import PLATFORMS
from ..platforms.rest_api import const as rest

#: Holds whose sentence is about what the app sent, so that it may be told; others are ours to know.
TOLD_HOLDS = frozenset(
    {"payment", "address", "total", "tax", "product", "quantity", "channel", "test", "cancel", "refund"}
)
#: What happens to an order → how it stands then. Parcels, cancellations and refunds are told by messages of their own.
STANDINGS = {
    "received": "received",
    "confirmed": "confirmed",
    "changed": "changed",
    "cancelled": "cancelled",
    "item_cancelled": "changed",
    "promise_changed": "promise_changed",
    "delayed": "delayed",
    "delivery_problem": "delivery_problem",
    "delivered": "delivered",
    "ready_for_pickup": "ready_for_pickup",
    "collected": "collected",
    "pickup_expired": "pickup_expired",
}
#: Reasons to call off in the words of the API → ours.
REASONS = {"customer": "customer", "stock": "inventory", "fraud": "fraud", "payment": "declined"}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # -------------------------------------------------------------------------------------------------------- TELLING

    def _oms_notify(self, event, pickings=None, key=None, **details):
        """Override of ``oms_core``: apps show their customers themselves how an order stands."""
        if event in STANDINGS:
            for order in self:
                about = key or order._oms_occasion_key(event, details) or "-"
                of_order = (pickings or order.picking_ids.browse()).filtered(
                    lambda one, order=order: one.sale_id == order
                )
                name = f"{event}:{about}:{','.join(map(str, of_order.ids))}"
                order._api_tell_standing(STANDINGS[event], name, str(details.get("new") or details.get("text") or ""))
        return super()._oms_notify(event, pickings, key, **details)

    def _api_tell_standing(self, status, name, sentence=""):
        """Tell the app how this order stands now, once."""
        self.ensure_one()
        channel = self.oms_channel_id
        if not self.oms_external_id:  # what no app sent is told to none
            return
        adapter = PLATFORMS.get(channel.platform)
        if adapter is None or not adapter.capabilities.standing:
            return
        document = Standing(
            key=f"standing-{self.id}-{name}"[:200],
            order_ref=self.oms_external_id,
            status=status,
            at=fields.Datetime.now().replace(tzinfo=timezone.utc),
            sentence=sentence,
            number=self.name,
        )
        self.env["oms.message"]._queue_out(channel, "standing", document, self)

    # --------------------------------------------------------------------------------------------------------- ASKED

    def _api_holds(self):
        """Why this order waits, in words fit for the app."""
        self.ensure_one()
        kinds = dict(self.oms_hold_ids._fields["kind"]._description_selection(self.env))
        return [
            {
                "kind": hold.kind,
                "name": kinds[hold.kind],
                "reason": hold._api_sentence(),
                "since": _stamp(hold.create_date),
            }
            for hold in self.oms_hold_ids.filtered("is_open")
        ]

    def _api_state(self):
        """All that an app is told about one of its orders. Amounts and quantities as text."""
        self.ensure_one()
        statuses = dict(self._fields["oms_status"]._description_selection(self.env))
        goods = self.order_line.filtered(lambda line: not line.display_type)
        return {
            "id": self.oms_external_id,
            "number": self.name,
            "status": self.oms_status,
            "status_text": statuses[self.oms_status],
            "currency": self.currency_id.name,
            "total": _money(self.amount_total, self.currency_id),
            "updated_at": _stamp(self.oms_updated_at),
            "ship_by": _stamp(self.oms_ship_by),
            "deliver_by": _stamp(self.oms_deliver_by),
            "holds": self._api_holds(),
            "lines": [
                {
                    "id": line.oms_external_id or "",
                    "kind": line.oms_kind or "product",
                    "sku": line.oms_sku or line.product_id.default_code or "",
                    "ordered": _number(line.product_uom_qty),
                    "shipped": _number(line._oms_get_shipped() if line._is_oms_goods() else 0.0),
                }
                for line in goods
            ],
            "shipments": [picking._api_shipment() for picking in self.picking_ids if picking._is_api_shipment()],
            "invoices": [
                {
                    "number": move.name,
                    "type": "credit_note" if move.move_type == "out_refund" else "invoice",
                    "date": str(move.invoice_date or ""),
                    "total": _money(move.amount_total, move.currency_id),
                    "open": _money(move.amount_residual, move.currency_id),
                }
                for move in self.invoice_ids
                if move.state == "posted" and move.move_type in ("out_invoice", "out_refund")
            ],
            "refunds": [
                {
                    "id": refund.external_id,
                    "status": refund.state,
                    "amount": _money(refund.amount, refund.currency_id),
                    "refunded_at": _stamp(refund.refunded_at),
                }
                for refund in self.oms_channel_refund_ids
            ],
            "cancellations": [
                {
                    "status": record.state,
                    "outcome": record.outcome or "",
                    "requested_at": _stamp(record.requested_at),
                    "decided_at": _stamp(record.decided_at),
                }
                for record in self.oms_cancellation_ids
            ],
        }

    # --------------------------------------------------------------------------------------------- WHAT THE APP WANTS

    @api.model
    def _api_apply_cancel_requests(self, channel, docs):
        """Call off what apps ask for, raced against shipping as any cancellation."""
        orders = self._oms_find(channel, {doc.order_ref for doc in docs})
        outcomes = []
        for doc in docs:
            order = orders.get(doc.order_ref)
            if not order:
                raise MessageRetry(self.env._("The order that is to be called off has not come here."), "dead")
            outcomes.append((order, "done", order._api_call_off(doc)))
        return outcomes

    def _api_call_off(self, doc):
        self.ensure_one()
        reason = REASONS.get(doc.reason, "channel")
        if not doc.items:
            if self.state == "cancel":
                return self.env._("The order was cancelled already.")
            waiting = self.oms_cancellation_ids.filtered(lambda record: record.state == "requested" and record.whole)
            if waiting:
                waiting._decide()
            else:
                waiting = self._oms_request_cancellation(reason, "channel", doc.note)
            return waiting[:1].outcome or ""
        by_id = {line.oms_external_id: line for line in self.order_line}
        if missing := [item.line_ref for item in doc.items if item.line_ref not in by_id]:
            raise MessageRejected(
                self.env._("The order has no line %s. Name the lines as the order names them.", ", ".join(missing))
            )
        quantities = {}
        for item in doc.items:
            line = by_id[item.line_ref]
            quantities[line] = quantities.get(line, Decimal(0)) + item.quantity
        return self._oms_request_cancellation(reason, "channel", doc.note, quantities).outcome or ""

    @api.model
    def _api_apply_refunds(self, channel, docs):
        """Keep what apps tell about their refunds, and stop what has still to be delivered for a look."""
        orders = self._oms_find(channel, {doc.order_ref for doc in docs})
        outcomes = []
        for doc in docs:
            order = orders.get(doc.order_ref)
            if not order:
                outcomes.append(self._oms_no_order_for(channel, doc.order_ref, doc.refund.refunded_at))
                continue
            told = order._api_as_document()
            known = [refund for refund in order._api_known_refunds() if refund.external_id != doc.refund.external_id]
            told = replace(told, refunds=(*known, order._oms_place_told_refund(doc.refund)))
            self._oms_record_refunds([(order, told)], self.browse())
            order._oms_follow_refunds(told)
            outcomes.append((order, "done", False))
        return outcomes

    def _oms_follow_refunds(self, doc):
        """Hold for what was given back, and for nothing that it said before with other numbers."""
        self.ensure_one()
        reasons = list(self._oms_refund_reasons(doc))
        self.oms_hold_ids.filtered(
            lambda hold: hold.is_open and hold.kind == "refund" and (hold.kind, hold.reason) not in reasons
        )._release()
        known = {(hold.kind, hold.reason) for hold in self.oms_hold_ids}
        for kind, reason in reasons:
            if (kind, reason) not in known:
                self._oms_hold(kind, reason)

    def _api_as_document(self):
        """What of this order a refund refers to, as a document."""
        self.ensure_one()
        moment = (self.oms_updated_at or fields.Datetime.now()).replace(tzinfo=timezone.utc)
        return OrderDoc(
            external_id=self.oms_external_id,
            number=self.oms_number or self.name,
            status="open",
            currency=self.currency_id.name,
            total=Decimal(str(self.amount_total)),
            lines=tuple(
                OrderLineDoc(
                    line.oms_external_id,
                    line.oms_kind or "product",
                    line.product_id.name,
                    Decimal(1),
                    Decimal(0),
                    Decimal(0),
                )
                for line in self.order_line
                if line.oms_external_id
            ),
            ordered_at=moment,
            updated_at=moment,
        )

    def _api_known_refunds(self):
        """What the channel told about refunds so far, as documents."""
        # sudo: what a channel gave back is written and read by the system
        return [
            RefundDoc(
                external_id=refund.external_id,
                amount=Decimal(str(refund.amount)),
                reason=refund.reason or "",
                lines=tuple(
                    RefundLineDoc(
                        line.external_line_id,
                        Decimal(repr(line.quantity)),
                        Decimal(str(line.amount)),
                        Decimal(str(line.tax)),
                        line.restock,
                        line.goods or "",
                        line.location or "",
                    )
                    for line in refund.line_ids
                ),
                shipping=Decimal(str(refund.shipping)),
                refunded_at=refund.refunded_at and refund.refunded_at.replace(tzinfo=timezone.utc),
                pending=refund.state == "pending",
            )
            for refund in self.sudo().oms_channel_refund_ids
            if refund.state != "withdrawn"
        ]

    @api.model
    def _oms_complete_docs(self, channel, docs):
        """Override: refunds that were told by themselves are part of every later state of their order."""
        adapter = PLATFORMS.get(channel.platform)
        if channel.platform == rest.CODE or (adapter and "refunds" in adapter.capabilities.after_sale):
            orders = self._oms_find(channel, {doc.external_id for doc in docs})
            if (
                self.env["oms.channel.refund"]
                .sudo()
                .search_count([("order_id", "in", [o.id for o in orders.values()])], limit=1)
            ):
                docs = [
                    orders[doc.external_id]._api_with_refunds(doc) if doc.external_id in orders else doc for doc in docs
                ]
        return super()._oms_complete_docs(channel, docs)

    def _api_with_refunds(self, doc):
        told = {refund.external_id for refund in doc.refunds}
        return replace(
            doc, refunds=(*doc.refunds, *(one for one in self._api_known_refunds() if one.external_id not in told))
        )


class OmsHold(models.Model):
    _inherit = "oms.hold"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: an app is told that its order waits, and why, as far as that is its business."""
        holds = super().create(vals_list)
        for hold in holds:
            if hold.channel_id.platform == rest.CODE:
                hold.order_id._api_tell_standing("held", f"hold:{hold.id}", hold._api_sentence())
        return holds

    def _api_sentence(self):
        self.ensure_one()
        return self.reason if self.kind in TOLD_HOLDS else self.env._("The order is being looked at by a person.")


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _is_api_shipment(self):
        return self.state == "done" and self.picking_type_code == "outgoing"

    def _api_shipment(self):
        """What an app is told about a delivery that has left."""
        self.ensure_one()
        states = dict(self._fields["oms_tracking_state"]._description_selection(self.env))
        return {
            "id": self.name,
            "shipped_at": _stamp(self.date_done),
            "delivered_at": _stamp(self.oms_delivered_at),
            "carrier": self.carrier_id.name or "",
            "tracking_number": self.carrier_tracking_ref or "",
            "tracking_url": (self.carrier_tracking_ref and self.carrier_tracking_url) or "",
            "tracking_status": self.oms_tracking_state or "",
            "tracking_text": states.get(self.oms_tracking_state) or "",
            "lines": [
                {"line_id": move.sale_line_id.oms_external_id, "quantity": _number(move.quantity)}
                for move in self.move_ids
                if move.sale_line_id.oms_external_id and move.quantity
            ],
        }


class OmsMessage(models.Model):
    _inherit = "oms.message"

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            "cancel_request": lambda channel, docs: channel.env["sale.order"]._api_apply_cancel_requests(channel, docs),
            "refund_told": lambda channel, docs: channel.env["sale.order"]._api_apply_refunds(channel, docs),
        }


def _number(value):
    """A quantity as text, without digits that a float has made up."""
    return format(Decimal(repr(round(float(value), 6))).normalize() + Decimal(0), "f")


def _money(value, currency):
    """An amount as text, with the decimals of its currency."""
    return format(value, f".{currency.decimal_places}f")


def _stamp(moment):
    return fields.Datetime.to_string(moment).replace(" ", "T") + "Z" if moment else ""
