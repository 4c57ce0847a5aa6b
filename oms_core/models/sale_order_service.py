"""How the customer wants the goods, by when, and whether that will be kept."""

from datetime import timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime, ormcache

from ..alone import leave_task, on_its_own
from ..const import COLLECTED_METHODS, INSIDE
from ..domain.order_status import TO_SHIP, UNDERWAY
from ..domain.service_clock import Opening, Promise, due, state

#: Late orders told to their customers by one run of the job before it commits.
LATE_BATCH_MAX = 50

SERVICE_LEVELS = [("none", "No promise"), ("on_time", "On time"), ("at_risk", "At risk"), ("late", "Late")]


class ResourceCalendar(models.Model):
    _inherit = "resource.calendar"

    def _oms_to_domain(self):
        """These working hours as the clock reads them. Without any, a place is open around the clock."""
        hours = {}
        for row in self.attendance_ids.filtered(lambda row: not row.display_type and row.day_period != "lunch"):
            hours.setdefault(int(row.dayofweek), []).append((row.hour_from, row.hour_to))
        if hours:
            hours = {day: tuple(sorted(set(hours.get(day, ())))) for day in range(7)}
        closed = tuple((_aware(leave.date_from), _aware(leave.date_to)) for leave in self.global_leave_ids)
        return Opening(self._oms_get_clock(), hours, closed)

    def _oms_get_clock(self):
        """The name of the time zone of these working hours; of none: UTC."""
        try:
            return ZoneInfo(self.tz or "UTC").key
        except (ZoneInfoNotFoundError, ValueError):
            return "UTC"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_promise_told = fields.Boolean(
        readonly=True,
        copy=False,
        help="The channel told by when goods have to leave or arrive; nothing here changes it.",
    )
    oms_late_for = fields.Datetime(
        readonly=True, copy=False, help="The broken promise that the customer has been told about."
    )
    oms_due_at = fields.Datetime(
        string="Due",
        compute="_compute_oms_due_at",
        compute_sudo=True,
        help="By when the next thing must happen: the goods must leave, or the customer must have them.",
    )
    oms_service = fields.Selection(
        SERVICE_LEVELS,
        string="Promise",
        compute="_compute_oms_due_at",
        search="_search_oms_service",
        compute_sudo=True,
    )
    oms_slack_hours = fields.Float(
        string="Hours Left", compute="_compute_oms_due_at", compute_sudo=True, help="Below zero: hours too late."
    )
    oms_service_reason = fields.Char(string="Why at Risk", compute="_compute_oms_due_at", compute_sudo=True)

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends(
        "oms_status",
        "oms_ship_by",
        "oms_deliver_by",
        "picking_ids.oms_tracking_state",
        "picking_ids.oms_expected_at",
        "oms_channel_id.risk_hours",
    )
    def _compute_oms_due_at(self):
        rows = {}
        if ids := self._origin.ids:
            rows = {
                order_id: values
                for order_id, *values in self.env.execute_query(
                    SQL(
                        "SELECT o.id, %s, %s FROM sale_order o WHERE o.id IN %s",
                        self._oms_due_sql("o"),
                        self._oms_expected_late_sql("o"),
                        tuple(ids),
                    )
                )
            }
        now = fields.Datetime.now()
        for order in self:
            due_at, expected_late = rows.get(order._origin.id, (None, False))
            level = state(due_at, now, order.oms_channel_id.risk_hours)
            if level == "on_time" and expected_late:
                level = "at_risk"
            order.oms_due_at = due_at or False
            order.oms_service = level
            order.oms_slack_hours = round((due_at - now).total_seconds() / 3600, 1) if due_at else 0.0
            order.oms_service_reason = order._oms_explain_service(level, due_at, expected_late)

    def _oms_explain_service(self, level, due_at, expected_late):
        if level not in ("at_risk", "late"):
            return False
        when = format_datetime(self.env, due_at, dt_format="short")
        if self.oms_status in UNDERWAY:
            if level == "late":
                return self.env._("Should have arrived by %s, and no carrier says that it did.", when)
            if expected_late:
                return self.env._("Promised for %s; the carrier expects to be later.", when)
            return self.env._("Has to arrive by %s and is still on its way.", when)
        standing = dict(self._fields["oms_status"]._description_selection(self.env))[self.oms_status]
        if level == "late":
            return self.env._("Should have left by %(when)s: %(status)s.", when=when, status=standing)
        return self.env._("Has to leave by %(when)s: %(status)s.", when=when, status=standing)

    def _oms_due_sql(self, alias):
        """By when the next thing must happen, as an expression over a row of ``sale_order``.

        While the customer has not paid, no clock runs; and of a parcel that no carrier tells about, nobody knows whether it
        is late.
        """
        self.flush_model(["oms_ship_by", "oms_deliver_by"])
        column = {name: SQL.identifier(alias, name) for name in ("id", "oms_ship_by", "oms_deliver_by")}
        return SQL(
            """(CASE WHEN %(ship_by)s IS NULL AND %(deliver_by)s IS NULL THEN NULL
                     WHEN EXISTS (SELECT 1 FROM oms_hold h
                                   WHERE h.order_id = %(id)s AND h.released_at IS NULL AND h.kind = 'payment') THEN NULL
                     WHEN %(status)s IN %(to_ship)s THEN COALESCE(%(ship_by)s, %(deliver_by)s)
                     WHEN %(status)s IN %(underway)s AND EXISTS (
                         SELECT 1 FROM stock_picking p WHERE p.sale_id = %(id)s AND p.oms_tracking_state IS NOT NULL
                     ) THEN %(deliver_by)s END)""",
            id=column["id"],
            ship_by=column["oms_ship_by"],
            deliver_by=column["oms_deliver_by"],
            status=self._oms_status_sql(alias),
            to_ship=TO_SHIP,
            underway=UNDERWAY,
        )

    def _oms_expected_late_sql(self, alias):
        """Whether a carrier expects to deliver later than promised."""
        self.env["stock.picking"].flush_model(["sale_id", "oms_expected_at", "oms_delivered_at"])
        return SQL(
            """EXISTS (SELECT 1 FROM stock_picking p WHERE p.sale_id = %s AND p.oms_delivered_at IS NULL
                          AND p.oms_expected_at > %s)""",
            SQL.identifier(alias, "id"),
            SQL.identifier(alias, "oms_deliver_by"),
        )

    def _oms_service_sql(self, alias):
        """The value of ``oms_service`` as an expression over a row of ``sale_order``."""
        self.env["oms.channel"].flush_model(["risk_hours"])
        return SQL(
            """(SELECT CASE WHEN d.due IS NULL THEN 'none'
                            WHEN d.due < %(now)s THEN 'late'
                            WHEN d.due < %(now)s + COALESCE(d.risk, 0) * interval '1 hour' OR %(later)s THEN 'at_risk'
                            ELSE 'on_time' END
                  FROM (SELECT %(due)s AS due, (SELECT c.risk_hours FROM oms_channel c WHERE c.id = %(channel)s) AS risk
                        OFFSET 0) d)""",
            now=fields.Datetime.now(),
            due=self._oms_due_sql(alias),
            later=self._oms_expected_late_sql(alias),
            channel=SQL.identifier(alias, "oms_channel_id"),
        )

    def _search_oms_service(self, operator, value):
        if operator != "in":
            return NotImplemented
        levels = tuple(level for level in value if level)
        if not levels:
            return Domain.FALSE

        def to_sql(model, alias, query):
            condition = SQL("%s IN %s", model._oms_service_sql(alias), levels)
            if "none" in levels:
                return condition
            return SQL("(%s IN (%s) AND %s)", SQL.identifier(alias, "id"), model._oms_open_sql(), condition)

        return Domain.custom(
            to_sql=to_sql,
            predicate=lambda order: order.oms_service in levels,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Override so that lists can sort by what is due first, and group by what is at risk."""
        if field_expr == "oms_due_at":
            return self._oms_due_sql(alias)
        if field_expr == "oms_service":
            return self._oms_service_sql(alias)
        return super()._field_to_sql(alias, field_expr, query)

    # ------------------------------------------------------------------------------------------------------ CAPTURE

    @api.model
    def _oms_prepare_service(self, channel, doc, resolver):
        """Values of an order that follow from how and by when its customer wants the goods."""
        method = resolver.delivery_method(doc)
        pickup = resolver.pickup_place(doc) if method in COLLECTED_METHODS else self.env["stock.warehouse"]
        ship_by, deliver_by = doc.ship_by, doc.deliver_by
        if not (ship_by or deliver_by):
            ship_by, deliver_by = resolver.promise(method, pickup, doc.ordered_at)
        return {
            "oms_delivery_method": method,
            "oms_pickup_warehouse_id": pickup.id,
            **({"carrier_id": carrier.id} if (carrier := resolver.carrier(doc)) else {}),
            "oms_promise_told": bool(doc.ship_by or doc.deliver_by),
            "oms_ship_by": _naive(ship_by),
            "oms_deliver_by": _naive(deliver_by),
            "oms_release_at": channel._oms_release_at(method, doc.ordered_at),
        }

    def _oms_set_promise(self):
        """Compute anew by when these orders are due, where the channel has not told it."""
        for order in self.filtered(lambda order: order.oms_channel_id and not order.oms_promise_told):
            ship_by, deliver_by = order.oms_channel_id._oms_promise(
                order.oms_delivery_method,
                order.oms_pickup_warehouse_id or order.warehouse_id,
                _aware(order.oms_ordered_at or order.create_date),
            )
            values = {"oms_ship_by": _naive(ship_by), "oms_deliver_by": _naive(deliver_by)}
            if any(order[name] != value for name, value in values.items()):
                order.with_context(oms_by_job=INSIDE).write(values)

    def write(self, vals):
        """Override: who gets the goods in another way gets another promise."""
        result = super().write(vals)
        if not {"oms_delivery_method", "oms_pickup_warehouse_id"}.isdisjoint(vals) and "oms_ship_by" not in vals:
            self._oms_set_promise()
        return result

    # ---------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_oms_watch_promises(self):
        """Tell each broken promise once: in the order's log, and to the customer."""
        cron = self.env["ir.cron"]
        last_id = 0
        while orders := self.search(
            self._oms_newly_late() & Domain("id", ">", last_id), order="id", limit=LATE_BATCH_MAX
        ):
            last_id = orders[-1].id
            orders._oms_tell_late()
            remaining = self.search_count(self._oms_newly_late() & Domain("id", ">", last_id), limit=10_000)
            if not cron._commit_progress(len(orders), remaining=remaining):
                break

    @api.model
    def _oms_newly_late(self):
        """Orders whose promise is broken and was not when the customer was last told."""

        def to_sql(model, alias, query):
            model.flush_model(["oms_late_for"])
            due_at, told = model._oms_due_sql(alias), SQL.identifier(alias, "oms_late_for")
            return SQL(
                "(%s IN (%s) AND %s < %s AND %s IS DISTINCT FROM %s)",
                *(SQL.identifier(alias, "id"), model._oms_open_sql(), due_at, fields.Datetime.now(), told, due_at),
            )

        return Domain("oms_channel_id", "!=", False) & Domain("state", "!=", "cancel") & Domain.custom(to_sql=to_sql)

    def _oms_tell_late(self):
        for order in self:
            with on_its_own(order, order._oms_tell_untold):
                if order.try_lock_for_update():
                    order.oms_late_for = order.oms_due_at
                    order.message_post(body=order.oms_service_reason)
                    order._oms_notify("delayed")

    def _oms_tell_untold(self, error):
        """A late order of which nobody could be told."""
        text = self.env._("The order is late, and its customer could not be told: %s", error)
        leave_task(self, self.env._("Tell the customer"), text, self.user_id or self.oms_channel_id._get_responsible())


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _oms_promise(self, method, warehouse, ordered_at):
        """(by when goods must leave, by when the customer must have them) for an order of a moment; both may be ``None``.

        :param ordered_at: aware.
        """
        self.ensure_one()
        terms = self._oms_get_terms(method)
        if not terms:
            return None, None
        calendar = warehouse.oms_calendar_id or self.company_id.resource_calendar_id
        # sudo: whoever takes an order may know when the place that sends it is open
        opening = calendar.sudo()._oms_to_domain()
        return due(ordered_at.astimezone(timezone.utc), terms, opening)

    @ormcache("self.id", "method")
    def _oms_get_terms(self, method):
        """What is promised of a way of delivery (``domain.promise.Promise``); ``None`` where nothing is."""
        promises_sudo = self.sudo().promise_ids  # sudo: kept for whoever asks next
        promise = promises_sudo.filtered(lambda promise: promise.delivery_method == method)[:1]
        return Promise(promise.ship_hours, promise.deliver_hours, promise.cut_off or None) if promise else None


def _aware(moment):
    return moment.replace(tzinfo=timezone.utc)


def _naive(moment):
    """A moment as Odoo stores it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0) if moment else False
