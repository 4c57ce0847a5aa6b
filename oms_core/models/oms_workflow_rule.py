import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import ormcache, split_every

from ..const import CANCEL_REASONS, DELIVERY_METHODS, HOLD_KINDS, ORDER_PRIORITIES, WORKFLOW_BATCH, WORKFLOW_TRY_ORDERS
from ..domain.workflow import CONDITIONS, Condition, Rule, evaluate
from ..text import as_html

_logger = logging.getLogger(__name__)

#: Events that happen to an order, and states in which it stays too long.
EVENTS = [
    ("captured", "An order comes in"),
    ("release", "Before an order is released"),
    ("confirmed", "An order was confirmed"),
    ("shipped", "Something was shipped"),
    ("held", "An order is on hold for longer than"),
    ("waiting", "An order waits for stock for longer than"),
    ("late", "An order should have left, by more than"),
]
TIME_EVENTS = ("held", "waiting", "late")

CONDITION_KINDS = [
    ("amount_min", "Amount is at least"),
    ("amount_max", "Amount is at most"),
    ("new_customer", "Customer has not ordered before"),
    ("velocity", "Customer orders often (orders within hours)"),
    ("other_country", "Billing and shipping countries differ"),
    ("country", "Ships to one of these countries"),
    ("zip", "Post code begins with"),
    ("product", "Has one of these products"),
    ("category", "Has a product of these categories"),
    ("product_tag", "Has a product with one of these tags"),
    ("quantity_min", "Quantity of one product is at least"),
    ("payment", "Payment method contains"),
    ("delivery_method", "Delivery method is"),
    ("carrier", "Carrier is one of"),
    ("customer_tag", "Customer has one of these tags"),
    ("channel", "Channel is one of"),
    ("risk", "Risk is at least"),
    ("address_problem", "Delivery address looks wrong"),
]

ACTION_KINDS = [
    ("hold", "Hold the order"),
    ("tag", "Add tags"),
    ("priority", "Set the priority"),
    ("pin", "Ship from this warehouse only"),
    ("exclude", "Do not ship from these warehouses"),
    ("cancel", "Cancel the order"),
    ("activity", "Tell a colleague"),
    ("mail", "Write to the customer"),
    ("assign", "Assign salesperson or team"),
    ("carrier", "Set the delivery method"),
    ("skip_window", "Release at once"),
]


