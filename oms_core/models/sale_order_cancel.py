"""Cancelling an order without ever shipping it as well: whoever locks the deliveries first wins."""

from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import LockError, UserError

from ..const import INSIDE
from ..domain.cancelling import Standing
from ..domain.timeline import Event, cut


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_cancellation_ids = fields.One2many("oms.cancellation", "order_id", string="Cancellations")

    def action_oms_cancel(self):
        """Ask what to cancel and why, and show what can still be stopped."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel %s", self.display_name),
            "res_model": "oms.cancellation.ask",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    # ----------------------------------------------------------------------------------------------------- ASKING

    def _oms_request_cancellation(self, reason, asked_by, note="", quantities=None):
        """Ask that this order, or a part of it, is not delivered, and stop what can be stopped.

        :param reason: a code of ``const.CANCEL_REASONS``.
        :param asked_by: a code of ``const.ASKED_BY``.
        :param quantities: {sale order line: how much of it}; ``None`` for the whole order.
        :return: the ``oms.cancellation``; still *requested* when somebody works on the delivery right now.
        """
        self.ensure_one()
        lines = [
            fields.Command.create({"sale_line_id": line.id, "quantity": float(quantity)})
            for line, quantity in (quantities or {}).items()
            if quantity > 0
        ]
        # sudo: cancellations are written by the system alone; who may ask is checked by who calls this
        cancellation_sudo = (
            self.env["oms.cancellation"]
            .sudo()
            .create(
                {
                    "order_id": self.id,
                    "asked_by": asked_by,
                    "reason": reason,
                    "note": note or False,
                    "whole": quantities is None,
                    "line_ids": lines,
                    "user_id": self.env.uid,
                }
            )
        )
        cancellation_sudo._decide()
        return cancellation_sudo.with_env(self.env)

    def _oms_cancel(self, reason):
        """The channel cancelled this order: stop it, or say why it is too late."""
        self.ensure_one()
        if self.state == "cancel":
            return
        waiting = self.oms_cancellation_ids.filtered(lambda record: record.state == "requested" and record.whole)
        if waiting:
            waiting._decide()
            return
        told = self.oms_cancellation_ids.filtered(
            lambda record: record.whole and record.state in ("partly", "too_late")
        )
        if told and all(line.open <= 0 for line in self._oms_get_standing()):
            return  # said again: what could be stopped was, and what had left has been asked back
        self._oms_request_cancellation("channel", "channel", reason)

    # --------------------------------------------------------------------------------------------------- STOPPING

    def _oms_get_standing(self):
        """Of each line of goods: how much is ordered, and how much has left."""
        return [
            Standing(line.id, Decimal(repr(line.product_uom_qty)), Decimal(repr(line._oms_get_left())))
            for line in self.order_line
            if line._is_oms_goods() and line.product_uom_qty > 0
        ]

    def _oms_lock_deliveries(self):
        """Keep everybody else from the open transfers of these orders until this transaction ends.

        Shipping takes the same lock (``stock.picking.button_validate``), so that a parcel cannot leave while its order is
        cancelled. Who comes second sees what the first has done: Postgres refuses to lock a row that was changed since
        the transaction began, and Odoo then repeats the request from the start.

        :raise LockError: when somebody else has one of them.
        """
        # sudo: who may cancel an order may keep its transfers from leaving, and what is brought to its store
        pickings_sudo = self.sudo().picking_ids | self.sudo().oms_transfer_ids
        open_sudo = pickings_sudo.filtered(lambda picking: picking.state not in ("done", "cancel"))
        open_sudo.flush_recordset()
        open_sudo.lock_for_update(allow_referencing=True)

    def _oms_stop_whole(self, cancellation, words):
        """Cancel this order of which nothing has left.

        What is booked does not go away by itself: then the goods stay here, and an accountant has to look at the money.

        :return: a sentence about what was done.
        """
        self.ensure_one()
        if booked := self._oms_get_booked():
            names = ", ".join(booked.mapped("name"))
            self._oms_hold(
                "cancel",
                self.env._(
                    "%(reason)s %(entries)s are booked already: credit the invoice, record the repayment, then cancel the "
                    "order here.",
                    reason=words,
                    entries=names,
                ),
            )
            return self.env._("The goods stay here. %s are booked already and have to be credited first.", names)
        if self.locked:
            self.action_unlock()
        self.action_cancel()
        if cancellation.asked_by == "channel":
            self.oms_called_off = True
        self.message_post(body=words)
        return self.env._("The order was cancelled before anything had left.")

    def _action_cancel(self):
        """Override of ``sale``: an order is not cancelled while its parcel leaves; and every cancellation is kept."""
        try:
            self._oms_lock_deliveries()
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody is working on a delivery of this order right now. Try again in a moment, or ask for the "
                    "cancellation with “Cancel…”: it is decided as soon as they are done."
                )
            ) from error
        standing = self.filtered(lambda order: order.state != "cancel")
        result = super()._action_cancel()
        standing._oms_void_reservations()
        if self.env.context.get("oms_cancellation") is not INSIDE:
            now = fields.Datetime.now()
            # sudo: cancellations are written by the system alone
            self.env["oms.cancellation"].sudo().create(
                [
                    {
                        "order_id": order.id,
                        "asked_by": "clerk",
                        "reason": "staff",
                        "whole": True,
                        "state": "stopped",
                        "outcome": self.env._("Cancelled on the order itself."),
                        "decided_at": now,
                        "user_id": self.env.uid,
                    }
                    for order in standing.filtered("oms_channel_id")
                ]
            )
        return result

    def _oms_void_reservations(self):
        """Give back what was set aside for these orders."""
        # sudo: reservations are written by the system alone
        pending_sudo = (
            self.env["oms.reservation"].sudo().search([("order_id", "in", self.ids), ("state", "=", "pending")])
        )
        pending_sudo.write({"state": "voided", "closed_at": fields.Datetime.now()})

    # ---------------------------------------------------------------------------------------------------- TIMELINE

    def _oms_timeline_events(self):
        """Override to tell who wanted it cancelled, and what came of that."""
        yield from super()._oms_timeline_events()
        records = self.env["oms.cancellation"].search_fetch(
            [("order_id", "in", self.ids)],
            [
                *("order_id", "asked_by", "reason", "whole", "state", "outcome"),
                *("requested_at", "decided_at", "user_id"),
            ],
        )
        people = dict(records._fields["asked_by"]._description_selection(self.env))
        reasons = dict(records._fields["reason"]._description_selection(self.env))
        for record in records:
            words = {"who": people[record.asked_by], "reason": reasons[record.reason]}
            if record.whole:
                sentence = self.env._("%(who)s: cancel the order (%(reason)s).", **words)
            else:
                sentence = self.env._("%(who)s: cancel a part of it (%(reason)s).", **words)
            yield record.order_id.id, Event(record.requested_at, "cancel", sentence, self._oms_who(record.user_id))
            if record.decided_at:
                # That the whole order was stopped, the order says itself.
                told = not record.whole or record.state != "stopped"
                event = Event(record.decided_at, "cancel", cut(record.outcome or ""), customer=told)
                yield record.order_id.id, event

    # ------------------------------------------------------------------------------------------------------- HOOKS

    def _oms_on_cancelled_too_late(self, cancellation):
        """Hook: ``cancellation`` asks for goods that have left already."""
