"""Deliveries that their place does not get done: not picked in time, or it closed. Others are asked, people are told."""

from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.oms_core.alone import leave_task, on_its_own

from ..const import REPLAN_BATCH_MAX, REPLAN_EVERY_MINUTES, REPLAN_RUN_MAX


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_pick_by = fields.Datetime(
        string="Pick By",
        compute="_compute_oms_pick_by",
        store=True,
        copy=False,
        index="btree_not_null",
        help="When it is not picked by then, another place is asked for it. Counts from when it can be picked: the goods are "
        "there, and the order is not on hold.",
    )
    oms_replanned_at = fields.Datetime(
        readonly=True, copy=False, help="When the job last looked for another place, and found none."
    )

    @api.depends("state", "sale_id.oms_hold_ids.released_at")
    def _compute_oms_pick_by(self):
        """A place that is to be quick is given its time when it can begin, and all of it anew when it had to stop."""
        now = fields.Datetime.now()
        for picking in self:
            node = picking.picking_type_id.warehouse_id
            is_first = picking.picking_type_id == (
                node.out_type_id if node.delivery_steps == "ship_only" else node.pick_type_id
            )
            has_time = node.oms_pick_hours and is_first and not picking.return_id
            if has_time and picking.state == "assigned" and not picking.sale_id.oms_on_hold:
                picking.oms_pick_by = picking.oms_pick_by or node._oms_get_pick_by(now)
            else:
                picking.oms_pick_by = False

    # ---------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _oms_replan_domain(self):
        """Deliveries that others should be asked for, those left out at which the job has just looked in vain."""
        now = fields.Datetime.now()
        # sudo: closed is closed, whoever may see the place
        places = (
            self.env["stock.warehouse"].sudo().search(["|", ("oms_intake", "=", "closed"), ("oms_shut_days", ">", 0)])
        )
        closed = [place.id for place, state in places._oms_get_openings(now).items() if state.gives_up]
        return [
            ("state", "not in", ("draft", "done", "cancel")),
            ("sale_id.oms_channel_id", "!=", False),
            ("oms_picked_at", "=", False),
            ("oms_ready_at", "=", False),
            "|",
            ("oms_pick_by", "<", now),
            "&",
            ("picking_type_id.warehouse_id", "in", closed),
            ("picking_type_code", "in", ("outgoing", "internal")),
            "|",
            ("oms_replanned_at", "=", False),
            ("oms_replanned_at", "<", now - timedelta(minutes=REPLAN_EVERY_MINUTES)),
        ]

    @api.model
    def _cron_oms_replan(self):
        """Ask others for what is late or stands in a place that closed; a commit per batch, and so many in one run."""
        cron = self.env["ir.cron"]
        self.env["stock.warehouse"]._oms_let_go_on()
        domain = self._oms_replan_domain()
        ids = self.search(domain, order="oms_replanned_at nulls first, id", limit=REPLAN_RUN_MAX).ids
        for start in range(0, len(ids), REPLAN_BATCH_MAX):
            batch = self.browse(ids[start : start + REPLAN_BATCH_MAX])
            for picking in batch.try_lock_for_update(allow_referencing=True):
                with on_its_own(picking, picking._oms_tell_not_replanned):
                    picking._oms_replan()
            if not cron._commit_progress(len(batch), remaining=max(len(ids) - start - len(batch), 0)):
                return
        self.env["sale.order"]._oms_give_found_stock(REPLAN_RUN_MAX)

    def _oms_replan(self):
        """Ask others for what this delivery is to bring; without any it stays where it is, and somebody is told."""
        self.ensure_one()
        if not self._oms_is_untouched():
            self.oms_replanned_at = fields.Datetime.now()
            return
        node = self.picking_type_id.warehouse_id
        state = node._oms_get_openings()[node]
        is_late = not state.gives_up
        why = self.env._("%s did not pick it in time.", node.name) if is_late else state.reason
        order = self.sale_id
        moves = self.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        if order._oms_is_pinned():
            self._oms_tell_pickup(why, is_late)
            return
        movable = moves.filtered(lambda move: move._oms_may_go_elsewhere())._oms_without_broken_kits()
        excluded = {node.id: why} if is_late else {}  # of a closed place the planner knows
        used_up = is_late and order._oms_attempts_are_used_up()
        rejected = [(move.sale_line_id, move.product_id, move.product_qty) for move in movable] if is_late else []
        if (
            movable == moves
            and not used_up
            and order._oms_move_elsewhere(movable, "late" if is_late else "closed", excluded)
        ):
            self._oms_remember_late(rejected)
            order._oms_end_stock_holds(f"closed {node.id}")
            self.message_post(body=self.env._("%s Others were asked to bring it.", why))
            return
        self.oms_replanned_at = fields.Datetime.now()
        if is_late:
            text = self.env._("%s No other place can bring all of it now: pick it, or reject what is not there.", why)
            leave_task(self, self.env._("Not picked in time"), text, order.user_id)
        else:
            order._oms_hold(
                "stock",
                self.env._(
                    "%(why)s No other place can bring all of %(products)s. It goes elsewhere by itself when one can; or "
                    "release it, and it leaves when the place opens again.",
                    why=why,
                    products=moves._oms_say_products(),
                ),
                subject=f"closed {node.id}",
            )

    def _oms_is_untouched(self):
        """Whether nobody has begun to work on this delivery: not picked, packed, labelled, printed, or told to others."""
        self.ensure_one()
        return not (
            self.oms_picked_at
            or self.oms_ready_at
            or self.printed
            or self.carrier_tracking_ref
            or self.oms_3pl_reference
            or any(move.picked for move in self.move_ids if move.state not in ("done", "cancel"))
        )

    def _oms_remember_late(self, rejected):
        """Not to have picked in time is to have rejected: the place is not asked for it again for a while."""
        node = self.picking_type_id.warehouse_id
        # sudo: rejections are written by the system alone
        self.env["oms.rejection"].sudo().create(
            [
                {
                    "line_id": line.id,
                    "order_id": line.order_id.id,
                    "picking_id": self.id,
                    "warehouse_id": node.id,
                    "company_id": self.company_id.id,
                    "product_id": product.id,
                    "quantity": quantity,
                    "reason_id": self.env.ref("oms_routing.reject_reason_late").id,
                }
                for line, product, quantity in rejected
            ]
        )

    def _oms_tell_pickup(self, why, is_late):
        """A customer comes to this place and to no other: people decide."""
        self.oms_replanned_at = fields.Datetime.now()
        if is_late:
            text = self.env._("%s Its customer comes for it: have it ready, or reject what is not there.", why)
            leave_task(self, self.env._("Pickup is not ready in time"), text, self.sale_id.user_id)
            return
        self.sale_id._oms_hold(
            "stock",
            self.env._(
                "%s Its customer wanted to come there. Offer another store, or ship it (change the delivery method and source "
                "again), or take it off the order; then release.",
                why,
            ),
            subject=f"closed {self.picking_type_id.warehouse_id.id}",
        )

    def _oms_tell_not_replanned(self, error):
        self.oms_replanned_at = fields.Datetime.now()
        leave_task(self, self.env._("No other place was found"), str(error), self.sale_id.user_id)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_pick_hours = fields.Float(
        string="Picked Within",
        help="Opening hours in which this place picks what it is to ship; then another one is asked. 0: no deadline.",
    )

    _oms_pick_hours_check = models.Constraint(
        "CHECK(COALESCE(oms_pick_hours, 0) BETWEEN 0 AND 1000)", "Goods are picked within 0 to 1000 opening hours."
    )

    def _oms_get_pick_by(self, moment):
        """Until when what comes at ``moment`` (UTC, without time zone) is to be picked here."""
        return self._oms_get_after(moment, self.oms_pick_hours)
