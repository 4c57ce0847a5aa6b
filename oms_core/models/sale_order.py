from collections import defaultdict
from itertools import repeat

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import DELIVERY_METHODS, INSIDE


class SaleOrder(models.Model):
    """The order is the native one. The hub adds where it came from, what holds it, and one seam before confirmation."""

    _inherit = "sale.order"

    oms_source_type = fields.Selection(
        related="oms_channel_id.source_type", string="Kind of Channel", store=True, index="btree_not_null"
    )
    oms_channel_id = fields.Many2one(
        "oms.channel", string="Channel", index=True, copy=False, check_company=True, tracking=True
    )
    oms_external_id = fields.Char(string="Channel Order ID", readonly=True, copy=False)
    oms_number = fields.Char(
        string="Channel Order",
        readonly=True,
        copy=False,
        index="trigram",
        help="How customer and shop call this order.",
    )
    oms_customer_ref = fields.Char(
        string="Customer on the Channel", readonly=True, copy=False, help="The channel's id of the customer's account."
    )
    oms_ordered_at = fields.Datetime(
        string="Ordered On", readonly=True, copy=False, help="When the customer ordered, as the channel tells it."
    )
    oms_updated_at = fields.Datetime(string="Channel Version", readonly=True, copy=False)
    oms_content_hash = fields.Char(
        readonly=True, copy=False, help="What was ordered, in short, to see whether an update changes it."
    )
    oms_channel_total = fields.Monetary(
        string="Channel Total", readonly=True, copy=False, help="What the channel charged the customer in all."
    )
    oms_channel_status = fields.Char(string="Status on the Channel", readonly=True, copy=False)
    oms_called_off = fields.Boolean(
        readonly=True, copy=False, help="The channel cancelled this order, and may take it up again."
    )
    oms_payment_method = fields.Char(string="Paid With", readonly=True, copy=False)
    oms_delivery_method = fields.Selection(
        DELIVERY_METHODS,
        string="Way of Delivery",
        default="ship",
        tracking=True,
        help="How the customer wants the goods; it decides where the order queues.",
    )
    oms_pickup_warehouse_id = fields.Many2one(
        "stock.warehouse", string="Pick Up At", check_company=True, tracking=True, help="Where the customer will come."
    )
    oms_ship_by = fields.Datetime(
        string="Ship By", copy=False, tracking=True, help="The last moment at which the goods may leave to be in time."
    )
    oms_deliver_by = fields.Datetime(
        string="Deliver By", copy=False, tracking=True, help="When the customer was told to have the goods."
    )
    oms_hold_ids = fields.One2many("oms.hold", "order_id", string="Holds")
    oms_open_hold_ids = fields.One2many("oms.hold", "order_id", domain=[("released_at", "=", False)], readonly=True)
    oms_on_hold = fields.Boolean(
        string="On Hold", compute="_compute_oms_on_hold", search="_search_oms_on_hold", compute_sudo=True
    )
    oms_hold_reason = fields.Char(string="Why on Hold", compute="_compute_oms_on_hold", compute_sudo=True)
    oms_explanation = fields.Char(
        string="Why",
        compute="_compute_oms_explanation",
        compute_sudo=True,
        help="What holds the order, or else why it goes the way it goes.",
    )
    oms_message_count = fields.Integer(compute="_compute_oms_message_count", compute_sudo=True)
    oms_settled_on = fields.Date(
        string="Settled On",
        readonly=True,
        copy=False,
        help="The day of the first payout of the channel that has this order.",
    )
    oms_booking_error = fields.Text(string="Not Booked", readonly=True, copy=False)

    _oms_customer_ref_idx = models.Index("(oms_channel_id, oms_customer_ref, id) WHERE oms_customer_ref IS NOT NULL")
    _oms_external_uniq = models.UniqueIndex(
        "(oms_channel_id, oms_external_id) WHERE oms_external_id IS NOT NULL",
        "This order of the channel has been captured already.",
    )

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends("oms_hold_ids.released_at")
    def _compute_oms_on_hold(self):
        for order in self:
            standing = order.oms_hold_ids.filtered("is_open")
            order.oms_on_hold = bool(standing)
            order.oms_hold_reason = " / ".join(standing.mapped("reason")) or False

    @api.depends("oms_hold_reason")
    def _compute_oms_explanation(self):
        """Spokes add what they decided, where nothing holds the order."""
        for order in self:
            order.oms_explanation = order.oms_hold_reason

    def _search_oms_on_hold(self, operator, value):
        if operator != "in":
            return NotImplemented
        standing = ("oms_hold_ids", "any", [("released_at", "=", False)])
        return [standing] if True in value else ["!", standing]

    def _compute_oms_message_count(self):
        counts = dict(
            self.env["oms.message"]._read_group(
                [("res_model", "=", "sale.order"), ("res_id", "in", self.ids)], ["res_id"], ["__count"]
            )
        )
        for order in self:
            order.oms_message_count = counts.get(order.id, 0)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_view_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_message_action")
        action["domain"] = [("res_model", "=", "sale.order"), ("res_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_oms_release(self):
        """Release every hold of these orders and go on with them."""
        self.check_access("write")
        self.oms_hold_ids.filtered("is_open").action_release()

    def action_oms_hold(self):
        """Stop these orders by hand; the reason can be written on the hold."""
        self.check_access("write")
        for order in self:
            order._oms_hold("manual", self.env._("Held by %s. Release it to go on.", self.env.user.name))

    # -------------------------------------------------------------------------------------------------------- HOLDS

    def _oms_hold(self, kind, reason, subject=None):
        """Stop this order for one more reason. The same reason twice is one hold.

        :param subject: what a reason is about that tells numbers, which change from day to day: then that makes it the
            same, and the hold that stands only says it anew.
        """
        self.ensure_one()
        standing = self.oms_hold_ids.filtered(
            lambda hold: (
                hold.is_open and hold.kind == kind and (hold.subject == subject if subject else hold.reason == reason)
            )
        )
        if standing:
            if subject and standing.reason != reason:
                # sudo: as when it was opened; who works on it, until when, and since when it stands stay as they are
                standing.sudo().with_context(oms_hold_retold=INSIDE).reason = reason
            return standing
        # sudo: whoever finds a reason may stop an order, also who works in a warehouse and sees holds only
        hold_sudo = (
            self.env["oms.hold"]
            .sudo()
            .create({"order_id": self.id, "kind": kind, "reason": reason, "subject": subject or False})
        )
        return hold_sudo.with_env(self.env)

    def _oms_release_clean(self):
        """Confirm those of these orders that are quotations of a channel that releases clean orders by itself.

        One whose lines were corrected by hand and now come to another total than the channel charged is not clean.
        """
        for order in self.filtered(lambda order: order.state in ("draft", "sent") and order._oms_total_differs()):
            if not any(hold.is_open and hold.kind == "total" for hold in order.oms_hold_ids):
                order._oms_hold("total", order._oms_total_reason())
        clean = self.filtered(
            lambda order: (
                order.state in ("draft", "sent") and order.oms_channel_id.auto_release and not order.oms_on_hold
            )
        )
        if due := clean._oms_due_for_release():
            due.with_context(oms_by_job=INSIDE).action_confirm()
        return due

    def _confirmation_error_message(self):
        """Override of ``sale`` to keep held orders from being confirmed."""
        message = super()._confirmation_error_message()
        if not message and self.oms_on_hold:
            message = self.env._(
                "%(order)s is on hold: %(reason)s", order=self.display_name, reason=self.oms_hold_reason
            )
        if not message and self._oms_total_differs():
            message = self._oms_total_reason()
        return message

    def _oms_total_differs(self):
        """Whether this order comes to another total than the channel charged, and nobody has released just that."""
        self.ensure_one()
        if not self.oms_external_id or not self.currency_id.compare_amounts(self.amount_total, self.oms_channel_total):
            return False
        return self._oms_get_totals() not in self.oms_hold_ids.mapped("accepted_totals")

    def _oms_get_totals(self):
        """The order's and the channel's total, spelled the same in every language."""
        digits = self.currency_id.decimal_places
        return f"{self.amount_total:.{digits}f} {self.oms_channel_total:.{digits}f}"

    # ------------------------------------------------------------------------------------------------- CONFIRMATION

    def _oms_get_asked_lists(self):
        """Hook: lists of an order that its confirmation asks and that nearly always are empty."""
        return [
            "oms_hold_ids",
            "oms_rejection_ids",
            "oms_excluded_warehouse_ids",
            "oms_reservation_ids",
            "transaction_ids",
        ]

    def _oms_look_at_lists(self):
        """Ask with one query instead of one each in which of these lists there is anything; the others are known to be empty
        from now on. What is in a list is read when it is asked for, with the rights of who asks."""
        if not self:
            return
        looks = []
        for field in map(self._fields.get, self._oms_get_asked_lists()):
            if field.type == "many2many":
                table, column = field.relation, field.column1
            else:
                comodel = self.env[field.comodel_name]
                comodel.flush_model([field.inverse_name])
                table, column = comodel._table, field.inverse_name
            looks.append(
                SQL(
                    "SELECT %s, %s FROM %s WHERE %s = ANY(%s)",
                    field.name,
                    SQL.identifier(column),
                    SQL.identifier(table),
                    SQL.identifier(column),
                    list(self.ids),
                )
            )
        filled = defaultdict(set)
        for name, order_id in self.env.execute_query(SQL(" UNION ").join(looks)):
            filled[name].add(order_id)
        for name in self._oms_get_asked_lists():
            empty = self.filtered(lambda order, name=name: order.id not in filled[name])
            self._fields[name]._insert_cache(empty, repeat(()))

    def action_confirm(self):
        """Override of ``sale`` to keep the channel's own order date, which confirmation would overwrite with today."""
        result = super().action_confirm()
        for order in self.filtered("oms_ordered_at"):
            if order.date_order != order.oms_ordered_at:
                order.date_order = order.oms_ordered_at
        return result

    def _prepare_confirmation_values(self):
        values = super()._prepare_confirmation_values()
        if all(order.oms_ordered_at for order in self):
            values.pop("date_order", None)
        return values

    def _action_confirm(self):
        """Override of ``sale`` to decide where the goods come from before ``sale_stock`` asks for them."""
        self._oms_plan()
        return super()._action_confirm()

    def _action_cancel(self):
        """Override of ``sale_stock``: what is still to be delivered goes with the order.

        The moves are cancelled here, before ``sale_stock`` cancels their transfers, so that a transfer that finds nothing
        left to cancel is not taken for a warehouse that could not deliver (see ``stock.picking.action_cancel``).
        """
        # sudo: who may cancel an order may call off its goods, also where other modules (purchase) look at their documents
        moves_sudo = self.sudo().picking_ids.move_ids
        moves_sudo.filtered(lambda move: move.state not in ("done", "cancel"))._action_cancel()
        result = super()._action_cancel()
        self.oms_hold_ids.sudo()._release()  # sudo: who may cancel an order may end what held it
        self._oms_on_cancelled()
        return result

    # -------------------------------------------------------------------------------------------------------- HOOKS

    def _oms_plan(self):
        """Hook: decide where these orders are fulfilled from. Called before confirmation asks for goods."""

    def _oms_on_cancelled(self):
        """Hook: these orders have been cancelled."""

    def _oms_on_refunded(self, refund, is_paid_here=False):
        """Hook: ``refund`` (``account.move``, posted) gives money of this order back.

        :param is_paid_here: the money goes back here in this very moment, and nobody else is asked to pay it.
        """

    def _oms_on_settled(self, day):
        """These orders are in a payout of their channel that was booked; where the channel says so, they are invoiced now."""
        new = self.filtered(lambda order: not order.oms_settled_on)
        new.oms_settled_on = day
        if waiting := new.filtered(lambda order: order.oms_channel_id.invoice_policy == "settlement"):
            waiting._oms_wake_booking()

    def _oms_notify(self, event, pickings=None, key=None, **details):
        """Tell the customers of these orders that something happened to them (see ``const.CUSTOMER_EVENTS``).

        :param pickings: the deliveries that it is about, where it is about some only.
        """

    # ------------------------------------------------------------------------------------------------------ HELPERS

    def _check_oms_not_on_hold(self):
        """:raise UserError: when one of these orders is on hold."""
        for order in self.filtered("oms_on_hold"):
            raise UserError(
                self.env._("%(order)s is on hold: %(reason)s", order=order.display_name, reason=order.oms_hold_reason)
            )
