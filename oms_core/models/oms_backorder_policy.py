from decimal import Decimal

from odoo import api, fields, models

from ..domain.promise import backorder_room
from .oms_stock_rule import _decimal

#: What holds where no policy says anything: the order is taken, and its goods follow.
DEFAULT_POLICY = ("backorder", Decimal(0), None)


class OmsBackorderPolicy(models.Model):
    """Whether more of a product may be sold than there is, and how much more."""

    _name = "oms.backorder.policy"
    _description = "Backorder Policy"
    _inherit = "oms.stock.rule"
    _order = "channel_id, product_id, categ_id, id desc"

    policy = fields.Selection(
        [("deny", "Do not sell what is not there"), ("backorder", "Backorder"), ("preorder", "Preorder")],
        required=True,
        default="backorder",
        help="Backordered goods come again, preordered ones for the first time.",
    )
    limit = fields.Float(
        digits="Product Unit",
        help="How much may be promised in all that is not there, in the product's own unit. Zero: as much as is wanted.",
    )
    release_date = fields.Datetime(
        string="Comes Out On", help="What is promised for a preorder while no receipt is known."
    )

    _limit_check = models.Constraint('CHECK("limit" >= 0)', "A limit is not below zero.")

    @api.depends("policy", "product_id", "categ_id", "channel_id")
    def _compute_display_name(self):
        for rule in self:
            about = rule._get_about()
            rule.display_name = f"{about} · {rule.channel_id.name}" if rule.channel_id else about

    def _get_value(self):
        return self.policy, _decimal(self.limit), self.release_date or None


class OmsAvailability(models.AbstractModel):
    _inherit = "oms.availability"

    @api.model
    def _get_backorder_policies(self, channel, products):
        """{product id: (policy, limit, release date)} on a channel"""
        book = self.env["oms.backorder.policy"]._get_book(channel.company_id)
        if not book:
            return dict.fromkeys(products.ids, DEFAULT_POLICY)
        lineages = self._get_lineages(products.ids)
        found = {product: book.find(product, lineages.get(product, ()), channel.id) for product in products.ids}
        return {product: rule.value if rule else DEFAULT_POLICY for product, rule in found.items()}

    @api.model
    def _get_backorder_room(self, channel, products, but_orders=None):
        """How much of each product a channel may sell beyond what is there.

        What is promised already and not covered by anything on a shelf counts against the limit, wherever it is owed.

        :return: {product id: ``Decimal``, or ``None`` without limit}
        """
        policies = self._get_backorder_policies(channel, products)
        snapshot = self._snapshot(products, channel._get_warehouses(), but_orders)
        room = {}
        for product, (policy, limit, _release) in policies.items():
            owed = sum((max(Decimal(0), -snapshot.net(node, product)) for node in snapshot.table.nodes), Decimal(0))
            room[product] = backorder_room(policy, limit, owed)
        return room
