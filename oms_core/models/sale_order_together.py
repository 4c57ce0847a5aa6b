"""What others bought with the goods of an order: a hint for whoever talks to the customer."""

from datetime import timedelta

from odoo import api, fields, models

from ..const import BASKET_DAYS, BASKETS_MAX
from ..domain.companions import often_together


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_together_ids = fields.Many2many(
        "product.product",
        string="Often Bought Together",
        compute="_compute_oms_together",
        compute_sudo=True,
        help="What other customers took with these goods, more often than by chance.",
    )
    oms_together_note = fields.Char(string="Because", compute="_compute_oms_together", compute_sudo=True)

    @api.depends("order_line.product_id", "company_id")
    def _compute_oms_together(self):
        for company, orders in self.grouped("company_id").items():
            baskets = self._oms_get_baskets(company)
            for order in orders:
                goods = order.order_line.product_id.filtered(lambda product: product.type == "consu")
                products, note = self._oms_say_together(baskets, goods._origin)
                order.oms_together_ids = products
                order.oms_together_note = note

    @api.model
    def _oms_get_baskets(self, company):
        """[{ids of products}]: the goods of the latest orders of a company; in two queries, and no more than so many.

        Called as superuser: the numbers are about all orders, and say nothing about any single one.
        """
        since = fields.Datetime.now() - timedelta(days=BASKET_DAYS)
        recent = self._search(
            [("state", "=", "sale"), ("company_id", "=", company.id), ("date_order", ">=", since)],
            order="date_order desc, id desc",
            limit=BASKETS_MAX,
        )
        rows = self.env["sale.order.line"]._read_group(
            [("order_id", "in", recent), ("product_id.type", "=", "consu"), ("product_uom_qty", ">", 0)],
            ["order_id"],
            ["product_id:array_agg"],
        )
        return [frozenset(products) for _order, products in rows]

    @api.model
    def _oms_say_together(self, baskets, goods):
        """:return: ``(products, sentence)`` about what goes with these goods"""
        products = self.env["product.product"]
        found = often_together(baskets, goods.ids) if goods else ()
        for_sale = products.browse([companion.product for companion in found]).filtered(
            lambda product: product.active and product.sale_ok
        )
        sentences = [
            self.env._(
                "%(product)s: in %(together)s of %(of)s orders with %(beside)s, %(lift)s times as often as by chance.",
                product=products.browse(companion.product).name,
                together=companion.together,
                of=companion.of,
                beside=products.browse(companion.beside).name,
                lift=companion.lift,
            )
            for companion in found
            if companion.product in for_sale.ids
        ]
        return for_sale, " ".join(sentences)
