"""Waves of a place: what is ready is put into Odoo's batch transfers, and what is not says why."""

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytz

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime, format_list

from odoo.addons.oms_core.alone import leave_task, on_its_own
from odoo.addons.oms_core.domain.pickup import CLOSED_DAYS_MAX

from ..domain.waves import Limits, plan

#: Deliveries that one planning puts into waves, the most pressing ones; the next planning takes the others.
READY_MAX = 500
#: … and of those that are not ready, how many are named with their reasons.
NOT_READY_MAX = 200
#: Waves that one planning makes, where the place has no limit of its own.
WAVES_MAX = 50


class StockPickingType(models.Model):
    """Odoo's own limits of batches (transfers, lines, weight) hold for waves too."""

    _inherit = "stock.picking.type"

    oms_waves_max = fields.Integer(
        string="Open Waves",
        help="Waves that may be open at once, such as one for each person who picks. 0: no limit.",
    )
    oms_wave_only = fields.Boolean(
        string="Orders Wait for Waves",
        default=True,
        help="Odoo's automatic batches leave orders alone: they are made when an order comes, and know neither when it has to "
        "leave nor what keeps it here.",
    )
    oms_wave_singles = fields.Boolean(
        string="Single Lines Apart",
        default=True,
        help="Orders of one line are picked in waves of their own: nobody has to sort them afterwards.",
    )
    oms_wave_cut_off = fields.Float(
        string="Carrier Comes At",
        help="Orders that are still in time with the collection after the next one wait for a later wave. 0:00: none waits.",
    )
    oms_wave_ahead = fields.Integer(
        string="Plan by Itself",
        help="From so many minutes before the carrier comes waves are planned every quarter of an hour. 0: by hand only.",
    )

    _oms_waves_check = models.Constraint(
        "CHECK(COALESCE(oms_waves_max, 0) >= 0 AND COALESCE(oms_wave_ahead, 0) BETWEEN 0 AND 1440"
        " AND COALESCE(oms_wave_cut_off, 0) >= 0 AND COALESCE(oms_wave_cut_off, 0) < 24)",
        "Waves cannot be fewer than none, a carrier comes between 0:00 and 23:59, and waves are planned at most a day before.",
    )

    # ------------------------------------------------------------------------------------------------------ BUSINESS

    def _oms_plan_waves(self):
        """Put the deliveries of this place that are ready into new batch transfers.

        :return: ``(the batches, {transfer that is in none: code of the reason})``
        :raise LockError: when somebody else is planning here at this moment.
        """
        self.ensure_one()
        if self.warehouse_id.oms_node_type == "3pl":
            raise UserError(
                self.env._("%s belongs to a third party, which plans its own work.", self.warehouse_id.display_name)
            )
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise LockError(
                self.env._(
                    "Somebody is planning waves of %s at this moment. Look at them in a moment.", self.display_name
                )
            ) from error
        pickings = self._oms_get_wave_candidates()
        # Who plans with older eyes begins anew here: these were changed by whoever planned in the meantime.
        free = pickings.try_lock_for_update(allow_referencing=True)
        deliveries = [picking._oms_to_wave_delivery(is_free=picking in free) for picking in pickings]
        others = self._oms_get_wave_candidates(but=pickings)
        deliveries += [
            picking._oms_to_wave_delivery(stopped_by="not_looked_at" if len(pickings) == READY_MAX else "")
            for picking in others
        ]
        collections = self._oms_get_collections()
        found = plan(deliveries, self._oms_get_wave_limits(collections))
        batches = self.env["stock.picking.batch"]
        for ids in found.waves:
            batches |= self._oms_create_wave(pickings.browse(ids), collections)
        every = pickings | others
        return batches, {every.browse(picking_id): reason for picking_id, reason in found.left.items()}

    def _oms_get_wave_candidates(self, but=None):
        """Deliveries of orders that are in no wave: the most pressing ones that look ready, or some of the others.

        :param but: those that were found ready, to get the others.
        """
        domain = Domain(
            [
                ("picking_type_id", "=", self.id),
                ("sale_id", "!=", False),
                ("return_id", "=", False),
                ("batch_id", "=", False),
                ("state", "in", ("waiting", "confirmed", "assigned")),
            ]
        )
        pickings = self.env["stock.picking"]
        if but is not None:
            return pickings.search(domain & Domain("id", "not in", but.ids), limit=NOT_READY_MAX)
        self.env["sale.order"].flush_model(["oms_ship_by"])
        missing = Domain("state", "in", ("waiting", "confirmed", "partially_available"))
        query = pickings._search(
            domain
            & Domain("state", "=", "assigned")
            & Domain("move_ids", "not any", missing)
            & Domain("sale_id.oms_on_hold", "=", False)
        )
        order = query.left_join(pickings._table, "sale_id", "sale_order", "id", "oms_pressing")
        query._order = SQL(
            "%(urgent)s DESC, COALESCE(%(ship_by)s, %(deadline)s), %(id)s",
            urgent=pickings._field_to_sql(pickings._table, "priority", query),
            ship_by=SQL.identifier(order, "oms_ship_by"),
            deadline=pickings._field_to_sql(pickings._table, "date_deadline", query),
            id=SQL.identifier(pickings._table, "id"),
        )
        query.limit = READY_MAX
        return pickings.browse(query)

    def _oms_get_wave_limits(self, collections):
        in_work = self.env["stock.picking.batch"].search_count(
            [("picking_type_id", "=", self.id), ("state", "in", ("draft", "in_progress"))]
        )
        return Limits(
            orders=self.batch_max_pickings or None,
            lines=self.batch_max_lines or None,
            weight=Decimal(self.batch_max_weight) if self.batch_max_weight else None,
            waves=min(max(self.oms_waves_max - in_work, 0) if self.oms_waves_max else WAVES_MAX, WAVES_MAX),
            may_wait_until=collections[1] if len(collections) > 1 else None,
            singles_apart=self.oms_wave_singles,
        )

    def _oms_get_collections(self):
        """When the carrier comes next, and when after that (UTC, without time zone); empty where no time is set."""
        self.ensure_one()
        place, now = self.warehouse_id, fields.Datetime.now()
        if not self.oms_wave_cut_off or not place:
            return []
        today, zone = place._oms_get_today(now), place._oms_get_tz()
        days = [today + timedelta(days=number) for number in range(CLOSED_DAYS_MAX)]
        if place.oms_calendar_id:
            days = sorted(place._oms_get_open_days(days[0], days[-1]))
        hour = timedelta(minutes=round(self.oms_wave_cut_off * 60))
        moments = (
            zone.localize(datetime.combine(day, time.min) + hour).astimezone(pytz.utc).replace(tzinfo=None)
            for day in days
        )
        return [moment for moment in moments if moment > now][:2]

    def _oms_create_wave(self, pickings, collections):
        words = [", ".join(pickings.carrier_id.mapped("name")) or self.env._("No carrier")]
        if self.oms_wave_singles and all(len(picking._oms_get_lines_to_pick()) == 1 for picking in pickings):
            words.append(self.env._("single lines"))
        if collections:
            tz = str(self.warehouse_id._oms_get_tz())
            moment = format_datetime(self.env, collections[0], tz=tz, dt_format="short")
            words.append(self.env._("collected %s", moment))
        batch = self.env["stock.picking.batch"].create(
            {
                "picking_type_id": self.id,
                "company_id": self.company_id.id,
                "description": format_list(self.env, words, "unit"),
            }
        )
        pickings.batch_id = batch
        for place, picking in enumerate(pickings, 1):
            picking.batch_sequence = place
        if self.batch_auto_confirm:
            batch.action_confirm()
        return batch

    # ----------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_oms_plan_waves(self):
        """Plan the waves of the places whose carrier comes soon, a place and a savepoint at a time."""
        cron = self.env["ir.cron"]
        places = self.search([("oms_wave_ahead", ">", 0), ("oms_wave_cut_off", ">", 0), ("warehouse_id", "!=", False)])
        due = places.filtered(lambda place: place._oms_is_wave_due())
        for number, place in enumerate(due, 1):
            with on_its_own(place, place._oms_tell_unplanned):
                if locked := place.try_lock_for_update(allow_referencing=True):
                    locked.with_company(place.company_id)._oms_plan_waves()
            if not cron._commit_progress(1, remaining=len(due) - number):
                break

    def _oms_is_wave_due(self):
        next_one = self._oms_get_collections()[:1]
        ahead = timedelta(minutes=self.oms_wave_ahead)
        return any(moment - ahead <= fields.Datetime.now() for moment in next_one)

    def _oms_tell_unplanned(self, error):
        """On the most pressing delivery, where it is seen by who picks it."""
        if picking := self._oms_get_wave_candidates()[:1]:
            text = self.env._(
                "The waves of %(place)s could not be planned: %(error)s Put that right, then plan them by hand under "
                "Fulfilment > Plan Waves.",
                place=self.display_name,
                error=error,
            )
            leave_task(picking, self.env._("Waves not planned"), text, self.env["res.users"])
