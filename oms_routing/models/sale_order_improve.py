"""Until somebody begins to pick it, an order may come from a place that is cheaper by now; only if it is worth it."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import formatLang

from odoo.addons.oms_core.alone import leave_task, on_its_own

from ..const import IMPROVE_BATCH_MAX, IMPROVE_EVERY_MINUTES, IMPROVE_RUN_MAX
from ..domain.improving import saving

#: Why goods stay where they are, though the policy of their order would have them come from where it is cheaper.
STAYS = [
    ("hold", "On hold"),
    ("limit", "Moved often enough"),
    ("begun", "Begun, or waiting for goods"),
    ("kit", "A kit is begun, or not whole"),
    ("saving", "Nowhere cheaper by enough"),
]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_improved_at = fields.Datetime(
        string="Looked at for a Cheaper Way", readonly=True, copy=False, help="When the job last compared costs."
    )
    oms_stay_code = fields.Selection(STAYS, string="Stays Because", readonly=True, copy=False)
    oms_stay_reason = fields.Char(
        string="Why It Stays",
        readonly=True,
        copy=False,
        help="Why the job that looks for cheaper places has not moved it, or not all of it.",
    )

    @api.model
    def _oms_search_improvable(self, limit):
        """Orders of policies that ask for it, with something that nobody has begun to pick; the longest not looked at first."""
        policies = self.env["oms.sourcing.policy"].search([("reoptimise", "=", True)])
        if not policies:
            return self.browse()
        untouched = [
            ("state", "=", "assigned"),
            ("oms_picked_at", "=", False),
            ("oms_ready_at", "=", False),
            ("oms_accepted_at", "=", False),
        ]
        since = fields.Datetime.now() - timedelta(minutes=IMPROVE_EVERY_MINUTES)
        return self.search(
            Domain("state", "=", "sale")
            & Domain("oms_decision_ids", "any", [("policy_id", "in", policies.ids)])
            & Domain("picking_ids", "any", untouched)
            & (Domain("oms_improved_at", "=", False) | Domain("oms_improved_at", "<", since)),
            order="oms_improved_at nulls first, id",
            limit=limit,
        )

    @api.model
    def _cron_oms_improve(self):
        """Look at open orders for a cheaper way; a batch and a commit at a time, and so many in one run."""
        cron = self.env["ir.cron"]
        orders = self._oms_search_improvable(IMPROVE_RUN_MAX)
        for start in range(0, len(orders), IMPROVE_BATCH_MAX):
            batch = orders[start : start + IMPROVE_BATCH_MAX]
            for order in batch.try_lock_for_update(allow_referencing=True):
                with on_its_own(order, order._oms_tell_not_improved):
                    order._oms_improve()
                    order.oms_improved_at = fields.Datetime.now()
            if not cron._commit_progress(len(batch), remaining=max(len(orders) - start - len(batch), 0)):
                break

    def _oms_improve(self):
        """Have goods come from elsewhere, if that saves enough; else say on the order why they stay.

        :return: the decision, empty when everything stays.
        """
        self.ensure_one()
        nothing = self.env["oms.sourcing.decision"]
        policy = self._oms_get_policy()
        self._oms_stay()
        if not policy.reoptimise:
            return nothing
        if self.oms_on_hold:
            self._oms_stay("hold", self.env._("It is on hold; it is looked at again when that is released."))
            return nothing
        changes = self._oms_decisions().filtered(lambda decision: decision.trigger == "saving")
        if len(changes) >= policy.changes_max:
            words = self.env._("It was moved to save money before, and “%s” allows no more changes.", policy.name)
            self._oms_stay("limit", words)
            return nothing
        untouched = self._oms_get_improvable()
        locked = untouched.picking_id.try_lock_for_update(allow_referencing=True)
        untouched = untouched.filtered(lambda move: move.picking_id in locked)
        moves = untouched._oms_without_broken_kits()
        if kits := (untouched - moves).sale_line_id:
            self._oms_stay(
                "kit",
                self.env._(
                    "%s stays: a kit moves as a whole, and parts of it have left, are being picked, wait for goods or come in "
                    "another way.",
                    ", ".join(kits.product_id.mapped("display_name")),
                ),
            )
        elif not untouched:
            words = self.env._(
                "Nothing of it may be moved: it is being picked, waits for goods, or was told to others."
            )
            self._oms_stay("begun", words)
        return self._oms_move_to_save(moves, policy) if moves else nothing

    def _oms_move_to_save(self, moves, policy):
        """Have what these open ``moves`` are to bring come from elsewhere, if that saves enough.

        :return: the decision, empty when everything stays.
        """
        nothing = self.env["oms.sourcing.decision"]
        stands, freed = [], defaultdict(Decimal)
        for line, of_line in moves.grouped("sale_line_id").items():
            for place, quantity in line._oms_get_open(of_line).items():
                stands.append((line.id, place.id, quantity))
                freed[place.id, line.product_id.id] += quantity
        wanted = moves._oms_get_wanted()
        planned = self._oms_propose({self: wanted}, "saving", freed=freed)[self]
        saved = saving(planned.demand, planned.snapshot, planned.policy, stands, planned.decision)
        if saved is None or saved.amount < Decimal(repr(policy.saving_min)):
            if not self.oms_stay_code:
                least = self._oms_say_cost(policy.saving_min)
                self._oms_stay("saving", self.env._("It is cheaper from nowhere else, by %s or more.", least))
            return nothing
        sentence = self.env._(
            "%(why)s It saves %(amount)s: %(after)s instead of %(before)s from %(places)s.",
            why=planned.decision.sentence,
            amount=self._oms_say_cost(saved.amount),
            after=self._oms_say_cost(saved.after),
            before=self._oms_say_cost(saved.before),
            places=", ".join(moves.warehouse_id.mapped("name")),
        )
        return self._oms_replace(moves, wanted, planned, "saving", sentence=sentence)

    def _oms_stay(self, code=False, reason=False):
        """Say on the order why goods stay where they are, or that there is nothing to say."""
        self.write({"oms_stay_code": code, "oms_stay_reason": reason})

    def _oms_get_improvable(self):
        """The moves that nobody has begun to work on, and that have all they want."""
        moves = self.env["stock.move"]
        for picking in self.picking_ids.filtered(lambda picking: picking.state == "assigned"):
            is_gathered = picking.move_ids.move_orig_ids.picking_id.oms_for_order_id
            if picking._oms_is_untouched() and not picking.oms_accepted_at and not is_gathered:
                moves |= picking.move_ids
        return moves.filtered(lambda move: move.state == "assigned" and move._oms_may_go_elsewhere())

    def _oms_say_cost(self, amount):
        return formatLang(self.env, float(amount), currency_obj=self.company_id.currency_id)

    def _oms_tell_not_improved(self, error):
        self.oms_improved_at = fields.Datetime.now()
        leave_task(self, self.env._("No cheaper way was found"), str(error), self.user_id)
