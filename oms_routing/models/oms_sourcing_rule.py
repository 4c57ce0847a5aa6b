from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_list

from odoo.addons.oms_core.const import INSIDE

from ..domain.policy import CONSTRAINT_KINDS, OBJECTIVE_KINDS, Rule

#: What each kind of constraint is called; those that hold in every policy are not offered.
CONSTRAINTS = [
    ("node_kind", "Kind of place"),
    ("node_group", "Group of places"),
    ("same_company", "Company of the place"),
    ("is_open", "Place takes orders"),
    ("ships_to", "Place ships to this country"),
    ("max_distance", "Distance at most"),
    ("safety_stock", "Place keeps back stock"),
    ("capacity_orders", "Orders a day"),
    ("capacity_open", "Open orders"),
    ("capacity_minutes", "Minutes of picking a day"),
    ("carrier_serves", "A carrier takes it there"),
    ("promise", "Arrives as promised"),
    ("together", "What belongs together leaves together"),
    ("no_split", "Lines that are not divided"),
    ("whole_lines", "Only whole lines"),
    ("whole_order", "Only the whole order"),
    ("max_nodes", "Sites per order"),
    ("shipment_value", "Value of each shipment"),
]

OBJECTIVES = [
    ("fewest_parcels", "Fewest parcels"),
    ("distance", "Shortest way"),
    ("landed_cost", "Least cost"),
    ("delivery_time", "Fastest"),
    ("priority", "Preferred groups of places"),
    ("stock_balance", "Where most is left"),
    ("weeks_of_supply", "Where it lasts longest"),
    ("markdown", "Where it loses value"),
    ("capacity_left", "Where there is time"),
    ("performance", "Who rejects least"),
    ("carbon", "Least carbon dioxide"),
]

#: Parameter of the planner → columns that hold it.
COLUMNS = {
    "groups": ("group_ids",),
    "excluded_groups": ("excluded_group_ids",),
    "kinds": ("has_warehouses", "has_stores", "has_third_parties", "has_vendors"),
    "companies": ("company_ids",),
    "categories": ("category_ids",),
    "km": ("km",),
    "quantity": ("quantity",),
    "amount": ("amount",),
    "number": ("number",),
}

NODE_KINDS = {
    "has_warehouses": "warehouse",
    "has_stores": "store",
    "has_third_parties": "third_party",
    "has_vendors": "vendor",
}


