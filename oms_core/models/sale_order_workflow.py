"""Rules at work on orders: facts loaded in a fixed number of queries, decided purely, applied once."""

import logging
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

from ..const import COLLECTED_METHODS, ERROR_MAX_CHARS, ORDER_PRIORITIES, WORKFLOW_MOMENTS_MAX
from ..domain.workflow import OrderFacts, evaluate
from ..exceptions import CONCURRENCY_ERRORS
from ..notice import RELOAD, notice
from .oms_workflow_rule import ACTION_KINDS, TIME_EVENTS

_logger = logging.getLogger(__name__)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_priority = fields.Selection(
        ORDER_PRIORITIES,
        string="Order Priority",
        default="normal",
        tracking=True,
        help="High: its transfers are urgent, in Odoo's own sense.",
    )
    oms_pinned_warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Ships From Only",
        check_company=True,
        copy=False,
        tracking=True,
        help="The one place that this order may come from, set by a rule or by hand.",
    )
    oms_excluded_warehouse_ids = fields.Many2many(
        "stock.warehouse",
        "oms_order_excluded_warehouse_rel",
        string="Does Not Ship From",
        copy=False,
        help="Places that this order may not come from, set by a rule or by hand.",
    )
    oms_workflow_log_ids = fields.One2many("oms.workflow.log", "order_id", string="Applied Rules", readonly=True)

    def write(self, vals):
        result = super().write(vals)
        if "oms_priority" in vals:
            # sudo: who sets the priority of an order sets that of its transfers
            open_sudo = self.sudo().picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
            open_sudo.priority = "1" if vals["oms_priority"] == "high" else "0"
        return result

    # ------------------------------------------------------------------------------------------------------- EVENTS

    def action_confirm(self):
        """Override of ``sale``: rules have their say before; what they hold or cancel is not confirmed."""
        waiting = self.filtered(
            lambda order: order.oms_channel_id and order.state in ("draft", "sent") and not order.oms_on_hold
        )
        waiting._oms_run_rules("release")
        stopped = waiting.filtered(lambda order: order.oms_on_hold or order.state == "cancel")
        going = self - stopped
        result = super(SaleOrder, going).action_confirm() if going or not stopped else True
        going.filtered("oms_channel_id")._oms_run_rules("confirmed")
        if stopped and not going:
            return stopped[0]._oms_tell_stopped(self.env._("A rule stopped %s", stopped[0].display_name))
        return result

    def _oms_tell_stopped(self, what):
        """A message on the screen of whoever wanted to confirm this order: what happened, and why."""
        self.ensure_one()
        why = self.oms_hold_reason or self.oms_workflow_log_ids[:1].sentence
        return notice(self.env._("%(what)s: %(why)s", what=what, why=why), "warning", then=RELOAD)

    def _oms_release_clean(self):
        """Override: rules about what comes in are asked once, before anything goes on."""
        self.filtered(lambda order: order.oms_channel_id and order.state in ("draft", "sent"))._oms_run_rules(
            "captured"
        )
        return super()._oms_release_clean()

    # ------------------------------------------------------------------------------------------------------ RUNNING

    def _oms_run_rules(self, event, rules=None):
        """Apply the rules about ``event`` to those of these orders that they are about, each once.

        :param rules: only these ``oms.workflow.rule``; all rules about the event by default.
        """
        if not self:
            return
        rules = self.env["oms.workflow.rule"]._get_rules(event, self.company_id) if rules is None else rules.sudo()
        if not rules:
            return
        pure = [rule._to_domain() for rule in rules]
        now = fields.Datetime.now()
        facts = self._oms_get_workflow_facts([condition for rule in pure for condition in rule.conditions])
        if event in TIME_EVENTS:
            since = self._oms_get_since(event)
            facts = [
                replace(one, since=moment, event_key=key)
                for one in facts
                for moment, key in since.get(one.order_id, [])
            ]
        matches = evaluate(pure, facts, now)
        if not matches:
            return
        # sudo: what rules did is written by the system alone
        logs_sudo = self.env["oms.workflow.log"].sudo()
        known = {
            (log.rule_id.id, log.order_id.id, log.event_key)
            for log in logs_sudo.search([("rule_id", "in", rules.ids), ("order_id", "in", self.ids)])
        }
        of_id = {rule.id: rule for rule in rules}
        for match in matches:
            if (match.rule_id, match.order_id, match.event_key) in known:
                continue
            order, rule = self.browse(match.order_id), of_id[match.rule_id]
            if not order._oms_is_noticed(rule, match.event_key, now):
                continue
            order._oms_apply_rule(rule, match)

    def _oms_apply_rule(self, rule_sudo, match):
        """Apply a rule and write down why; if that fails, the order stops and says so."""
        self.ensure_one()
        labels = dict(ACTION_KINDS)
        try:
            with self.env.cr.savepoint():
                # sudo: what rules did is written by the system alone
                self.env["oms.workflow.log"].sudo().create(
                    {
                        "rule_id": rule_sudo.id,
                        "order_id": self.id,
                        "event_key": match.event_key,
                        "sentence": match.sentence,
                        "done": ", ".join(
                            f"{labels[action.kind]} ({action.summary})" if action.summary else labels[action.kind]
                            for action in rule_sudo.action_ids
                        ),
                    }
                )
                # sudo: rules are the managers' decisions, and hold for whoever works the order
                for action_sudo in rule_sudo.action_ids:
                    action_sudo._apply(self.sudo(), match.sentence)
                self.env.flush_all()
        except CONCURRENCY_ERRORS:
            raise  # nothing is wrong with the rule: whoever works this order begins anew
        except Exception as error:  # one rule that fails must not lose the order
            _logger.warning("Workflow rule %s failed on order %s", rule_sudo.id, self.id, exc_info=True)
            self.env.invalidate_all()
            self._oms_hold(
                "manual",
                self.env._(
                    "The rule “%(rule)s” could not be applied: %(error)s Correct the rule, do by hand what it asks for, then "
                    "release.",
                    rule=rule_sudo.name,
                    error=str(error)[:ERROR_MAX_CHARS],
                ),
            )

    # -------------------------------------------------------------------------------------------- NOTICE BEFORE CANCEL

    def _oms_give_notice(self, rule):
        """Tell the customers that their order will be cancelled unless the goods come."""
        now = fields.Datetime.now()
        pure = rule._to_domain()
        early = replace(pure, delay=pure.delay - timedelta(days=rule.notice_days))
        since = self._oms_get_since(rule.event)
        facts = [
            replace(one, since=moment, event_key=f"{key}:notice")
            for one in self._oms_get_workflow_facts(pure.conditions)
            for moment, key in since.get(one.order_id, [])
        ]
        matches = evaluate([early], facts, now)
        # sudo: what rules did is written by the system alone
        logs_sudo = self.env["oms.workflow.log"].sudo()
        known = {
            (log.order_id.id, log.event_key)
            for log in logs_sudo.search([("rule_id", "=", rule.id), ("order_id", "in", self.ids)])
        }
        for match in matches:
            if (match.order_id, match.event_key) in known:
                continue
            order = self.browse(match.order_id)
            logs_sudo.create(
                {
                    "rule_id": rule.id,
                    "order_id": order.id,
                    "event_key": match.event_key,
                    "sentence": match.sentence,
                    "done": self.env._("The customer was told, the order is cancelled in %s days.", rule.notice_days),
                }
            )
            order._oms_notify("delayed", key=f"rule:{rule.id}:{match.event_key}")

    def _oms_is_noticed(self, rule_sudo, event_key, now):
        """Whether the customer was told of just this early enough before the rule cancels, where the rule wants that."""
        self.ensure_one()
        if not rule_sudo._needs_notice() or rule_sudo.event not in TIME_EVENTS:
            return True
        noticed = self.oms_workflow_log_ids.filtered(
            lambda log: log.rule_id == rule_sudo and log.event_key == f"{event_key}:notice"
        )
        return any(log.create_date <= now - timedelta(days=rule_sudo.notice_days) for log in noticed)

    # -------------------------------------------------------------------------------------------------------- FACTS

    def _oms_get_workflow_facts(self, conditions):
        """What rules can ask about these orders, loaded in a fixed number of queries.

        :param conditions: those that will be asked; what none of them needs is not looked up.
        :rtype: list[OrderFacts]
        """
        kinds = {condition.kind for condition in conditions}
        velocity = [condition for condition in conditions if condition.kind == "velocity"]
        hours = max((condition.hours for condition in velocity), default=0)
        most = max((condition.count for condition in velocity), default=0) + WORKFLOW_MOMENTS_MAX
        orders_sudo = self.sudo()  # sudo: rules see all of an order, whoever works it
        earlier = orders_sudo._oms_count_earlier() if "new_customer" in kinds else {}
        moments = orders_sudo._oms_get_moments(hours, most) if hours else {}
        return [order._oms_to_facts(kinds, earlier, moments) for order in orders_sudo]

    def _oms_to_facts(self, kinds, earlier, moments):
        lines = self.order_line.filtered(lambda line: line.product_id and line._is_oms_goods())
        customer = self.partner_id.commercial_partner_id
        categories = {
            int(id_) for line in lines for id_ in (line.product_id.categ_id.parent_path or "").split("/") if id_
        }
        problems = self._oms_get_address_problems() if "address_problem" in kinds else []
        rate = self.currency_rate or 1.0
        return OrderFacts(
            order_id=self.id,
            company_id=self.company_id.id,
            channel_id=self.oms_channel_id.id,
            amount=Decimal(str(self.company_id.currency_id.round(self.amount_total / rate))),
            earlier_orders=earlier.get(self.id, 0),
            order_moments=tuple(moments.get(self.id, ())),
            ordered_at=self.oms_ordered_at or self.date_order,
            billing_country=self.partner_invoice_id.country_id.id or 0,
            shipping_country=self.partner_shipping_id.country_id.id or 0,
            zip=self.partner_shipping_id.zip or "",
            product_ids=frozenset(lines.product_id.ids),
            category_ids=frozenset(categories),
            product_tag_ids=frozenset(lines.product_id.all_product_tag_ids.ids)
            if "product_tag" in kinds
            else frozenset(),
            quantity=max((Decimal(repr(line.product_uom_qty)) for line in lines), default=Decimal(0)),
            payment_method=self.oms_payment_method or "",
            delivery_method=self.oms_delivery_method or "",
            carrier_id=self.carrier_id.id or 0,
            customer_tag_ids=frozenset(self.partner_id.category_id.ids + customer.category_id.ids),
            risk_level=self.oms_risk_level or "",
            address_problem=" ".join(problem.sentence for problem in problems),
        )

    def _oms_count_earlier(self):
        """{order id: number of orders that its customer had before}"""
        self._oms_flush_customer_orders()
        rows = self.env.execute_query(
            SQL(
                """SELECT o.id, (SELECT COUNT(*) FROM sale_order e JOIN res_partner ep ON ep.id = e.partner_id
                                  WHERE ep.commercial_partner_id = p.commercial_partner_id
                                    AND e.company_id = o.company_id AND e.state != 'cancel'
                                    AND (e.date_order, e.id) < (o.date_order, o.id))
                     FROM sale_order o JOIN res_partner p ON p.id = o.partner_id WHERE o.id IN %s""",
                tuple(self.ids),
            )
        )
        return dict(rows)

    def _oms_flush_customer_orders(self):
        self.env["sale.order"].flush_model(["partner_id", "company_id", "state", "date_order", "oms_ordered_at"])
        self.env["res.partner"].flush_model(["commercial_partner_id"])

    def _oms_get_moments(self, hours, most):
        """{order id: when its customer ordered in the ``hours`` that end with it; of that the last ``most``}"""
        recent = SQL(
            """(SELECT array_agg(m.date_order) FROM (
                    SELECT e.date_order FROM sale_order e JOIN res_partner ep ON ep.id = e.partner_id
                     WHERE ep.commercial_partner_id = p.commercial_partner_id AND e.company_id = o.company_id
                       AND e.state != 'cancel'
                       AND e.date_order BETWEEN at.moment - %s * interval '1 hour' AND at.moment
                  ORDER BY e.date_order DESC LIMIT %s) m)""",
            hours,
            most,
        )
        self._oms_flush_customer_orders()
        rows = self.env.execute_query(
            SQL(
                """SELECT o.id, %s FROM sale_order o JOIN res_partner p ON p.id = o.partner_id,
                        LATERAL (SELECT COALESCE(o.oms_ordered_at, o.date_order) AS moment) at
                    WHERE o.id IN %s""",
                recent,
                tuple(self.ids),
            )
        )
        return {order_id: moments or [] for order_id, moments in rows}

    def _oms_get_since(self, event):
        """{order id: [(since when it is so, key that tells occurrences apart)]}"""
        since = defaultdict(list)
        orders_sudo = self.sudo()  # sudo: rules see all of an order
        match event:
            case "held":
                for hold in orders_sudo.oms_hold_ids.filtered("is_open"):
                    since[hold.order_id.id].append((hold.create_date, f"held:{hold.id}"))
            case "waiting":
                for order in orders_sudo:
                    moves = order.order_line.move_ids.filtered(
                        lambda move: move.state in ("confirmed", "partially_available")
                    )
                    if moves:
                        since[order.id].append((min(moves.mapped("create_date")), "waiting"))
            case "late":
                for order in orders_sudo.filtered("oms_ship_by"):
                    since[order.id].append((order.oms_ship_by, f"late:{order.oms_ship_by:%Y-%m-%d}"))
        return since

    # ------------------------------------------------------------------------------------------------------ SOURCING

    def _oms_get_excluded_warehouses(self, warehouses):
        """{warehouse id: sentence} for those of ``warehouses`` that may not serve this order: rules exclude them, or the
        customer collects somewhere else."""
        self.ensure_one()
        excluded = {
            warehouse.id: self.env._("This order is not to be shipped from %s.", warehouse.name)
            for warehouse in self.oms_excluded_warehouse_ids & warehouses
        }
        collected = self.oms_delivery_method in COLLECTED_METHODS
        if pinned := (collected and self.oms_pickup_warehouse_id) or self.oms_pinned_warehouse_id:
            for warehouse in warehouses - pinned:
                excluded.setdefault(warehouse.id, self.env._("This order is to be shipped from %s.", pinned.name))
        return excluded


class StockMove(models.Model):
    _inherit = "stock.move"

    def _get_new_picking_values(self):
        """Override of ``stock``: what is urgent for the customer is urgent in the warehouse."""
        values = super()._get_new_picking_values()
        if any(order.oms_priority == "high" for order in self.sale_line_id.order_id):
            values["priority"] = "1"
        return values


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_on_shipped(self):
        result = super()._oms_on_shipped()
        self.sale_id.filtered("oms_channel_id")._oms_run_rules("shipped")
        return result
