"""What happens to a decision afterwards: a place gives up, is too slow or closes, goods are found again.

Only what is still open is planned anew. A place that could not deliver is not asked again for a while; after so many places
the order waits for a person. Where nobody forces it, nothing is taken from a place before another one can ship all of it.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.oms_core.alone import leave_task, on_its_own
from odoo.addons.oms_core.domain.quantities import Quantities

from ..const import ATTEMPTS_MAX, REPLAN_BATCH_MAX, REPLAN_EVERY_MINUTES
from ..domain.decision import UNSOURCED
from ..domain.improving import SHIPS_ALL
from ..domain.model import TAKING
from .oms_sourcing_decision import FAILURES

#: Decisions that a person or the customer asked for: places are counted anew from there.
FRESH_STARTS = ("confirm", "manual")

#: What the holds that routing puts on an order, and ends by itself, are about: their subjects begin with it.
NOWHERE = "no place"
ATTEMPTS = "attempts"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_replanned_at = fields.Datetime(
        string="Looked at Again", readonly=True, copy=False, help="When the job last looked for a better place."
    )

    # ------------------------------------------------------------------------------------------------- A PLACE GIVES UP

    def _oms_reroute(self, moves, sites=None):
        """Find other sites for what ``moves``, cancelled at theirs, would have brought; without any the order waits and says
        why.

        :param sites: those that gave up, if not the ones of ``moves``.
        """
        self.ensure_one()
        sites = sites or moves.warehouse_id
        missing = {line: quantity for line, quantity in self._oms_missing().items() if line in moves.sale_line_id}
        if not missing:
            return
        if self._oms_attempts_are_used_up():
            self._oms_hold_for_person(moves, sites)
            return
        excluded = {
            warehouse.id: self.env._("%s gave up a delivery of this order.", warehouse.name)
            for warehouse in self._oms_gave_up(sites)
        }
        decision = self._oms_decide({self: missing}, "reroute", {self: excluded})[self]
        if not decision.line_ids.filtered(lambda line: line.mode in TAKING):
            if decision.outcome != UNSOURCED and decision.line_ids.filtered(lambda line: not line.warehouse_id):
                self._oms_apply_leftovers()  # its policy says what becomes of it
            else:
                self._oms_hold_for_stock(moves, sites)
            return
        self._oms_launch(missing)

    def _oms_gave_up(self, sites):
        """These sites, and those that gave up before them, since all sites were last asked and not too long ago.

        Read from the decisions and not from cancelled moves: a site from which the customer wanted less has one too.
        """
        days = self._oms_get_rejected_days()
        since = days and fields.Datetime.now() - timedelta(days=days)
        for decision in self._oms_decisions():
            if decision.trigger in FRESH_STARTS or (since and decision.create_date < since):
                break
            sites |= decision.candidate_ids.filtered(lambda site: site.reason_code == "not_excluded").warehouse_id
        return sites

    def _oms_hold_for_stock(self, moves, sites):
        """Stop, because a place gave up and no other one has the goods."""
        self._oms_hold(
            "stock",
            self.env._(
                "%(warehouse)s will not deliver all of %(products)s, and no other place can. It goes on by itself when one "
                "has it; or source it again by hand, or take it off the order; then release.",
                warehouse=", ".join(sites.mapped("name")),
                products=moves._oms_say_products(),
            ),
            subject=f"{NOWHERE} {sites.ids} {moves.sale_line_id.ids}",
        )

    # ---------------------------------------------------------------------------------------------------- HOW OFTEN

    def _oms_get_attempts_max(self):
        """Hook: how many places may give up this order before a person looks at it."""
        return ATTEMPTS_MAX

    def _oms_get_rejected_days(self):
        """Hook: after how many days a place that could not deliver is asked again; 0: never."""
        return 0

    def _oms_get_rejections(self):
        """Override of ``oms_core``: after a while a place is asked again."""
        rejections = super()._oms_get_rejections()
        days = rejections and self._oms_get_rejected_days()
        if not days:
            return rejections
        since = fields.Datetime.now() - timedelta(days=days)
        return rejections.filtered(lambda rejection: rejection.create_date >= since)

    def _oms_attempts_are_used_up(self):
        """Whether as many places as are allowed failed since a person, or the confirmation, asked all of them."""
        failures = 0
        for decision in self._oms_decisions():
            if decision.trigger in FRESH_STARTS:
                break
            failures += decision.trigger in FAILURES
        return failures >= self._oms_get_attempts_max()

    def _oms_hold_for_person(self, moves, sites):
        self._oms_hold(
            "stock",
            self.env._(
                "%(products)s: %(count)s places have given this order up, the last one was %(warehouse)s. It is given to no "
                "other by itself. Find out why, then release it and choose Source What Has No Delivery; or take it off the "
                "order.",
                products=moves._oms_say_products(),
                count=self._oms_get_attempts_max() + 1,
                warehouse=", ".join(sites.mapped("name")),
            ),
            subject=ATTEMPTS,
        )

    # ------------------------------------------------------------------------------------------------------ ELSEWHERE

    def _oms_move_elsewhere(self, moves, trigger, excluded):
        """Have other places bring what open ``moves`` of this order are to bring, if they can bring all of it now.

        :param dict excluded: {warehouse id: why it may not take this order}
        :return: whether it comes from elsewhere now; if not, nothing has changed.
        """
        self.ensure_one()
        wanted = moves._oms_get_wanted()
        if not wanted:
            return False
        planned = self._oms_propose({self: wanted}, trigger, {self: excluded})[self]
        if planned.decision.outcome not in SHIPS_ALL:
            return False
        self._oms_replace(moves, wanted, planned, trigger)
        return True

    def _oms_replace(self, moves, wanted, planned, trigger, **details):
        """Call off open ``moves`` and ask for what was decided in their place; nobody gave anything up."""
        moves._action_cancel()
        record = self.env["oms.sourcing.decision"]._record([planned], trigger, **details)
        self._oms_launch(wanted)
        return record

    # ---------------------------------------------------------------------------------------------------- STOCK FOUND

    def _oms_look_for_stock(self):
        """Give this order what no transfer brings, and what one waits for, where places can ship all of that now.

        :return: whether something was found.
        """
        self.ensure_one()
        nothing = self.env["stock.move"]
        return self._oms_take_found(nothing, self._oms_missing()) | self._oms_take_found(
            starving := self._oms_get_starving(), starving._oms_get_wanted()
        )

    def _oms_take_found(self, moves, wanted):
        if not wanted:
            return False
        planned = self._oms_propose({self: wanted}, "found")[self]
        if planned.decision.outcome not in SHIPS_ALL:
            return False
        self._oms_replace(moves, wanted, planned, "found")
        if not self._oms_missing():
            self._oms_end_stock_holds()
        return True

    @api.model
    def _oms_give_found_stock(self, limit):
        """Look for the goods that orders have been waiting for; those first that were looked at longest ago.

        :param int limit: orders looked at in one run.
        """
        cron = self.env["ir.cron"]
        orders = self._oms_search_waiting(limit)
        for start in range(0, len(orders), REPLAN_BATCH_MAX):
            batch = orders[start : start + REPLAN_BATCH_MAX]
            for order in batch.try_lock_for_update(allow_referencing=True):
                with on_its_own(order, order._oms_tell_not_found):
                    order._oms_look_for_stock()
                    order.oms_replanned_at = fields.Datetime.now()
            if not cron._commit_progress(len(batch), remaining=max(len(orders) - start - len(batch), 0)):
                break

    @api.model
    def _oms_search_waiting(self, limit):
        """Orders that stopped because nobody has their goods, and those whose delivery waits for goods at one place."""
        confirmed = Domain("state", "=", "sale") & Domain("oms_channel_id", "!=", False)
        stopped = Domain("oms_hold_ids", "any", [("subject", "=like", f"{NOWHERE} %"), ("released_at", "=", False)])
        starving = Domain(
            "order_line.move_ids", "any", [("state", "=", "confirmed"), ("location_id.usage", "=", "internal")]
        )
        since = fields.Datetime.now() - timedelta(minutes=REPLAN_EVERY_MINUTES)
        looked = Domain("oms_replanned_at", "=", False) | Domain("oms_replanned_at", "<", since)
        return self.search(
            confirmed & (stopped | starving) & looked, order="oms_replanned_at nulls first, id", limit=limit
        )

    def _oms_tell_not_found(self, error):
        self.oms_replanned_at = fields.Datetime.now()
        leave_task(self, self.env._("No place was found"), str(error), self.user_id)

    def _oms_get_starving(self):
        """The open moves of this order that others may bring, and that have nothing reserved; of a kit that lacks a part the
        others, too."""
        starving = self.order_line.move_ids.filtered(
            lambda move: move.state == "confirmed" and not move.quantity and move._oms_may_go_elsewhere()
        )
        return starving._oms_with_rest_of_kits()._oms_without_broken_kits()

    def _oms_end_stock_holds(self, subject=None):
        """Let these orders go on, as far as they were held for this; by default, because no place had the goods."""
        # sudo: what ends because goods were found, ends whoever found them
        holds = self.sudo().oms_hold_ids.filtered(lambda hold: hold.is_open and hold.subject)
        holds.filtered(lambda hold: hold.subject == subject if subject else hold.subject.startswith(NOWHERE))._release()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_may_go_elsewhere(self):
        """Whether another place may bring what this open move is to bring; see :meth:`_oms_without_broken_kits`, too."""
        self.ensure_one()
        line = self.sale_line_id
        order = line.order_id
        if not order.oms_channel_id or order.state != "sale" or order._oms_is_pinned() or self.move_orig_ids:
            return False
        return line._oms_is_sourced() and self.location_id._child_of(self.warehouse_id.lot_stock_id)

    def _oms_get_wanted(self):
        """{sale line: what these open moves are to bring of it, and what nothing is to bring, in the product's unit}"""
        wanted = Quantities()
        for line, of_line in self.grouped("sale_line_id").items():
            wanted += Quantities((line, quantity) for quantity in line._oms_get_open(of_line).values())
        for order in self.sale_line_id.order_id:
            missing = order._oms_missing()
            wanted += Quantities(
                (line, missing[line]) for line in self.sale_line_id & order.order_line if line in missing
            )
        return dict(wanted.items())
