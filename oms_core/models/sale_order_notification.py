from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_amount

from ..const import COLLECTED_METHODS
from ..domain.notifications import occasion_key


class SaleOrder(models.Model):
    """Customers are told what happens to their orders: what, where and how often is decided here and in one table."""

    _inherit = "sale.order"

    oms_notification_ids = fields.One2many(
        "oms.notification",
        "order_id",
        string="Customer Notifications",
        groups="sales_team.group_sale_salesman,oms_core.group_oms_accountant",
    )

    oms_notification_count = fields.Integer(compute="_compute_oms_notification_count", compute_sudo=True)

    def _compute_oms_notification_count(self):
        counts = dict(
            self.env["oms.notification"]._read_group([("order_id", "in", self.ids)], ["order_id"], ["__count"])
        )
        for order in self:
            order.oms_notification_count = counts.get(order._origin, 0)

    def action_oms_view_notifications(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_notification_action")
        action["domain"] = [("order_id", "=", self.id)]
        return action

    # ------------------------------------------------------------------------------------------------------- TELLING

    def _oms_notify(self, event, pickings=None, key=None, **details):
        """Override of the stub: note that these customers are to be told; a job sends it (see ``oms.notification``).

        Calling it again about the same occasion does nothing. What it is about is the delivery where ``pickings`` are
        given, else ``key``, else what the event itself tells apart (:meth:`_oms_occasion_key`).

        :param details: texts and numbers for the template: ``old`` and ``new`` (dates), ``text``, ``amount``.
        :return: the new notifications.
        """
        notifications = self.env["oms.notification"].sudo()  # sudo: whoever works an order may have its customer told
        told = self.filtered(lambda order: order._oms_tells_customers(event))
        if not told:
            return notifications
        rules = self.env["oms.notification.rule"]._get_for(event, told.oms_channel_id)
        values = []
        for order in told:
            rule = rules.get(order.oms_channel_id.id)
            if not rule:
                continue
            due_at = fields.Datetime.now() + timedelta(minutes=rule.delay_minutes)
            known = {name: _plain(value) for name, value in details.items() if value not in (None, False, "")}
            common = {"order_id": order.id, "event": event, "rule_id": rule.id, "due_at": due_at}
            of_order = (pickings or order.picking_ids.browse()).filtered(
                lambda picking, order=order: picking.sale_id == order
            )
            for picking in of_order:
                about = occasion_key("picking", picking.id, key)
                values.append({**common, "key": about, "picking_id": picking.id, "details": known or False})
            if not of_order:
                about = occasion_key(key if key is not None else order._oms_occasion_key(event, details)) or "-"
                values.append(
                    {**common, "key": about, "details": {**order._oms_occasion_details(event), **known} or False}
                )
        made = notifications._create_once(values)
        if made:
            made._wake()
        return made

    def _oms_tells_customers(self, event):
        """Whether the customer of this order may be told about something at all.

        Orders of no channel are Odoo's own: it writes its own mails about them, but has none for goods to be collected.
        """
        self.ensure_one()
        return bool(self.oms_channel_id) or self.oms_delivery_method in COLLECTED_METHODS

    def _oms_occasion_key(self, event, details):
        """What makes an occasion of an event without a delivery another one than before."""
        self.ensure_one()
        match event:
            case "promise_changed" | "delayed":
                return occasion_key(details.get("new") or self.oms_deliver_by or self.oms_ship_by)
            case "changed" | "item_cancelled":
                quantities = [(line.id, line.product_uom_qty) for line in self.order_line if not line.display_type]
                return occasion_key(*(f"{line_id}={quantity:g}" for line_id, quantity in sorted(quantities)))
        return ""

    def _oms_occasion_details(self, event):
        """What is known of an event by looking at the order."""
        self.ensure_one()
        promise = self.oms_deliver_by or self.oms_ship_by
        # what was promised and is over is no date to tell anybody who waits
        if event in ("promise_changed", "delayed") and promise and promise > fields.Datetime.now():
            return {"new": _plain(promise)}
        return {}

    # -------------------------------------------------------------------------------------------------------- EVENTS

    @api.model
    def _oms_create(self, channel, docs, resolver):
        """Override: an order that came in is news, unless it came in cancelled."""
        orders = super()._oms_create(channel, docs, resolver)
        wanted = [order.id for order, doc in zip(orders, docs, strict=True) if doc.status != "cancelled"]
        self.browse(wanted)._oms_notify("received")
        return orders

    def _action_confirm(self):
        result = super()._action_confirm()
        self._oms_notify("confirmed")
        return result

    def _oms_on_cancelled(self):
        result = super()._oms_on_cancelled()
        self._oms_notify("cancelled")
        return result

    def _oms_on_refunded(self, refund, is_paid_here=False):
        result = super()._oms_on_refunded(refund, is_paid_here)
        for order in self:
            amount = format_amount(self.env, refund.amount_total, refund.currency_id)
            order._oms_notify("refunded", key=f"refund:{refund.id}", amount=amount)
        return result

    # ------------------------------------------------------------------------------------------- NATIVE CONFIRMATIONS

    def _send_order_confirmation_mail(self):
        """Override of ``sale``: where the channel writes to its customers, or our own mail is on, Odoo's would be one more."""
        rules = self.env["oms.notification.rule"]._get_for("confirmed", self.oms_channel_id)
        told = {channel_id for channel_id, rule in rules.items() if rule}
        ours = self.filtered(
            lambda order: (
                order.oms_channel_id and (order.oms_channel_id.owns_contact or order.oms_channel_id.id in told)
            )
        )
        native = self - ours
        return super(SaleOrder, native)._send_order_confirmation_mail()


def _plain(value):
    """A value as Json keeps it."""
    return value if isinstance(value, (str, int, float, bool)) else str(value)
