"""What becomes of goods that no place ships: tried again, held, or called off, as the policy of the order says."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.oms_core.alone import on_its_own

from ..const import WAITING_BATCH_MAX, WAITING_RUN_MAX
from ..domain.decision import UNSOURCED
from ..domain.model import CANCEL, HOLD, WAIT
from .sale_order_replan import NOWHERE

#: What marks the holds of this file among others about stock: a policy wants a person to look, or no site may ship it, which
#: the job that looks for stock ends by itself.
SUBJECT = "sourcing"
FORBIDDEN = f"{NOWHERE} may ship it"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_waits_since = fields.Datetime(
        string="Waits for a Site Since",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="Since when some of its goods are asked for at no place; the job tries again.",
    )

    # ---------------------------------------------------------------------------------------------------- LEFTOVERS

    def _oms_apply_leftovers(self):
        """Do what the latest decisions say about goods that no place ships and that are still wanted. Called once the others
        have been asked for."""
        for order in self:
            decision = order._oms_decisions()[:1]
            left = decision.line_ids.filtered(lambda line: not line.warehouse_id)
            if not left and not order.oms_waits_since:
                continue
            missing = order._oms_missing()
            left = left.filtered(lambda line, missing=missing: line.sale_line_id in missing)
            modes = set(left.mapped("mode"))
            if HOLD in modes:
                order._oms_hold_leftover(decision)
            if modes & {WAIT, CANCEL}:
                order._oms_wait(at_once=CANCEL in modes)
            elif order.oms_waits_since and missing.keys() <= set(left.sale_line_id):
                order.oms_waits_since = False  # what an earlier decision lets wait goes on waiting

    def _oms_hold_leftover(self, decision):
        self.ensure_one()
        if decision.outcome == UNSOURCED:
            subject = FORBIDDEN
            what_next = self.env._(
                "It goes on by itself when one may and has all of it. Or change the rules or the order; then release, and it "
                "is sourced again."
            )
        else:
            subject = SUBJECT
            what_next = self.env._(
                "Find the goods, or change the rules or the order; then release, and it is sourced again."
            )
        self._oms_hold("stock", f"{decision.sentence} {what_next}", subject=subject)

    def _oms_wait(self, at_once=False):
        """Have the job look at this order again."""
        self.ensure_one()
        # sudo: whoever confirms an order may have the job look at it
        order_sudo = self.sudo()
        if not order_sudo.oms_waits_since:
            order_sudo.oms_waits_since = fields.Datetime.now()
        if at_once:
            self.env.ref("oms_routing.cron_waiting").sudo()._trigger()  # sudo: as above

    # --------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_oms_waiting(self):
        """Try again for the orders some of whose goods no place had, the longest waiting first, a few and a commit at a
        time."""
        cron = self.env["ir.cron"]
        waiting = self.search(
            Domain("oms_waits_since", "!=", False), order="oms_waits_since, id", limit=WAITING_RUN_MAX
        )
        for start in range(0, len(waiting), WAITING_BATCH_MAX):
            batch = waiting[start : start + WAITING_BATCH_MAX]
            for order in batch:
                with on_its_own(order, order._oms_tell_untried):
                    if locked := order.try_lock_for_update(allow_referencing=True):
                        locked._oms_try_again()
            if not cron._commit_progress(len(batch), remaining=len(waiting) - start - len(batch)):
                break

    def _oms_tell_untried(self, error):
        self.oms_waits_since = False  # or it would fail each hour
        self._oms_hold(
            "stock",
            self.env._("It could not be sourced: %s Put that right, then release.", error),
            subject=SUBJECT,
        )

    def _oms_try_again(self):
        """Look for places for what no transfer will bring. Where nothing has changed, nothing is written."""
        self.ensure_one()
        missing = self._oms_missing() if self.state == "sale" and not self.oms_on_hold else {}
        if not missing:
            if self.state != "sale" or not self.oms_on_hold:
                self.oms_waits_since = False
            return
        planned = self._oms_propose({self: missing}, "retry")[self]
        modes = {allocation.mode for allocation in planned.decision.allocations}
        is_over = self._oms_has_waited_enough(planned.policy)
        if modes == {WAIT} and not is_over:
            return
        decision = self.env["oms.sourcing.decision"]._record([planned], "retry")
        if modes - {WAIT, HOLD, CANCEL}:
            self._oms_launch(missing)
        else:
            self._oms_apply_leftovers()
        if CANCEL in modes:
            self._oms_call_off(decision)
        elif is_over:
            self.oms_waits_since = False
            self._oms_hold_leftover(decision)

    def _oms_has_waited_enough(self, policy):
        """Whether what none of a chain of policies ships was tried for as long as the last of them says."""
        while policy.next is not None:
            policy = policy.next
        # sudo: policies work for whoever has it tried again
        record_sudo = self.env["oms.sourcing.policy"].sudo().browse(policy.id or ())
        days = record_sudo.leftover_days if policy.leftover == WAIT else 0
        return days > 0 and self.oms_waits_since + timedelta(days=days) <= fields.Datetime.now()

    def _oms_call_off(self, decision):
        """Cancel what the policy gives up, through the same door as everybody else."""
        self.ensure_one()
        given_up = decision.line_ids.filtered(lambda line: line.mode == CANCEL)
        quantities = {}
        for line in given_up:
            sale_line = line.sale_line_id
            quantity = line.product_id.uom_id._compute_quantity(line.quantity, sale_line.product_uom_id, round=False)
            quantities[sale_line] = quantities.get(sale_line, 0.0) + quantity
        goods = self.order_line.filtered(lambda line: line._is_oms_goods() and line.product_uom_qty > 0)
        is_whole = all(quantities.get(line, 0.0) >= line.product_uom_qty for line in goods)
        self._oms_request_cancellation("inventory", "system", decision.sentence, None if is_whole else quantities)
        self.oms_waits_since = False  # last: a smaller quantity asks what is left over once more


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _action_launch_stock_rule(self, **kwargs):
        """Override of ``sale_stock``: once the places are asked for their parts, the rest has its turn."""
        result = super()._action_launch_stock_rule(**kwargs)
        self.order_id.filtered(lambda order: order.oms_channel_id and order.state == "sale")._oms_apply_leftovers()
        return result


class OmsHold(models.Model):
    _inherit = "oms.hold"

    def action_release(self):
        """Override: an order that was held because no place had its goods is sourced again."""
        ours = self.filtered(
            lambda hold: hold.is_open and hold.kind == "stock" and hold.subject in (SUBJECT, FORBIDDEN)
        )
        result = super().action_release()
        for order in ours.order_id.filtered(lambda order: order.state == "sale"):
            if missing := order._oms_missing():
                order._oms_decide({order: missing}, "retry")
                order._oms_launch(missing)
        return result
