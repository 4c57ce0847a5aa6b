"""A driver fetches what comes back: on which days, booked with the carrier or by a person, and called off with the return.

Drivers are booked and called off by a job, after what wants it is committed: nothing that is taken back or repeated books twice.
"""

from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from odoo.addons.oms_core.alone import leave_task, on_its_own, wake
from odoo.addons.oms_core.domain.tracking import add_working_days

from ..const import PICKUP_AHEAD_DAYS, PICKUP_BATCH_MAX, PICKUP_DAYS_SHOWN, TRANSIT_DAYS


class OmsReturn(models.Model):
    _inherit = "oms.return"

    pickup_on = fields.Date(
        string="Fetched on",
        compute="_compute_pickup_on",
        store=True,
        readonly=False,
        copy=False,
        help="The day on which a driver fetches it from the customer.",
    )
    pickup_state = fields.Selection(
        [
            ("to_book", "To Book"),
            ("by_hand", "To Book by Hand"),
            ("booked", "Booked"),
            ("to_call_off", "To Call Off"),
        ],
        string="Driver",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )

    @api.depends("way", "order_id")
    def _compute_pickup_on(self):
        """The first day on which somebody drives, for a person or the customer to change."""
        for record in self:
            days = record._get_pickup_days() if record.way == "pickup" else []
            record.pickup_on = (record.pickup_on or (days[0] if days else False)) if record.way == "pickup" else False

    @api.constrains("way")
    def _check_pickup_way(self):
        for record in self:
            if record.pickup_state and record.way != "pickup":
                raise ValidationError(
                    self.env._(
                        "A driver is booked for %s. Call the driver off before you choose another way.", record.name
                    )
                )

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_authorize(self):
        """Override: where it is fetched, somebody has to drive on that day; then a driver is booked."""
        fetched = self.filtered(lambda record: record.way == "pickup" and any(record.line_ids.mapped("expects_goods")))
        for record in fetched:
            record._check_pickup_day()
        result = super().action_authorize()
        fetched = fetched.filtered(lambda record: record.state == "open")
        if fetched:
            fetched.pickup_state = "to_book"
            fetched._wake_pickups()
        return result

    def action_book_driver(self):
        """Book a driver now: one that was called off, or whose booking had failed."""
        self.ensure_one()
        self.check_access("write")
        self._check_pickup_day()
        self._book_driver()

    def action_driver_booked(self):
        """A person has booked the driver."""
        self.check_access("write")
        for record in self.filtered(lambda record: record.pickup_state == "by_hand"):
            record._drop_pickup_tasks()
            record.pickup_state = "booked"
            record._tell_driver_booked()

    def action_call_off_driver(self):
        self.check_access("write")
        self._call_off_pickup()

    def _set_state(self, state):
        """Override: what is not expected any more is not fetched."""
        result = super()._set_state(state)
        if state in ("cancelled", "closed"):
            self.filtered(
                lambda record: state == "cancelled" or any(line.quantity_missing > 0 for line in record.line_ids)
            )._call_off_pickup()
        return result

    # --------------------------------------------------------------------------------------------------------- DAYS

    def _get_pickup_carrier(self):
        """Who fetches it where the customer is; empty: nobody."""
        self.ensure_one()
        order = self._get_first_order()
        return self.company_id._oms_find_pickup_carrier(
            order.sudo().picking_ids.carrier_id,  # sudo: who delivered follows from the order
            order.partner_shipping_id or self.partner_id,
        )

    def _get_pickup_days(self):
        self.ensure_one()
        return self._get_pickup_carrier()._oms_get_pickup_days(self._get_pickup_place())

    def _get_pickup_place(self):
        return self.warehouse_id or self._get_first_order().warehouse_id

    def _check_pickup_day(self):
        """:raise UserError: when nobody drives on the day that was chosen, with the days on which somebody does."""
        self.ensure_one()
        carrier = self._get_pickup_carrier()
        if not carrier:
            raise UserError(
                self.env._(
                    "Nobody fetches %s: no delivery method of its order, nor the carrier of returns in the settings, fetches "
                    "returns there. Choose another way back.",
                    self.name,
                )
            )
        days = self._get_pickup_days()
        if self.pickup_on not in days:
            raise UserError(
                self.env._(
                    "%(name)s cannot be fetched on %(day)s. Choose one of these days: %(days)s.",
                    name=self.name,
                    day=format_date(self.env, self.pickup_on) or self.env._("no day"),
                    days=", ".join(format_date(self.env, day) for day in days) or self.env._("none"),
                )
            )

    def _guess_expected(self):
        """Override: what is fetched is under way from that day on."""
        if self.way != "pickup" or not self.pickup_on:
            return super()._guess_expected()
        fetched = datetime.combine(self.pickup_on, time(12))
        return add_working_days(fetched, self._get_pickup_carrier().oms_transit_days or TRANSIT_DAYS)

    # ------------------------------------------------------------------------------------------------------ BOOKING

    @api.model
    def _wake_pickups(self):
        # sudo: whoever authorizes or calls off has the job do what follows
        wake(self.env.ref("oms_returns.cron_pickups").sudo())

    @api.model
    def _cron_pickups(self):
        """Book drivers, and call them off."""
        cron, last_id = self.env["ir.cron"], 0
        domain = [("pickup_state", "in", ("to_book", "to_call_off"))]
        while batch := self.search([*domain, ("id", ">", last_id)], order="id", limit=PICKUP_BATCH_MAX):
            last_id = batch[-1].id
            for record in batch:
                if locked := record.try_lock_for_update(allow_referencing=True):
                    with on_its_own(locked, locked._leave_pickup_task):
                        locked._call_driver_off() if locked.pickup_state == "to_call_off" else locked._book_driver()
                if not cron._commit_progress(1):
                    return

    def _book_driver(self):
        """Have the carrier send a driver; where it cannot be asked, or refuses, leave that to a person.

        What was booked already is not booked again: labels know what was asked.
        """
        self.ensure_one()
        carrier = self._get_pickup_carrier()
        try:
            self._check_pickup_day()
            for receipt_sudo in self._get_open_receipts_sudo():
                if carrier.oms_is_ours and carrier.can_generate_return:
                    receipt_sudo.carrier_id = carrier
                    receipt_sudo._oms_buy_return_label(carrier, collection_date=self.pickup_on)
        except UserError as error:
            self._leave_pickup_task(error)
            return
        self.invalidate_recordset(["label_ids", "label_count"])
        if not carrier._oms_capabilities().pickup:
            self._leave_pickup_task(self.env._("%s cannot be asked for a driver from here.", carrier.name))
            return
        self._drop_pickup_tasks()
        self.pickup_state = "booked"
        self._tell_driver_booked()

    def _tell_driver_booked(self):
        self.message_post(
            body=self.env._(
                "A driver of %(carrier)s comes on %(day)s.",
                carrier=self._get_pickup_carrier().name or self.env._("the carrier"),
                day=format_date(self.env, self.pickup_on),
            )
        )

    def _leave_pickup_task(self, why):
        """A person has to book the driver, or to call one off: a task on the receipt, where the warehouse looks."""
        self.ensure_one()
        off = self.pickup_state == "to_call_off"
        self.pickup_state = False if off else "by_hand"
        words = {
            "name": self.name,
            "carrier": self._get_pickup_carrier().name or self.env._("the carrier"),
            "day": format_date(self.env, self.pickup_on),
            "why": str(why),
        }
        if off:
            text = self.env._("Call off the driver of %(carrier)s who comes on %(day)s for %(name)s. %(why)s", **words)
        else:
            text = self.env._(
                "Book a driver of %(carrier)s for %(day)s to fetch %(name)s from its customer, then press “Driver Booked” on "
                "the return. %(why)s",
                **words,
            )
        # sudo: the job leaves a task to those who work there
        receipt_sudo = self.sudo().picking_ids[:1]
        leave_task(receipt_sudo or self, self._get_pickup_task(off), text, receipt_sudo.user_id)
        self.message_post(body=text)

    def _get_pickup_task(self, off=False):
        """What the task is called; by it a task is found again."""
        return self.env._("Call off the driver") if off else self.env._("Book a driver")

    def _drop_pickup_tasks(self):
        # sudo: who has done what a task asks for may take it away
        activities_sudo = (self.sudo().picking_ids.activity_ids | self.sudo().activity_ids).filtered(
            lambda activity: activity.summary == self._get_pickup_task()
        )
        activities_sudo.unlink()

    # -------------------------------------------------------------------------------------------------- CALLING OFF

    def _call_off_pickup(self):
        """No driver is wanted any more. What is booked is called off by the job."""
        for record in self.filtered("pickup_state"):
            if record.pickup_state in ("to_book", "by_hand"):
                record._drop_pickup_tasks()
                booked = any(label.carrier_id._oms_capabilities().pickup for label in record._get_driver_labels_sudo())
                record.pickup_state = "to_call_off" if booked else False
            else:
                record.pickup_state = "to_call_off"
        if any(record.pickup_state == "to_call_off" for record in self):
            self._wake_pickups()

    def _get_driver_labels_sudo(self):
        """The labels with which a driver was asked for."""
        # sudo: labels have no writers of their own
        return self.sudo().picking_ids.oms_label_ids.filtered(
            lambda label: label.purpose == "return" and label.state == "bought"
        )

    def _call_driver_off(self):
        """Give the labels of the driver back; where that does not do, leave it to a person."""
        self.ensure_one()
        labels_sudo = self._get_driver_labels_sudo()
        try:
            for label_sudo in labels_sudo:
                label_sudo._cancel()
        except UserError as error:
            self._leave_pickup_task(error)
            return
        self.invalidate_recordset(["label_ids", "label_count"])
        if not labels_sudo.filtered(lambda label: label.carrier_id._oms_capabilities().pickup):
            self._leave_pickup_task(self.env._("The driver was booked by hand."))
            return
        self.pickup_state = False
        self.message_post(body=self.env._("The driver is called off."))

    # ----------------------------------------------------------------------------------------------------- CUSTOMER

    def _get_pickup_sentence(self):
        """When it is fetched, for the customer."""
        self.ensure_one()
        day = format_date(self.env, self.pickup_on, date_format="EEEE, d MMMM")
        if not day or not self.pickup_state:
            return self.env._("Pack it well. It is fetched where it was delivered; we tell you when.")
        if self.pickup_state == "booked":
            return self.env._("Pack it well. A driver fetches it on %s where it was delivered.", day)
        return self.env._(
            "Pack it well. A driver is to fetch it on %s where it was delivered; we write to you if that is not possible.",
            day,
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_find_pickup_carrier(self, delivered, partner):
        """Who fetches returns where the customer is: who delivered, else the carrier of returns; empty: nobody."""
        self.ensure_one()
        offered_sudo = delivered.sudo() | self.sudo().oms_return_carrier_id  # sudo: whoever may return may be fetched
        return offered_sudo.filtered(
            lambda carrier: carrier.oms_fetches_returns and carrier._match_address(partner)
        )[:1]  # fmt: skip


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    oms_fetches_returns = fields.Boolean(
        string="Fetches Returns",
        help="A driver comes to the customer for what goes back, on a day that is chosen. Where drivers cannot be booked with "
        "the carrier from here, the warehouse gets a task to book one.",
    )

    def _oms_get_pickup_days(self, place):
        """The next days on which a driver can come for something that goes to a place. Not today: it has to be booked."""
        if not self:
            return []
        place = place.sudo()  # sudo: when it is open depends on nobody's rights
        today = place._oms_get_today() if place else fields.Date.context_today(self)
        days = [today + timedelta(days=number) for number in range(1, PICKUP_AHEAD_DAYS + 1)]
        is_open = place._oms_get_open_days(days[0], days[-1]) if place.oms_calendar_id else days
        return [day for day in days if day in is_open and self._oms_drives_on(day)][:PICKUP_DAYS_SHOWN]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_return_pickup_days(self):
        """The days on which a driver can fetch something of this order from its customer; empty: nobody does."""
        self.ensure_one()
        carrier = self.company_id._oms_find_pickup_carrier(
            self.picking_ids.carrier_id, self.partner_shipping_id or self.partner_id
        )
        return carrier._oms_get_pickup_days(self.warehouse_id)

    def _oms_get_return_ways(self):
        """Override: by a driver, where one comes."""
        ways = super()._oms_get_return_ways()
        # sudo: customers choose a day, and see neither carrier nor calendar
        if self.sudo()._oms_get_return_pickup_days():
            ways.append(("pickup", self.env["stock.warehouse"]))
        return ways
