"""Whether a place takes orders: a switch, and its calendar."""

from datetime import timedelta

import pytz

from odoo import api, fields, models

from ..const import SHUT_DAYS_MAX
from ..domain.opening import opening


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_intake = fields.Selection(
        [
            ("open", "Takes orders"),
            ("pause", "No new orders, finishes what it has"),
            ("closed", "Closed: what is not picked goes elsewhere"),
        ],
        string="Orders",
        required=True,
        default="open",
        help="Sourcing gives nothing to a place that takes no orders. What customers come for stays where it is.",
    )
    oms_intake_reason = fields.Char(string="Because", help="Told to whoever looks why nothing comes from here.")
    oms_shut_days = fields.Integer(
        string="Closed When Shut For",
        help="Days without opening hours (holidays of its calendar) after which this place counts as closed. 0: never.",
    )

    _oms_shut_days_check = models.Constraint(
        f"CHECK(COALESCE(oms_shut_days, 0) BETWEEN 0 AND {SHUT_DAYS_MAX})",
        f"A place counts as closed after 0 to {SHUT_DAYS_MAX} days without opening hours.",
    )

    def write(self, vals):
        """Override of ``stock``: when a place closes, others are asked soon for what it has not picked; when it works on what
        it has again, what nobody else could bring goes on."""
        result = super().write(vals)
        if vals.get("oms_intake") == "closed":
            self._oms_wake_replan()
        elif "oms_intake" in vals:
            self._oms_let_go_on()
        return result

    def _oms_get_openings(self, moment=None):
        """{warehouse: ``Opening``} at a moment (UTC, without time zone), now by default."""
        moment = moment or fields.Datetime.now()
        return {
            place: opening(
                place.name,
                place.oms_intake,
                place.oms_intake_reason or "",
                place.oms_shut_days if place.oms_calendar_id else 0,
                moment,
                place._oms_get_next_open(moment) if place.oms_shut_days and place.oms_calendar_id else None,
            )
            for place in self
        }

    def _oms_get_next_open(self, moment):
        """When this place is open next, by its calendar and its holidays; ``None`` where that is further than anybody looks."""
        self.ensure_one()
        start = pytz.utc.localize(moment)
        intervals = self.oms_calendar_id._work_intervals_batch(start, start + timedelta(days=SHUT_DAYS_MAX + 1))[False]
        opens = min((begin for begin, _end, _rows in intervals), default=None)
        return opens and max(opens, start).astimezone(pytz.utc).replace(tzinfo=None)

    def _oms_let_go_on(self):
        """Let orders go on that waited for these places, for any one by default, where a place gives nothing up any more."""
        # sudo: who opens a place again, or the job where its calendar did, lets go on what waited for that
        holds_sudo = self.env["oms.hold"].sudo()
        which = [("subject", "in", [f"closed {place.id}" for place in self])] if self else []
        standing = holds_sudo.search([("released_at", "=", False), ("subject", "=like", "closed %"), *which])
        of_place = standing.grouped(lambda hold: int(hold.subject.removeprefix("closed ")))
        openings = self.sudo().browse(of_place).exists()._oms_get_openings()  # sudo: as above
        ended = holds_sudo.union(*(of_place[place.id] for place, state in openings.items() if not state.gives_up))
        # What somebody works on just now is left to the next run of the job.
        orders = ended.order_id.try_lock_for_update(allow_referencing=True)
        ended.filtered(lambda hold: hold.order_id in orders)._release()

    def _oms_wake_replan(self):
        # sudo: whoever closes a place may have the job look at what it has not picked
        self.env.ref("oms_routing.cron_replan").sudo()._trigger()


class OmsAvailability(models.AbstractModel):
    _inherit = "oms.availability"

    @api.model
    def _oms_availability_deductions(self, snapshot, warehouses):
        """Override of ``oms_core``: of a place that is closed nothing is promised. A full one is promised: tomorrow it has
        room again."""
        result = super()._oms_availability_deductions(snapshot, warehouses)
        closed = [place.id for place, state in warehouses._oms_get_openings().items() if state.gives_up]
        if closed:
            snapshot.table.keep_all_back(closed)
        return result
