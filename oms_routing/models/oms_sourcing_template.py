from odoo import api, fields, models

#: {code: (name, what it is for, values of the policy, constraints, goals)}; a rule is its kind or (kind, values).
TEMPLATES = {
    "nearest_complete": (
        "Nearest site that has everything",
        "One parcel where one place has it all, the nearest of several; else as few parcels as possible. What nobody has "
        "waits where most is shipped.",
        {"order_by": "date"},
        [],
        ["fewest_parcels", "distance"],
    ),
    "cheapest": (
        "Cheapest",
        "What costs least: carrier, picking, packing, and 4 for each further parcel. A place to which no carrier goes is "
        "taken only where nothing else fits.",
        {"strategy": "least_cost", "cost_split": 4.0},
        [("carrier_serves", {"hard": False})],
        ["fewest_parcels", "distance"],
    ),
    "stores_last": (
        "Ship from stores last",
        "Warehouses first, and third parties and vendors; stores only with what nobody else has, and never their last piece.",
        {},
        [
            ("safety_stock", {"quantity": 1}),
            ("node_kind", {"hard": False, "has_warehouses": True, "has_third_parties": True, "has_vendors": True}),
        ],
        ["fewest_parcels", "distance"],
    ),
    "fastest": (
        "Fastest",
        "What arrives first; places from which it would arrive after the promised day only where nothing else fits.",
        {"leftover": "hold"},
        [("promise", {"hard": False})],
        ["delivery_time", "fewest_parcels", "distance"],
    ),
    "one_parcel": (
        "One parcel or a person decides",
        "An order leaves from one place, whole, or it is held.",
        {"leftover": "hold"},
        [("whole_order", {}), ("max_nodes", {"number": 1})],
        ["distance"],
    ),
    "greenest": (
        "Least carbon dioxide",
        "The fewest parcels, and of those the ones with the smallest emissions.",
        {},
        [],
        ["fewest_parcels", "carbon", "distance"],
    ),
}


class OmsSourcingPolicy(models.Model):
    _inherit = "oms.sourcing.policy"

    @api.model
    def _create_from_template(self, code, company, **values):
        """A policy of ``TEMPLATES`` for a company."""
        name, _purpose, settings, constraints, goals = TEMPLATES[code]
        rules = []
        for sequence, rule in enumerate([*constraints, *goals], 1):
            kind, parameters = (rule, {}) if isinstance(rule, str) else rule
            rules.append(fields.Command.create({"kind": kind, "sequence": 10 * sequence, **parameters}))
        return self.create({"name": name, "company_id": company.id, **settings, "rule_ids": rules, **values})

    @api.model
    def _create_missing(self):
        """Give each company without a policy the one that most shops want. Called when the add-on is installed."""
        groups = self.with_context(active_test=False)._read_group([], ["company_id"])
        have = [company.id for (company,) in groups]
        self.env["res.company"].search([("id", "not in", have)])._oms_create_policy()