class OmsWorkflowRule(models.Model):
    """When this happens to an order, and these conditions hold, then do that. Rows of known kinds; no code."""

    _name = "oms.workflow.rule"
    _inherit = ["oms.cache.source"]
    _description = "Workflow Rule"
    _order = "sequence, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    channel_ids = fields.Many2many(
        "oms.channel", string="Channels", domain="[('company_id', '=', company_id)]", help="Empty: all channels."
    )
    event = fields.Selection(EVENTS, string="When", required=True, default="captured")
    delay = fields.Integer(help="How long it has to be so.")
    delay_unit = fields.Selection([("hours", "hours"), ("days", "days")], default="days", required=True)
    notice_days = fields.Integer(
        string="Tell the Customer Before",
        help="Days between the notice to the customer and the cancellation. Zero: no notice.",
    )
    date_from = fields.Date(string="From")
    date_to = fields.Date(string="Until")
    stop_after = fields.Boolean(string="Stop Here", help="Rules that come later are not asked about the same order.")
    condition_ids = fields.One2many("oms.workflow.condition", "rule_id", copy=True)
    action_ids = fields.One2many("oms.workflow.action", "rule_id", copy=True)
    log_ids = fields.One2many("oms.workflow.log", "rule_id", readonly=True)
    log_count = fields.Integer(compute="_compute_log_count", compute_sudo=True, string="Applied")
    ask_trial = fields.Boolean(string="Which orders would it be about?", store=False)
    trial = fields.Text(compute="_compute_trial")

    _delay_positive = models.Constraint("CHECK(delay >= 0 AND notice_days >= 0)", "A time cannot be less than zero.")

    def _compute_log_count(self):
        counts = dict(self.env["oms.workflow.log"]._read_group([("rule_id", "in", self.ids)], ["rule_id"], ["__count"]))
        for rule in self:
            rule.log_count = counts.get(rule, 0)

    @api.depends(
        "ask_trial", "event", "delay", "delay_unit", "company_id", "channel_ids", "date_from", "date_to",
        "condition_ids.summary", "condition_ids.exclude",
    )  # fmt: skip
    def _compute_trial(self):
        for rule in self:
            rule.trial = "\n".join(rule._try()[1]) if rule.ask_trial else False

    @api.constrains("event", "delay", "action_ids")
    def _check_rule(self):
        for rule in self:
            if rule.event in TIME_EVENTS and not rule.delay:
                raise ValidationError(self.env._("Say on “%s” how long it has to be so.", rule.name))
            if rule.event not in ("captured", "release") and rule.action_ids.filtered(
                lambda action: action.kind in ("pin", "exclude", "skip_window")
            ):
                raise ValidationError(
                    self.env._(
                        "“%s” comes too late to say where an order ships from: that is decided when it is confirmed.",
                        rule.name,
                    )
                )

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_view_log(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_workflow_log_action")
        action["domain"] = [("rule_id", "=", self.id)]
        return action

    def action_try(self):
        """Show which of the latest orders this rule would be about. Nothing happens to them."""
        self.ensure_one()
        self.check_access("write")
        orders, lines = self._try()
        trial = self.env["oms.workflow.trial"].create(
            {
                "rule_id": self.id,
                "text": "\n".join(lines),
                "order_ids": [fields.Command.set(orders.ids)],
            }
        )
        return trial._get_records_action(target="new", name=self.env._("Try on Recent Orders"))

    def _try(self):
        """The latest orders that this rule would be about, as it stands in the form: saving it first would have it work.

        :return: ``(orders, sentences)``
        """
        orders = self.env["sale.order"].search(
            [("company_id", "=", self.company_id.id), ("oms_channel_id", "!=", False)],
            order="id desc",
            limit=WORKFLOW_TRY_ORDERS,
        )
        rule = self._to_domain()
        now = fields.Datetime.now()
        facts = orders._oms_get_workflow_facts(rule.conditions)
        if self.event in TIME_EVENTS:
            since = orders._oms_get_since(self.event)
            facts = [replace(one, since=moment) for one in facts for moment, _key in since.get(one.order_id, [])]
        matches = evaluate([rule], facts, now)
        names = {order.id: order.display_name for order in orders}
        return orders.browse(match.order_id for match in matches), [
            self.env._("%(match)s of the latest %(all)s orders match.", match=len(matches), all=len(orders)),
            *(f"{names[match.order_id]} – {match.sentence}" for match in matches),
        ]

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _to_domain(self):
        self.ensure_one()
        delay = timedelta(**{self.delay_unit: self.delay}) if self.event in TIME_EVENTS else timedelta()
        return Rule(
            rule_id=self._origin.id or 0,
            name=self.name or "",
            event=self.event,
            conditions=tuple(condition._to_domain() for condition in self.condition_ids),
            channel_ids=frozenset(self.channel_ids.ids),
            company_id=self.company_id.id,
            starts=self.date_from or None,
            ends=self.date_to or None,
            delay=delay,
            stop_after=self.stop_after,
            zone=(self.company_id or self.env.company)._oms_get_zone(),
        )

    @api.model
    def _get_rules(self, event, companies):
        """The rules about an event, in their sequence."""
        # sudo: rules are the managers' to read; they work for whoever works the order
        return self.sudo().browse(self._get_rule_ids(event, tuple(sorted(companies.ids))))

    @api.model
    @ormcache("event", "company_ids")
    def _get_rule_ids(self, event, company_ids):
        """As :meth:`_get_rules`: asked at every step of an order, and mostly there is none."""
        rules_sudo = self.sudo().with_context(active_test=True)  # sudo: as above
        return tuple(rules_sudo.search([("event", "=", event), ("company_id", "in", company_ids)]).ids)

    # --------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_run(self):
        """Apply the rules about time, a batch and a commit at a time."""
        cron = self.env["ir.cron"]
        for rule in self.search([("event", "in", TIME_EVENTS)]):
            orders = rule._get_candidates()
            for ids in split_every(WORKFLOW_BATCH, orders.ids):
                batch = orders.browse(ids)
                try:
                    with self.env.cr.savepoint():
                        rule._run_on(batch)
                except Exception:  # a rule that fails must not keep the others waiting
                    _logger.warning("Workflow rule %s failed", rule.id, exc_info=True)
                    self.env.invalidate_all()
                if not cron._commit_progress(1):
                    return

    def _run_on(self, orders):
        """Apply this rule about time to those of ``orders`` that it is about."""
        self.ensure_one()
        company_orders = orders.with_company(self.company_id)
        if self._needs_notice():
            company_orders._oms_give_notice(self)
        company_orders._oms_run_rules(self.event, rules=self)

    def _needs_notice(self):
        return bool(self.notice_days and "cancel" in self.action_ids.mapped("kind"))

    def _get_candidates(self):
        """Orders for which it may have been so for long enough. Conditions are looked at later."""
        self.ensure_one()
        orders = self.env["sale.order"]
        until = fields.Datetime.now() - timedelta(**{self.delay_unit: self.delay})
        if self._needs_notice():
            until += timedelta(days=self.notice_days)
        of_company = [("company_id", "=", self.company_id.id), ("oms_channel_id", "!=", False)]
        match self.event:
            case "held":
                holds = self.env["oms.hold"].search(
                    [("released_at", "=", False), ("create_date", "<=", until), ("company_id", "=", self.company_id.id)]
                )
                return orders.search([*of_company, ("id", "in", holds.order_id.ids), ("state", "!=", "cancel")])
            case "waiting":
                groups = self.env["stock.move"]._read_group(
                    [
                        ("state", "in", ("confirmed", "partially_available")),
                        ("sale_line_id", "!=", False),
                        ("create_date", "<=", until),
                        ("company_id", "=", self.company_id.id),
                    ],
                    ["sale_line_id"],
                )
                lines = self.env["sale.order.line"].union(*(line for (line,) in groups))
                return orders.search([*of_company, ("id", "in", lines.order_id.ids), ("state", "=", "sale")])
            case "late":
                return orders.search(
                    [
                        *of_company,
                        ("state", "=", "sale"),
                        ("oms_ship_by", "<=", until),
                        ("picking_ids.state", "in", ("draft", "waiting", "confirmed", "assigned")),
                    ]
                )
        return orders


class OmsWorkflowCondition(models.Model):
    """One condition of a rule: a kind, and the values that this kind asks for."""

    _name = "oms.workflow.condition"
    _description = "Workflow Condition"
    _order = "id"

    rule_id = fields.Many2one("oms.workflow.rule", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="rule_id.currency_id")
    kind = fields.Selection(CONDITION_KINDS, required=True)
    exclude = fields.Boolean(string="Not", help="The rule is about orders for which this does not hold.")
    amount = fields.Monetary()
    count = fields.Integer()
    hours = fields.Integer(default=24)
    text = fields.Char()
    delivery_method = fields.Selection(DELIVERY_METHODS)
    risk_level = fields.Selection([("low", "Low"), ("medium", "Medium"), ("high", "High")])
    country_ids = fields.Many2many("res.country")
    country_group_ids = fields.Many2many("res.country.group")
    product_ids = fields.Many2many("product.product")
    categ_ids = fields.Many2many("product.category")
    product_tag_ids = fields.Many2many("product.tag")
    carrier_ids = fields.Many2many("delivery.carrier")
    partner_tag_ids = fields.Many2many("res.partner.category")
    channel_ids = fields.Many2many("oms.channel")
    summary = fields.Char(compute="_compute_summary")

    @api.depends(
        "kind", "amount", "count", "hours", "text", "delivery_method", "risk_level", "country_ids", "country_group_ids",
        "product_ids", "categ_ids", "product_tag_ids", "carrier_ids", "partner_tag_ids", "channel_ids",
    )  # fmt: skip
    def _compute_summary(self):
        for condition in self:
            records = condition._get_records()
            match condition.kind:
                case "amount_min" | "amount_max":
                    text = condition.currency_id.format(condition.amount) if condition.currency_id else ""
                case "velocity":
                    text = self.env._("%(count)s in %(hours)s hours", count=condition.count, hours=condition.hours)
                case "quantity_min":
                    text = str(condition.count)
                case "zip" | "payment":
                    text = condition.text or ""
                case "delivery_method":
                    text = dict(DELIVERY_METHODS).get(condition.delivery_method, "")
                case "risk":
                    text = condition.risk_level or ""
                case _:
                    text = ", ".join(record.display_name for group in records for record in group)
            condition.summary = text

    def _get_records(self):
        """The recordsets that a kind looks at."""
        return {
            "country": (self.country_ids, self.country_group_ids),
            "product": (self.product_ids,),
            "category": (self.categ_ids,),
            "product_tag": (self.product_tag_ids,),
            "carrier": (self.carrier_ids,),
            "customer_tag": (self.partner_tag_ids,),
            "channel": (self.channel_ids,),
        }.get(self.kind, ())

    @api.constrains("kind", "text", "count", "hours", "delivery_method", "risk_level")
    def _check_filled(self):
        """A condition without its value would match nothing or everything, silently."""
        for condition in self:
            missing = (
                (condition.kind in ("zip", "payment") and not condition.text)
                or (condition.kind == "delivery_method" and not condition.delivery_method)
                or (condition.kind == "risk" and not condition.risk_level)
                or (condition.kind in ("velocity", "quantity_min") and condition.count <= 0)
                or (condition.kind == "velocity" and condition.hours <= 0)
            )
            if missing:
                label = dict(CONDITION_KINDS)[condition.kind]
                raise ValidationError(self.env._("The condition “%s” lacks its value.", label))

    def _to_domain(self):
        self.ensure_one()
        ids = {id_ for records in self._get_records() for id_ in records.ids}
        if self.kind == "country":
            ids = set((self.country_ids | self.country_group_ids.country_ids).ids)
        return Condition(
            kind=self.kind,
            exclude=self.exclude,
            amount=Decimal(str(self.amount)),
            count=self.count,
            hours=self.hours,
            text={"delivery_method": self.delivery_method, "risk": self.risk_level}.get(self.kind, self.text) or "",
            ids=frozenset(ids),
        )


class OmsWorkflowAction(models.Model):
    """One thing that a rule does: a kind, and the values that this kind asks for."""

    _name = "oms.workflow.action"
    _description = "Workflow Action"
    _order = "sequence, id"

    rule_id = fields.Many2one("oms.workflow.rule", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(ACTION_KINDS, required=True)
    hold_kind = fields.Selection(HOLD_KINDS, default="manual")
    sentence = fields.Char(help="What a clerk reads, with what to do next. Empty: why the rule was applied.")
    user_id = fields.Many2one("res.users", string="Person")
    team_id = fields.Many2one("crm.team", string="Sales Team")
    expires_hours = fields.Integer(string="Expires After (hours)")
    on_expiry = fields.Selection(
        [("escalate", "Tell somebody"), ("release", "Release it"), ("cancel", "Cancel the order")], default="escalate"
    )
    tag_ids = fields.Many2many("crm.tag")
    priority = fields.Selection(ORDER_PRIORITIES, default="high")
    warehouse_ids = fields.Many2many("stock.warehouse", domain="[('company_id', '=', company_id)]")
    cancel_reason = fields.Selection(CANCEL_REASONS, default="inventory")
    template_id = fields.Many2one("mail.template", domain="[('model', '=', 'sale.order')]")
    delivery_method = fields.Selection([method for method in DELIVERY_METHODS if method[0] in ("ship", "express")])
    carrier_id = fields.Many2one("delivery.carrier")
    summary = fields.Char(compute="_compute_summary")

    @api.depends(
        "kind", "hold_kind", "sentence", "user_id", "team_id", "tag_ids", "priority", "warehouse_ids", "cancel_reason",
        "template_id", "delivery_method", "carrier_id",
    )  # fmt: skip
    def _compute_summary(self):
        for action in self:
            parts = {
                "hold": [dict(HOLD_KINDS).get(action.hold_kind), action.sentence],
                "tag": action.tag_ids.mapped("name"),
                "priority": [dict(ORDER_PRIORITIES).get(action.priority)],
                "pin": action.warehouse_ids.mapped("name"),
                "exclude": action.warehouse_ids.mapped("name"),
                "cancel": [dict(CANCEL_REASONS).get(action.cancel_reason)],
                "activity": [action.user_id.name, action.sentence],
                "mail": [action.template_id.name],
                "assign": [action.user_id.name, action.team_id.name],
                "carrier": [action.carrier_id.name, dict(DELIVERY_METHODS).get(action.delivery_method)],
            }.get(action.kind, [])
            action.summary = ", ".join(filter(None, parts))

    @api.constrains("kind", "tag_ids", "warehouse_ids", "template_id", "carrier_id", "delivery_method", "user_id")
    def _check_filled(self):
        for action in self:
            missing = {
                "tag": not action.tag_ids,
                "pin": len(action.warehouse_ids) != 1,
                "exclude": not action.warehouse_ids,
                "mail": not action.template_id,
                "assign": not (action.user_id or action.team_id),
                "carrier": not (action.carrier_id or action.delivery_method),
            }.get(action.kind, False)
            if missing:
                label = dict(ACTION_KINDS)[action.kind]
                raise ValidationError(self.env._("The action “%s” lacks its value.", label))

    def _apply(self, order, sentence):
        """Do this to an order. ``sentence``: why the rule is about it."""
        self.ensure_one()
        getattr(self, f"_apply_{self.kind}")(order, sentence)

    def _apply_hold(self, order, sentence):
        hold = order._oms_hold(self.hold_kind or "manual", self.sentence or sentence)
        values = {}
        if self.user_id:
            values["assignee_id"] = self.user_id.id
        if self.expires_hours:
            values["expires_at"] = fields.Datetime.now() + timedelta(hours=self.expires_hours)
            values["on_expiry"] = self.on_expiry
        if values:
            hold.sudo().write(values)  # sudo: a hold is opened by whoever finds a reason; see sale.order._oms_hold

    def _apply_tag(self, order, _sentence):
        order.tag_ids |= self.tag_ids

    def _apply_priority(self, order, _sentence):
        order.oms_priority = self.priority

    def _apply_pin(self, order, _sentence):
        order.oms_pinned_warehouse_id = self.warehouse_ids

    def _apply_exclude(self, order, _sentence):
        order.oms_excluded_warehouse_ids |= self.warehouse_ids

    def _apply_cancel(self, order, sentence):
        """Cancel what has not left. No rule asks a customer to send goods back that came."""
        standing = order._oms_get_standing()
        quantities = None
        if any(line.left > 0 for line in standing):
            quantities = {order.order_line.browse(line.line_id): line.open for line in standing}
        order._oms_request_cancellation(self.cancel_reason or "other", "rule", sentence, quantities)

    def _apply_activity(self, order, sentence):
        order.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=(self.user_id or order.user_id or order.oms_channel_id.user_id or self.env.user).id,
            summary=self.rule_id.name,
            note=as_html(self.sentence or sentence),
        )

    def _apply_mail(self, order, _sentence):
        # sudo: what is written to customers is the managers' decision, whoever's order it is
        self.template_id.sudo().send_mail(order.id)

    def _apply_assign(self, order, _sentence):
        if self.user_id:
            order.user_id = self.user_id
        if self.team_id:
            order.team_id = self.team_id

    def _apply_carrier(self, order, _sentence):
        if self.carrier_id:
            order.carrier_id = self.carrier_id
        if self.delivery_method:
            order.oms_delivery_method = self.delivery_method

    def _apply_skip_window(self, order, _sentence):
        if "oms_release_at" in order._fields:
            order.oms_release_at = fields.Datetime.now()


class OmsWorkflowLog(models.Model):
    """A rule was applied to an order, once, and why. Rows are added, never changed."""

    _name = "oms.workflow.log"
    _description = "Applied Workflow Rule"
    _order = "id desc"
    _rec_name = "sentence"

    rule_id = fields.Many2one("oms.workflow.rule", required=True, index=True, ondelete="restrict", readonly=True)
    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    event_key = fields.Char(required=True, readonly=True)
    sentence = fields.Text(required=True, readonly=True)
    done = fields.Char(readonly=True, string="What It Did")

    _once_uniq = models.UniqueIndex(
        "(rule_id, order_id, event_key)", "This rule was applied to this order for this reason already."
    )

    def write(self, vals):
        if self and vals:
            raise UserError(self.env._("What a rule did is history and cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        raise UserError(self.env._("What a rule did is history and cannot be deleted."))


def _check_registry():
    missing = set(dict(CONDITION_KINDS)) ^ set(CONDITIONS)
    if missing:
        raise AssertionError(f"kinds of condition without a meaning, or the other way round: {missing}")


_check_registry()
