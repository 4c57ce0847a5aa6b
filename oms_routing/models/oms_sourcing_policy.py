from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.oms_core.const import DELIVERY_METHODS
from odoo.addons.oms_core.models.oms_customer_score import SEGMENTS

LEFTOVERS = [
    ("backorder", "Wait at a site for the goods"),
    ("wait", "Try again each hour, then hold the order"),
    ("next", "Ask the next policy that fits the order"),
    ("hold", "Hold the order"),
    ("cancel", "Try again each hour, then cancel what is missing"),
]

ORDERS_FIRST = [
    ("promise", "Promised first"),
    ("priority", "Most urgent first"),
    ("value", "Highest value first"),
    ("date", "Ordered first"),
]


class OmsSourcingPolicy(models.Model):
    """For which orders which rules decide where the goods come from. The first policy that fits an order decides it.

    What a policy says is counted: each change is a new version, and a decision tells by which one it was made.
    """

    _name = "oms.sourcing.policy"
    _description = "Sourcing Policy"
    _order = "sequence, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    version = fields.Integer(default=1, readonly=True, copy=False, help="Counts the changes of what the policy says.")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")

    channel_ids = fields.Many2many(
        "oms.channel", string="Channels", domain="[('company_id', '=', company_id)]", help="Empty: all channels."
    )
    delivery_method = fields.Selection(DELIVERY_METHODS, help="Empty: however the customer wants the goods.")
    country_ids = fields.Many2many("res.country", string="Ships to", help="Empty: all countries.")
    country_group_ids = fields.Many2many("res.country.group", string="Ships to Groups")
    tag_ids = fields.Many2many("crm.tag", string="Order Tags", help="Orders with one of these. Empty: all orders.")
    segment = fields.Selection(SEGMENTS, string="Customer Segment", help="Empty: all customers.")
    amount_min = fields.Monetary(string="Value from", help="Total of the order with taxes. Zero: from nothing.")
    amount_max = fields.Monetary(string="Value up to", help="Total of the order with taxes. Zero: without limit.")
    excluded_product_ids = fields.Many2many(
        "product.product", string="Not With", help="Orders with one of these products go to the next policy."
    )

    strategy = fields.Selection(
        [
            ("lexicographic", "Goals in sequence: the first that is no tie decides"),
            ("least_cost", "Least cost of all"),
        ],
        required=True,
        default="lexicographic",
    )
    nodes_max = fields.Integer(string="Sites per Order", help="At most so many for one order. Zero: any number.")
    order_by = fields.Selection(
        ORDERS_FIRST,
        string="Who Comes First",
        required=True,
        default="promise",
        help="Which of the orders that are decided together gets scarce goods.",
    )
    leftover = fields.Selection(LEFTOVERS, string="When Nothing Fits", required=True, default="backorder")
    leftover_days = fields.Integer(string="Try For", default=3, help="Days until an order that waits is held, or called off.")
    filter_summary = fields.Char(string="For", compute="_compute_filter_summary")

    _limits_positive = models.Constraint(
        "CHECK(nodes_max >= 0 AND leftover_days >= 0 AND amount_min >= 0 AND amount_max >= 0)",
        "Limits of a policy cannot be negative.",
    )

    @api.constrains("amount_min", "amount_max")
    def _check_amounts(self):
        for policy in self:
            if policy.amount_max and policy.amount_max < policy.amount_min:
                raise ValidationError(self.env._("No order is worth more than it is worth: swap the two values."))

    @api.depends(
        "channel_ids",
        "delivery_method",
        "country_ids",
        "country_group_ids",
        "tag_ids",
        "segment",
        "amount_min",
        "amount_max",
        "excluded_product_ids",
    )
    def _compute_filter_summary(self):
        for policy in self:
            policy.filter_summary = "; ".join(policy._get_filters()) or self.env._("All orders")

    def _get_filters(self):
        """What an order must be like, a few words for each filter that is set."""
        self.ensure_one()
        if self.channel_ids:
            yield self.env._("from %s", ", ".join(self.channel_ids.mapped("name")))
        if self.delivery_method:
            yield dict(self._fields["delivery_method"]._description_selection(self.env))[self.delivery_method]
        if places := self.country_ids.mapped("name") + self.country_group_ids.mapped("name"):
            yield self.env._("to %s", ", ".join(places))
        if self.tag_ids:
            yield self.env._("tagged %s", ", ".join(self.tag_ids.mapped("name")))
        if self.segment:
            yield dict(self._fields["segment"]._description_selection(self.env))[self.segment]
        if self.amount_min:
            yield self.env._("from %s", self.currency_id.format(self.amount_min))
        if self.amount_max:
            yield self.env._("up to %s", self.currency_id.format(self.amount_max))
        if self.excluded_product_ids:
            yield self.env._("without %s", ", ".join(self.excluded_product_ids.mapped("display_name")))

    # ----------------------------------------------------------------------------------------------------- MATCHING

    @api.model
    def _get_for(self, orders):
        """{order: the policies that fit it, in their sequence}; an order that none fits has none.

        With the same few queries for one order and for hundreds.
        """
        # sudo: policies are the managers' to change; they work for whoever confirms
        policies_sudo = self.sudo().search([("company_id", "in", orders.company_id.ids)])
        filters = {
            policy: policy._get_filter() for policy in policies_sudo
        }  # read once, whatever the number of orders
        return {
            order: policies_sudo.filtered(
                lambda policy, order=order: policy.company_id == order.company_id and filters[policy](order.sudo())
            )
            for order in orders
        }

    def _get_filter(self):
        """A function that tells whether this policy is for an order."""
        self.ensure_one()
        channels, tags, products = self.channel_ids, self.tag_ids, self.excluded_product_ids
        countries = self.country_ids | self.country_group_ids.country_ids
        method, segment, least, most = self.delivery_method, self.segment, self.amount_min, self.amount_max

        def is_for(order):
            if channels and order.oms_channel_id not in channels:
                return False
            if method and order.oms_delivery_method != method:
                return False
            if countries and order.partner_shipping_id.country_id not in countries:
                return False
            if tags and not order.tag_ids & tags:
                return False
            if least or most:
                value = order.currency_id._convert(
                    order.amount_total, order.company_id.currency_id, order.company_id, order.date_order
                )
                if value < least or (most and value > most):
                    return False
            if products and order.order_line.product_id & products:
                return False
            if segment:
                partner = order.partner_id.commercial_partner_id.with_company(order.company_id)
                return partner.oms_segment == segment
            return True

        return is_for
