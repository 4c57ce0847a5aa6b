"""From a captured order to a released one: at once, when the customer's time for second thoughts is over, or by hand.

Also who touched an order on its way, so that "without a touch" is a fact and no feeling.
"""

from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime

from ..alone import on_its_own
from ..const import INSIDE

#: Orders released by one run of the job before it commits.
RELEASE_BATCH_MAX = 20

#: Characters kept of what people did to an order.
TOUCHED_MAX_CHARS = 1000

#: Fields of an order whose change by a person is work on it.
TOUCHING_FIELDS = frozenset(
    {
        "order_line",
        "partner_id",
        "partner_invoice_id",
        "partner_shipping_id",
        "warehouse_id",
        "carrier_id",
        "oms_delivery_method",
        "oms_pickup_warehouse_id",
        "oms_ship_by",
        "oms_deliver_by",
    }
)
#: … and of a line, wherever it is changed.
TOUCHING_LINE_FIELDS = frozenset(
    {"product_id", "product_uom_qty", "product_uom_id", "price_unit", "discount", "tax_ids"}
)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_release_at = fields.Datetime(
        string="Released On",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="Until then the customer may change or cancel the order freely; then it goes on by itself.",
    )
    oms_confirmed_at = fields.Datetime(string="Confirmed On", copy=False, readonly=True)
    oms_cancelled_at = fields.Datetime(string="Cancelled On", copy=False, readonly=True)
    oms_touched_at = fields.Datetime(string="First Touched On", copy=False, readonly=True)
    oms_touched = fields.Text(
        string="Touched by Hand",
        copy=False,
        readonly=True,
        help="What people did to this order between its capture and its shipment. Empty: it went through without a touch.",
    )

    # --------------------------------------------------------------------------------------------------------- TOUCH

    def _oms_is_by_person(self):
        """Whether somebody of this company does what is being done, and no job, channel or customer."""
        is_job = self.env.su or self.env.context.get("oms_by_job") is INSIDE
        return bool(not is_job and self.env.user._is_internal())

    def _oms_touch(self, reason):
        """Remember that a person worked on these orders before they left; nothing when a job or a customer did."""
        if not self._oms_is_by_person():
            return
        now = fields.Datetime.now()
        for order in self.filtered("oms_channel_id"):
            gone = order.state == "sale" and order.oms_status in (
                "shipped",
                "delivered",
                "collected",
                "returned",
                "done",
            )
            text = f"{self.env.user.name}: {reason}"
            if gone or order.state == "cancel" or text in (order.oms_touched or ""):
                continue
            touched = "\n".join(filter(None, (order.oms_touched, text)))[:TOUCHED_MAX_CHARS]
            # sudo: what somebody did is noted, whatever else they may write
            order.sudo().write({"oms_touched": touched, "oms_touched_at": order.oms_touched_at or now})

    def write(self, vals):
        """Override: a change by a person is a touch."""
        result = super().write(vals)
        if not TOUCHING_FIELDS.isdisjoint(vals):
            self._oms_touch_content()
        return result

    def _oms_touch_content(self):
        self._oms_touch(self.env._("changed the order"))

    def action_oms_release(self):
        """Override: to let an order go on is work on it."""
        self._oms_touch(self.env._("released its holds"))
        return super().action_oms_release()

    def action_oms_hold(self):
        """Override: to stop an order is work on it."""
        self._oms_touch(self.env._("put it on hold"))
        return super().action_oms_hold()

    def action_oms_check_again(self):
        """Override: to have an order read again is work on it."""
        self._oms_touch(self.env._("had it checked again"))
        return super().action_oms_check_again()

    # ------------------------------------------------------------------------------------------------------- RELEASE

    def action_confirm(self):
        """Override of ``sale``: to confirm by hand is work on an order; and the moment is kept, which Odoo's date is not."""
        self._oms_touch(self.env._("confirmed it"))
        return super().action_confirm()

    def _prepare_confirmation_values(self):
        """Override of ``sale`` to keep when an order was released."""
        return {**super()._prepare_confirmation_values(), "oms_confirmed_at": fields.Datetime.now()}

    def _action_confirm(self):
        """Override of ``sale`` to promise what no document did."""
        self.filtered(lambda order: not order.oms_ship_by)._oms_set_promise()
        return super()._action_confirm()

    def _action_cancel(self):
        """Override of ``sale`` to keep when."""
        result = super()._action_cancel()
        self.write({"oms_cancelled_at": fields.Datetime.now()})
        return result

    def action_draft(self):
        """Override of ``sale``: what is taken up again is not cancelled."""
        result = super().action_draft()
        self.filtered("oms_cancelled_at").write({"oms_cancelled_at": False, "oms_confirmed_at": False})
        return result

    def action_oms_release_now(self):
        """End the customer's time for changes and let these orders go on."""
        self.check_access("write")
        for order in self:
            if order.state not in ("draft", "sent"):
                raise UserError(self.env._("%s has been released already.", order.display_name))
            order._check_oms_not_on_hold()
        self._oms_touch(self.env._("released it early"))
        self.write({"oms_release_at": fields.Datetime.now()})
        self.with_context(oms_by_job=INSIDE).action_confirm()

    def _oms_due_for_release(self):
        """Those of these orders whose customers have had their time for changes. The job is woken for the others."""
        now = fields.Datetime.now()
        early = self.filtered(lambda order: order.oms_release_at and order.oms_release_at > now)
        if early and (cron := self.env.ref("oms_core.cron_release", raise_if_not_found=False)):
            # sudo: whoever captures an order may have the job look at it when its time comes
            cron.sudo()._trigger(at={order.oms_release_at for order in early})
        return self - early

    @api.model
    def _oms_release_domain(self):
        return (
            Domain("state", "in", ("draft", "sent"))
            & Domain("oms_release_at", "<=", fields.Datetime.now())
            & Domain("oms_channel_id.auto_release", "=", True)
            & Domain("oms_on_hold", "=", False)
        )

    @api.model
    def _cron_oms_release(self):
        """Release what is due, an order and a savepoint at a time; what cannot go on says why in a hold."""
        cron = self.env["ir.cron"]
        last_id = 0
        while orders := self.search(
            self._oms_release_domain() & Domain("id", ">", last_id), order="id", limit=RELEASE_BATCH_MAX
        ):
            last_id = orders[-1].id
            orders._oms_release_each()
            remaining = self.search_count(self._oms_release_domain() & Domain("id", ">", last_id), limit=10_000)
            if not cron._commit_progress(len(orders), remaining=remaining):
                break

    def _oms_release_each(self):
        for order in self:
            worker = order.oms_channel_id._as_worker()
            with on_its_own(order, order._oms_tell_unreleased):
                if locked := order.with_env(worker.env).try_lock_for_update():
                    locked._oms_release_clean()

    def _oms_tell_unreleased(self, error):
        self._oms_hold("manual", self.env._("It could not be released: %s Put that right, then release.", error))

    @api.depends("oms_release_at", "state")
    def _compute_oms_explanation(self):
        """Override: an order that waits for its customer's second thoughts says until when."""
        result = super()._compute_oms_explanation()
        now = fields.Datetime.now()
        for order in self:
            if order.oms_explanation or order.state not in ("draft", "sent"):
                continue
            if order.oms_release_at and order.oms_release_at > now:
                order.oms_explanation = self.env._(
                    "The customer may change it until %s; then it goes on by itself.",
                    format_datetime(self.env, order.oms_release_at, dt_format="short"),
                )
        return result


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _oms_release_at(self, method, ordered_at):
        """Until when customers may change an order of this moment freely; ``False`` where they may not.

        :param ordered_at: aware.
        """
        self.ensure_one()
        at_once = self.promise_ids.filtered(lambda promise: promise.delivery_method == method).release_at_once
        if at_once or not self.edit_window_minutes:
            return False
        ends = ordered_at.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)
        return ends + timedelta(minutes=self.edit_window_minutes)


class OmsHold(models.Model):
    _inherit = "oms.hold"

    def action_release(self):
        """Override: to release a hold is work on its order."""
        for order, holds in self.filtered("is_open").grouped("order_id").items():
            order._oms_touch(self.env._("released “%s”", " / ".join(holds.mapped("reason"))[:200]))
        return super().action_release()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: a line that somebody adds to what a channel sent is a touch. Who types an order confirms it anyway."""
        lines = super().create(vals_list)
        lines.order_id.filtered("oms_external_id")._oms_touch_content()
        return lines

    def write(self, vals):
        """Override: as a change of the order."""
        result = super().write(vals)
        if not TOUCHING_LINE_FIELDS.isdisjoint(vals):
            self.order_id._oms_touch_content()
        return result

    def unlink(self):
        """Override: likewise."""
        self.order_id._oms_touch_content()
        return super().unlink()