class OmsSourcingRule(models.Model):
    """One rule of a policy: a constraint, which keeps or rejects a place, or a goal, which ranks what is left.

    Rows of known kinds; the columns are the parameters, and the sentence says them in words.
    """

    _name = "oms.sourcing.rule"
    _description = "Sourcing Rule"
    _order = "policy_id, is_objective, sequence, id"
    _rec_name = "sentence"

    policy_id = fields.Many2one("oms.sourcing.policy", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(default=10)
    kind = fields.Selection([*CONSTRAINTS, *OBJECTIVES], required=True)
    kinds = fields.Json(compute="_compute_kinds", help="What may be chosen: constraints or goals.")
    is_objective = fields.Boolean(string="Goal", compute="_compute_is_objective", store=True)
    hard = fields.Boolean(
        string="Must",
        default=True,
        help="Otherwise the rule is given up where nothing would fit with it, the last one first; the decision says so.",
    )
    group_ids = fields.Many2many(
        "oms.node.group", "oms_sourcing_rule_group_rel", string="Groups", help="As a goal: in the order of their list."
    )
    excluded_group_ids = fields.Many2many("oms.node.group", "oms_sourcing_rule_not_group_rel", string="Not the Groups")
    has_warehouses = fields.Boolean(string="Warehouses")
    has_stores = fields.Boolean(string="Stores")
    has_third_parties = fields.Boolean(string="Third parties")
    has_vendors = fields.Boolean(string="Vendors")
    company_ids = fields.Many2many(
        "res.company", "oms_sourcing_rule_company_rel", string="Companies", help="Empty: the company of the order."
    )
    category_ids = fields.Many2many(
        "product.category", "oms_sourcing_rule_category_rel", string="Categories", help="Empty: all products."
    )
    km = fields.Float(string="Kilometres", digits=(10, 1))
    quantity = fields.Float(string="Units", digits="Product Unit")
    amount = fields.Monetary()
    number = fields.Integer()
    sentence = fields.Char(string="Rule", compute="_compute_sentence")

    _parameters_positive = models.Constraint(
        "CHECK(COALESCE(km, 0) >= 0 AND COALESCE(quantity, 0) >= 0 AND COALESCE(amount, 0) >= 0"
        " AND COALESCE(number, 0) >= 0)",
        "The numbers of a rule cannot be negative.",
    )

    @api.depends("kind")
    def _compute_is_objective(self):
        for rule in self:
            rule.is_objective = rule.kind in OBJECTIVE_KINDS

    @api.depends("kind")
    @api.depends_context("oms_rules")
    def _compute_kinds(self):
        asked = self.env.context.get("oms_rules")
        for rule in self:
            is_goal = rule.is_objective if rule.kind else asked == "objective"
            rule.kinds = [kind for kind, _label in (OBJECTIVES if is_goal else CONSTRAINTS)]

    @api.depends("kind", "hard", *(column for columns in COLUMNS.values() for column in columns))
    def _compute_sentence(self):
        for rule in self:
            rule.sentence = rule._say() if rule.kind else ""

    @api.constrains("kind", *(column for columns in COLUMNS.values() for column in columns))
    def _check_parameters(self):
        for rule in self:
            try:
                rule._to_domain()
            except ValueError:
                raise ValidationError(
                    self.env._(
                        "“%(rule)s” does not say enough: fill in what it is to compare with.",
                        rule=dict(CONSTRAINTS + OBJECTIVES)[rule.kind],
                    )
                ) from None

    @api.onchange("kind")
    def _onchange_kind(self):
        """What a kind does not ask for is not kept, or it would seem to matter."""
        taken = self._parameters()
        for parameter, columns in COLUMNS.items():
            if parameter not in taken:
                self.update(dict.fromkeys(columns, False))

    # ------------------------------------------------------------------------------------------------------ VERSIONS

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._tell_policy()
        return rules

    def write(self, vals):
        result = super().write(vals)
        self._tell_policy()
        return result

    def unlink(self):
        self._tell_policy()
        return super().unlink()

    def _tell_policy(self):
        """What changes a rule changes its policy; where the policy itself is being written, that is one change."""
        if self.env.context.get("oms_policy_write") is not INSIDE:
            self.policy_id._bump()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _parameters(self):
        """The parameters that this kind of rule takes."""
        taken = CONSTRAINT_KINDS.get(self.kind) or OBJECTIVE_KINDS.get(self.kind) or ()
        return [name.rstrip("*") for name in taken]

    def _to_domain(self):
        self.ensure_one()
        values = {
            "groups": tuple(self.group_ids._origin.sorted(lambda group: (group.sequence, group.name)).ids),
            "excluded_groups": tuple(sorted(self.excluded_group_ids._origin.ids)),
            "kinds": tuple(kind for column, kind in NODE_KINDS.items() if self[column]),
            "companies": tuple(sorted(self.company_ids._origin.ids)),
            "categories": tuple(sorted(self.category_ids._origin.ids)),
            "km": Decimal(repr(self.km)) if self.km else None,
            "quantity": Decimal(repr(self.quantity)) if self.quantity else None,
            "amount": Decimal(repr(self.amount)) if self.amount else None,
            "number": self.number or None,
        }
        taken = {name: values[name] for name in self._parameters()}
        return Rule(self.kind, hard=self.hard or self.is_objective, id=self._origin.id or None, **taken)

    def _say(self):
        """The rule in words, as somebody would say it who explains it to a colleague."""
        self.ensure_one()
        said = getattr(self, f"_say_{self.kind}")()
        if self.is_objective or self.hard:
            return said
        return self.env._("%s, if possible", said)

    def _names(self, records):
        return format_list(self.env, records.mapped("name"))

    def _say_node_kind(self):
        labels = [self._fields[column].string for column in NODE_KINDS if self[column]]
        return self.env._("Only from: %s", ", ".join(labels).lower())

    def _say_node_group(self):
        wanted = self.group_ids and self.env._("only from the group %s", self._names(self.group_ids))
        others = self.excluded_group_ids and self.env._("not from the group %s", self._names(self.excluded_group_ids))
        words = ", ".join(filter(None, (wanted, others))) or self.env._("from any group")
        return words[:1].upper() + words[1:]

    def _say_same_company(self):
        if self.company_ids:
            return self.env._("Only from places of %s", self._names(self.company_ids))
        return self.env._("Only from places of the company of the order")

    def _say_is_open(self):
        return self.env._("Only from places that take orders now")

    def _say_ships_to(self):
        return self.env._("Only from places that ship to the customer's country")

    def _say_max_distance(self):
        return self.env._("At most %s km away", f"{self.km:g}")

    def _say_safety_stock(self):
        if self.quantity:
            return self.env._(
                "Every place keeps back %s of each product, or its own safety stock", f"{self.quantity:g}"
            )
        return self.env._("Every place keeps back its safety stock")

    def _say_capacity_orders(self):
        return self.env._("Only from places that can take one more order today")

    def _say_capacity_open(self):
        return self.env._("Only from places without too many open orders")

    def _say_capacity_minutes(self):
        return self.env._("Only from places that have time to pick it today")

    def _say_carrier_serves(self):
        return self.env._("A carrier takes the goods from there to the customer")

    def _say_promise(self):
        return self.env._("It arrives from there by the promised day")

    def _say_together(self):
        return self.env._("What belongs together leaves from one place")

    def _say_no_split(self):
        if self.category_ids:
            return self.env._("Lines of %s are not divided over places", self._names(self.category_ids))
        return self.env._("No line is divided over places")

    def _say_whole_lines(self):
        return self.env._("A line is shipped when all of it is there")

    def _say_whole_order(self):
        return self.env._("An order is shipped when all of it is there")

    def _say_max_nodes(self):
        if self.number == 1:
            return self.env._("One place for the whole order")
        return self.env._("At most %s places for one order", self.number)

    def _say_shipment_value(self):
        return self.env._(
            "Every shipment is worth at least %s, and so is what is left of the order",
            (self.currency_id or self.env.company.currency_id).format(self.amount),
        )

    def _say_fewest_parcels(self):
        return self.env._("The fewest parcels")

    def _say_distance(self):
        if self.km:
            return self.env._("The shortest way; all places within %s km are equally near", f"{self.km:g}")
        return self.env._("The shortest way")

    def _say_landed_cost(self):
        return self.env._("The least cost of carrier and handling")

    def _say_delivery_time(self):
        return self.env._("The earliest arrival")

    def _say_priority(self):
        if self.group_ids:
            ordered = self.group_ids.sorted(lambda group: (group.sequence, group.name))
            return self.env._("First from %s, then from the others", self.env._(", then ").join(ordered.mapped("name")))
        return self.env._("The places in the order of their list")

    def _say_stock_balance(self):
        return self.env._("From where most is left afterwards")

    def _say_weeks_of_supply(self):
        return self.env._("From where the rest lasts for the most weeks")

    def _say_markdown(self):
        return self.env._("From where the goods would lose most value")

    def _say_capacity_left(self):
        return self.env._("From where there is most time left today")

    def _say_performance(self):
        return self.env._("From who rejects the least orders")

    def _say_carbon(self):
        return self.env._("The least carbon dioxide")
