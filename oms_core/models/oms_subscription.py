import logging

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from ..const import (
    DELIVERY_METHODS,
    ERROR_MAX_CHARS,
    SUBSCRIPTION_BATCH_MAX,
    SUBSCRIPTION_CANCEL_REASONS,
    SUBSCRIPTION_CATCH_UP_MAX,
    SUBSCRIPTION_TRANSITIONS,
)
from ..domain.schedule import EVERY_MAX, Plan, due, nth, on_or_after
from ..exceptions import CONCURRENCY_ERRORS
from ..quiet import quiet_sql
from ..text import as_html

_logger = logging.getLogger(__name__)


class OmsSubscription(models.Model):
    """An order that comes again by itself. What it makes are orders like any other, priced and taxed by Odoo."""

    _name = "oms.subscription"
    _description = "Subscription"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "next_date nulls last, id desc"
    _check_company_auto = True

    name = fields.Char(readonly=True, copy=False, default=lambda self: self.env._("New"))
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    channel_id = fields.Many2one(
        "oms.channel",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('platform', '=', 'manual'), ('company_id', '=', company_id)]",
        help="On whose behalf the orders are made; it decides whether they are confirmed by themselves and how they are booked.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        check_company=True,
        tracking=True,
        ondelete="restrict",
    )
    partner_shipping_id = fields.Many2one(
        "res.partner", string="Delivery Address", check_company=True, domain="[('id', 'child_of', partner_id)]"
    )
    delivery_method = fields.Selection(DELIVERY_METHODS, required=True, default="ship")
    pickup_warehouse_id = fields.Many2one("stock.warehouse", string="Pick Up At", check_company=True)
    payment_note = fields.Char(help="How it is paid for; it is written on each order.")
    line_ids = fields.One2many("oms.subscription.line", "subscription_id", string="Products", copy=True)
    state = fields.Selection(
        [
            ("draft", "New"),
            ("running", "Running"),
            ("paused", "Paused"),
            ("ended", "Ended"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    every = fields.Integer(default=1, required=True)
    unit = fields.Selection([("day", "Days"), ("week", "Weeks"), ("month", "Months")], default="month", required=True)
    anchor_day = fields.Integer(
        string="On Day of the Month", help="Empty: the day of the start. 31 is the last day of each month."
    )
    start_date = fields.Date(required=True, default=fields.Date.context_today)
    end_date = fields.Date(string="Last Day", help="Nothing is ordered after this day. Empty: no end.")
    periods_max = fields.Integer(string="Number of Orders", help="It ends after so many orders. 0: no end.")
    catch_up = fields.Selection(
        [("latest", "Only the latest"), ("all", "All of them")],
        string="Missed Periods",
        default="latest",
        required=True,
        help="What happens when days passed while nothing ran: one order is made up for, or all of them.",
    )
    next_date = fields.Date(string="Next Order", copy=False, index="btree_not_null", readonly=True, tracking=True)
    price_policy = fields.Selection(
        [("current", "Price of the day"), ("fixed", "Price of the start")], default="current", required=True
    )
    period_ids = fields.One2many("oms.subscription.period", "subscription_id", readonly=True)
    order_ids = fields.One2many("sale.order", "oms_subscription_id", readonly=True)
    order_count = fields.Integer(compute="_compute_order_count", compute_sudo=True, string="Orders")
    error = fields.Text(readonly=True, copy=False, help="Why the last order could not be made. It is tried again.")
    cancel_reason = fields.Selection(SUBSCRIPTION_CANCEL_REASONS, readonly=True, copy=False, tracking=True)
    cancel_note = fields.Char(readonly=True, copy=False)

    _due_idx = models.Index("(next_date, id) WHERE state = 'running'")

    @api.constrains("every", "unit", "anchor_day", "periods_max", "start_date", "end_date")
    def _check_plan(self):
        for subscription in self:
            if not 1 <= subscription.every <= EVERY_MAX[subscription.unit]:
                raise ValidationError(
                    self.env._(
                        "Every %(every)s %(unit)s is not possible; between 1 and %(most)s is.",
                        every=subscription.every,
                        unit=subscription.unit,
                        most=EVERY_MAX[subscription.unit],
                    )
                )
            if not 0 <= subscription.anchor_day <= 31:
                raise ValidationError(self.env._("A month has days from 1 to 31."))
            if subscription.periods_max < 0:
                raise ValidationError(self.env._("The number of orders cannot be negative."))
            if subscription.end_date and subscription.end_date < subscription.start_date:
                raise ValidationError(self.env._("The last day is before the start."))

    def _compute_order_count(self):
        counts = dict(
            self.env["sale.order"]._read_group(
                [("oms_subscription_id", "in", self.ids)], ["oms_subscription_id"], ["__count"]
            )
        )
        for subscription in self:
            subscription.order_count = counts.get(subscription._origin, 0)

    @api.model_create_multi
    def create(self, vals_list):
        for values in vals_list:
            company = self.env["res.company"].browse(values.get("company_id")) or self.env.company
            if not values.get("name"):
                values["name"] = self.env["ir.sequence"].with_company(company).next_by_code("oms.subscription")
        return super().create(vals_list)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_start(self):
        """Start: the first order comes on the first day of the plan that has not passed."""
        self.check_access("write")
        for subscription in self:
            if not subscription.line_ids:
                raise UserError(self.env._("Say first what is to be delivered."))
            first = subscription._first_day(max(subscription.start_date, subscription.company_id._oms_get_today()))
            if not first:
                raise UserError(self.env._("By its last day, nothing of this subscription is due any more."))
            subscription._set_state("running", next_date=first)

    def action_pause(self):
        """Stop for a while. What would have come in between is not made up for."""
        self.check_access("write")
        self._set_state("paused", next_date=False, error=False)

    def action_resume(self):
        """Go on with the first day of the plan from today on."""
        self.check_access("write")
        for subscription in self:
            first = subscription._first_day(max(subscription.start_date, subscription.company_id._oms_get_today()))
            if first:
                subscription._set_state("running", next_date=first)
            else:
                raise UserError(self.env._("By its last day, nothing of this subscription is due any more."))

    def action_skip(self):
        """Leave out the next order."""
        self.check_access("write")
        for subscription in self:
            if subscription.state != "running":
                raise UserError(self.env._("“%s” does not run; there is nothing to skip.", subscription.name))
            skipped = subscription.next_date
            subscription._note_period(skipped, "skipped")
            subscription._advance(on_or_after(subscription._to_domain(), fields.Date.add(skipped, days=1)))
            subscription.message_post(body=self.env._("The order of %s is left out.", skipped))

    def action_cancel(self):
        """Ask why, then end it."""
        self.check_access("write")
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel Subscription"),
            "res_model": "oms.subscription.cancel",
            "view_mode": "form",
            "target": "new",
            "context": {"default_subscription_id": self.id},
        }

    def action_view_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_order_action")
        action["domain"] = [("oms_subscription_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_run(self):
        """Make what is due now, without waiting for the job."""
        self.check_access("write")
        self._run_each()

    def _cancel(self, reason, note=""):
        self._set_state("cancelled", next_date=False, cancel_reason=reason, cancel_note=note or False, error=False)

    # -------------------------------------------------------------------------------------------------------- PORTAL

    @api.model
    def _oms_portal_find(self):
        """The subscriptions of whoever is logged in, for their own pages."""
        customer = self.env.user.partner_id.commercial_partner_id
        # sudo: customers have no rights on our records; they get their own, found by who they are
        return self.sudo().search([("partner_id", "child_of", customer.id), ("state", "!=", "draft")])

    def _oms_portal_own(self):
        """These subscriptions, to be changed by the customer whose they are.

        :raise AccessError: when they are somebody else's.
        """
        customer = self.env.user.partner_id.commercial_partner_id
        # sudo: see _oms_portal_find; what follows looks at whose they are
        mine = self.sudo()
        if any(subscription.partner_id.commercial_partner_id != customer for subscription in mine):
            raise AccessError(self.env._("This subscription is not yours."))
        return mine

    def _oms_portal_pause(self):
        self._oms_portal_own().action_pause()

    def _oms_portal_resume(self):
        self._oms_portal_own().action_resume()

    def _oms_portal_skip(self):
        self._oms_portal_own().action_skip()

    def _oms_portal_cancel(self, reason="other", note=""):
        if reason not in dict(SUBSCRIPTION_CANCEL_REASONS):
            reason = "other"
        self._oms_portal_own()._cancel(reason, note[:ERROR_MAX_CHARS])

    # ----------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_run(self):
        """Make the orders that are due, a batch and a commit at a time. Running twice makes nothing twice."""
        cron = self.env["ir.cron"]
        last_id = 0
        while due_now := self.search(
            [
                ("state", "=", "running"),
                ("next_date", "<=", fields.Date.add(fields.Date.today(), days=1)),
                ("id", ">", last_id),
            ],
            order="id",
            limit=SUBSCRIPTION_BATCH_MAX,
        ):
            last_id = due_now[-1].id
            taken = due_now.try_lock_for_update()
            taken.invalidate_recordset(["state", "next_date"])
            taken.filtered(lambda subscription: subscription.state == "running")._run_each()
            if not cron._commit_progress(len(due_now)):
                break

    def _run_each(self, today=None):
        """Make what is due of each; what fails says so on the subscription and keeps no other from its order."""
        for subscription in self:
            try:
                with quiet_sql(), self.env.cr.savepoint():
                    subscription._run(today or subscription.company_id._oms_get_today())
            except psycopg2.errors.UniqueViolation:
                _logger.info("Subscription %s has its order already, from another connection", subscription.id)
            except CONCURRENCY_ERRORS as error:
                _logger.info(
                    "Subscription %s is being worked on elsewhere, the next run looks again: %s", subscription.id, error
                )
            except Exception as error:
                _logger.warning("Subscription %s has no order: %s", subscription.id, error)
                subscription._fail(str(error).strip()[:ERROR_MAX_CHARS] or type(error).__name__)

    def _run(self, today):
        self.ensure_one()
        if self.state != "running" or not self.next_date:
            return
        left = self.periods_max - self._count_made() if self.periods_max else None
        result = due(
            self._to_domain(),
            self.next_date,
            today,
            catch_up_all=self.catch_up == "all",
            limit=SUBSCRIPTION_CATCH_UP_MAX,
            left=left,
        )
        for day in result.missed:
            self._note_period(day, "missed")
        orders = self.env["sale.order"]
        for day in result.create:
            orders |= self._make_order(day)
        if result.next_day != self.next_date:
            self._advance(result.next_day)
        if self.error:
            self.error = False
        orders._oms_release_clean()

    def _make_order(self, day):
        """The order of a period. The unique key of the period keeps it from being made twice, whoever tries."""
        self.ensure_one()
        period = self._note_period(day, "done")
        self._check_can_order()
        worker = self.channel_id._as_worker()
        order = worker.env["sale.order"].create(self.with_env(worker.env)._prepare_order(day))
        order._oms_notify("received")
        period.order_id = order.with_env(self.env)
        return period.order_id

    def _prepare_order(self, day):
        """Values of the native order; prices that are not fixed and taxes are left to Odoo."""
        # sudo: the subscription belongs to clerks, the integration user makes orders from it
        subscription = self.sudo()
        fixed = subscription.price_policy == "fixed"
        return {
            "partner_id": subscription.partner_id.id,
            **(
                {"partner_shipping_id": subscription.partner_shipping_id.id} if subscription.partner_shipping_id else {}
            ),
            "company_id": subscription.company_id.id,
            "oms_channel_id": subscription.channel_id.id,
            "oms_subscription_id": subscription.id,
            "oms_subscription_date": day,
            "oms_ordered_at": fields.Datetime.now(),
            "oms_delivery_method": subscription.delivery_method,
            "oms_pickup_warehouse_id": subscription.pickup_warehouse_id.id,
            "oms_payment_method": subscription.payment_note,
            "origin": subscription.name,
            "team_id": subscription.channel_id.team_id.id,
            "user_id": False,
            "require_signature": False,
            "require_payment": False,
            "order_line": [Command.create(line._prepare_order_line(fixed)) for line in subscription.line_ids],
        }

    def _check_can_order(self):
        """:raise UserError: with what to do, when an order would be one that nobody can fulfil."""
        self.ensure_one()
        if not self.partner_id.active:
            raise UserError(self.env._("The customer is archived. Cancel the subscription, or restore the contact."))
        if not self.line_ids:
            raise UserError(self.env._("There is no product in it. Add one, or cancel the subscription."))
        if gone := self.line_ids.product_id.filtered(lambda product: not (product.active and product.sale_ok)):
            raise UserError(
                self.env._(
                    "%s is no longer sold. Replace it in the subscription, or cancel it.",
                    ", ".join(gone.mapped("display_name")),
                )
            )

    def _fail(self, text):
        """Keep why, and tell somebody once."""
        self.ensure_one()
        if self.error != text:
            self.error = text
        if not self.activity_search(["mail.mail_activity_data_warning"]):
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("The order could not be made"),
                note=as_html(text),
                user_id=(self.create_uid if self.create_uid.active else self.channel_id.user_id).id,
            )

    # ------------------------------------------------------------------------------------------------------- HELPERS

    def _to_domain(self):
        self.ensure_one()
        return Plan(self.start_date, self.every, self.unit, self.anchor_day, self.end_date or None)

    def _first_day(self, day):
        """The first day of the plan from ``day`` on that has neither been ordered nor left out."""
        self.ensure_one()
        plan = self._to_domain()
        known = set(self.period_ids.mapped("date"))
        found = on_or_after(plan, max(day, nth(plan, 0)))
        while found in known:
            found = on_or_after(plan, fields.Date.add(found, days=1))
        return found

    def _count_made(self):
        self.ensure_one()
        return self.env["oms.subscription.period"].search_count(
            [("subscription_id", "=", self.id), ("state", "=", "done")]
        )

    def _advance(self, day):
        """Go on to the next day, or end."""
        self.ensure_one()
        if day:
            self.next_date = day
        else:
            self._set_state("ended", next_date=False)

    def _note_period(self, day, state):
        # sudo: periods are written by what happens to the subscription and by nobody by hand
        return (
            self.env["oms.subscription.period"].sudo().create({"subscription_id": self.id, "date": day, "state": state})
        )

    def _set_state(self, state, **values):
        """The one way to move subscriptions.

        :raise UserError: when one of them cannot go there.
        """
        labels = dict(self._fields["state"]._description_selection(self.env))
        for subscription in self:
            if state not in SUBSCRIPTION_TRANSITIONS[subscription.state]:
                raise UserError(
                    self.env._(
                        "“%(name)s” is %(now)s and cannot become %(then)s.",
                        name=subscription.name,
                        now=labels[subscription.state],
                        then=labels[state],
                    )
                )
        self.write({"state": state, **values})


class OmsSubscriptionLine(models.Model):
    _name = "oms.subscription.line"
    _description = "Product of a Subscription"
    _order = "sequence, id"

    subscription_id = fields.Many2one("oms.subscription", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product", required=True, ondelete="restrict", domain="[('sale_ok', '=', True)]", index=True
    )
    quantity = fields.Float(digits="Product Unit", default=1.0, required=True)
    price_unit = fields.Float(
        string="Price of the Start",
        digits="Product Price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        help="What is charged for one piece where the price of the start is kept.",
    )

    _quantity_positive = models.Constraint("CHECK(quantity > 0)", "The quantity has to be more than nothing.")

    @api.depends("product_id")
    def _compute_price_unit(self):
        for line in self:
            # In the company that sells, whoever enters it in whichever company; without a pricelist that is in its currency.
            subscription = line.subscription_id.with_company(line.subscription_id.company_id)
            pricelist = subscription.partner_id.property_product_pricelist
            product = line.product_id.with_company(subscription.company_id)
            line.price_unit = product and pricelist._get_product_price(product, line.quantity or 1.0)

    def _prepare_order_line(self, fixed):
        self.ensure_one()
        values = {"product_id": self.product_id.id, "product_uom_qty": self.quantity, "sequence": self.sequence}
        if fixed:
            # Anything but the price itself tells Odoo that the price is not its own to recompute.
            values.update(price_unit=self.price_unit, technical_price_unit=0.0 if self.price_unit else 1.0)
        return values


class OmsSubscriptionPeriod(models.Model):
    """One day of a subscription and what became of it; at most one row for each, and so at most one order."""

    _name = "oms.subscription.period"
    _description = "Period of a Subscription"
    _order = "date desc"
    _rec_name = "date"

    subscription_id = fields.Many2one("oms.subscription", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    date = fields.Date(required=True, readonly=True)
    state = fields.Selection(
        [("done", "Ordered"), ("skipped", "Left out"), ("missed", "Missed")], required=True, readonly=True
    )
    order_id = fields.Many2one("sale.order", readonly=True, ondelete="set null", index="btree_not_null")

    _date_uniq = models.Constraint("UNIQUE(subscription_id, date)", "This period has been taken care of already.")
