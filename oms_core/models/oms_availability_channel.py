from odoo import api, models
from odoo.tools import SQL

from ..domain.availability import AvailabilitySnapshot


class OmsAvailability(models.AbstractModel):
    """What channels may be told: less safety stock at each place, and less the channel's own threshold."""

    _inherit = "oms.availability"

    @api.model
    def _channel_snapshot(self, channel, products, but_orders=None):
        """As ``_snapshot``, of all places of a channel and with what is not to be published taken off.

        ``total(product)`` is what the channel may sell.
        """
        company = channel.company_id
        free, lineages = self._published_snapshot(products, channel._get_warehouses(), company, but_orders)
        thresholds = {}
        book = self.env["oms.stock.buffer"]._get_thresholds(company)
        if book:
            for product in products.ids:
                rule = book.find(product, lineages.get(product, ()), channel.id)
                if rule:
                    thresholds[product] = rule.value
        return AvailabilitySnapshot(free.table, free.components, thresholds)

    @api.model
    def _published_snapshot(self, products, warehouses, company, but_orders=None):
        """(as ``_snapshot``, with the safety stock of each place taken off; as ``_get_lineages``)"""
        free = self._snapshot(products, warehouses, but_orders)
        lineages = self._get_lineages(free.table.products)
        safety = self.env["oms.stock.buffer"]._get_safety(company)
        if safety:
            free.table.keep_back(safety, lineages)
        self._oms_availability_deductions(free, warehouses)
        return free, lineages

    @api.model
    def _oms_availability_deductions(self, snapshot, warehouses):
        """Hook: take off what is there, and is promised to nobody for another reason than safety stock."""

    @api.model
    def _get_channel_atp(self, channel, products):
        """How much of each product a channel may sell now.

        :return: {product id: ``Decimal`` in the product's own unit}. A product whose stock nobody counts (a service, a
            consumable) is not in it: there is always enough of it.
        """
        counted, _components = self.with_company(channel.company_id)._get_counted(products)
        if not counted:
            return {}
        snapshot = self._channel_snapshot(channel, counted)
        totals = snapshot.totals()
        return {product_id: totals[product_id] for product_id in counted.ids}

    @api.model
    def _get_counted(self, products):
        """(the products of which there can be too little, the components of the kits among them)"""
        components = self._get_components(products)
        counted = products.filtered(lambda product: product.is_storable or components.get(product.id))
        return counted, components

    @api.model
    def _get_lineages(self, product_ids):
        """{product id: ids of its categories, the nearest first}"""
        self._flush("product.product", ("product_tmpl_id",))
        self._flush("product.template", ("categ_id",))
        self._flush("product.category", ("parent_path",))
        paths = {
            category_id: tuple(int(part) for part in reversed(path.split("/")) if part)
            for category_id, path in self.env.execute_query(SQL("SELECT id, parent_path FROM product_category"))
        }
        return {
            product_id: paths.get(category_id, ())
            for product_id, category_id in self.env.execute_query(
                SQL(
                    """
                    SELECT product.id, template.categ_id
                      FROM product_product product JOIN product_template template ON template.id = product.product_tmpl_id
                     WHERE product.id = ANY(%s)
                    """,
                    list(product_ids),
                )
            )
        }
