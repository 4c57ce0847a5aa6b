from odoo import api, fields, models

from ..const import DELIVERY_METHODS


class OmsPromise(models.Model):
    """What a channel promises for a way of delivery: how fast goods leave, and how fast they arrive."""

    _name = "oms.promise"
    _inherit = ["oms.cache.source"]
    _description = "Delivery Promise"
    _order = "channel_id, delivery_method"
    _rec_name = "delivery_method"

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    delivery_method = fields.Selection(DELIVERY_METHODS, required=True)
    ship_hours = fields.Float(
        string="Ready Within",
        required=True,
        default=8.0,
        help="Working hours of the place from the order until goods leave.",
    )
    deliver_hours = fields.Float(
        string="Delivered Within",
        help="Hours around the clock from then until the customer has them. Zero: not promised.",
    )
    cut_off = fields.Float(
        string="Cut-off", help="An order after this hour counts as one of the next working day. Zero: no such hour."
    )
    release_at_once = fields.Boolean(
        string="No Edit Window", help="Orders go on at once, and customers cannot change them for a while first."
    )

    _method_uniq = models.UniqueIndex("(channel_id, delivery_method)", "There is a promise for this way already.")
    _hours = models.Constraint(
        "CHECK(ship_hours BETWEEN 0 AND 2000 AND deliver_hours BETWEEN 0 AND 8760 AND cut_off BETWEEN 0 AND 24)",
        "Ready within 0 to 2000 working hours, delivered within 0 to 8760 hours, and a cut-off between 0 and 24.",
    )


class OmsShippingRule(models.Model):
    """What a channel's name of a shipping method means: the first text that it contains tells the way of delivery."""

    _name = "oms.shipping.rule"
    _description = "Meaning of a Shipping Method"
    _order = "channel_id, sequence, id"
    _rec_name = "text"

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    text = fields.Char(string="Name Contains", required=True)
    delivery_method = fields.Selection(DELIVERY_METHODS, required=True)

    @api.model
    def _match(self, rules, name):
        """The way of delivery that the first of these rules finds in a name; ``None`` when none does."""
        name = (name or "").casefold()
        return next((rule.delivery_method for rule in rules if rule.text.casefold() in name), None)


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    edit_window_minutes = fields.Integer(
        string="Edit Window",
        tracking=True,
        help="Minutes after the order in which customers may change or cancel it freely; then it is released. Zero: at once.",
    )
    promise_ids = fields.One2many("oms.promise", "channel_id", string="Promises")
    shipping_rule_ids = fields.One2many("oms.shipping.rule", "channel_id", string="Shipping Methods")
    risk_hours = fields.Float(
        string="At Risk Before", default=4.0, help="An order is at risk when fewer hours than these are left."
    )
    stock_wait_hours = fields.Float(
        string="Waits Too Long After",
        default=24.0,
        help="A confirmed order that waits longer than this for stock stands among the exceptions.",
    )

    _edit_window = models.Constraint(
        "CHECK(edit_window_minutes BETWEEN 0 AND 7200)", "An edit window has 0 to 7200 minutes (five days)."
    )
    _waits = models.Constraint(
        "CHECK(risk_hours BETWEEN 0 AND 720 AND stock_wait_hours BETWEEN 0 AND 8760)",
        "Hours at risk are 0 to 720, hours of waiting 0 to 8760.",
    )
