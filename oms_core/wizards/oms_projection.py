from decimal import Decimal

from odoo import api, fields, models

from ..const import NAMED_MAX, PROJECTION_PAIRS_MAX
from ..domain.promise import by_day

FACTS = ("reserved", "promised", "soft")


class OmsProjection(models.TransientModel):
    """A day on which what can be promised of a product at a place changes; made when somebody asks."""

    _name = "oms.projection"
    _description = "Availability by Date"
    _order = "product_id, warehouse_id, day"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True)
    day = fields.Date(readonly=True)
    expected = fields.Float(string="Expected In", digits="Product Unit", readonly=True)
    promised = fields.Float(
        string="Promised Out",
        digits="Product Unit",
        readonly=True,
        help="What others have a right to, today: it is taken from the stock first, then from what comes.",
    )
    available = fields.Float(
        digits="Product Unit", readonly=True, aggregator="min", help="What can be promised from that day on."
    )
    receipts = fields.Char(string="Expected With", readonly=True)

    @api.model
    def _open(self, products, warehouses):
        """The screen with what these products come to at these places."""
        lines = self.create(self._prepare_lines(products, warehouses))
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_projection_action")
        return {**action, "domain": [("id", "in", lines.ids)]}

    @api.model
    def _prepare_lines(self, products, warehouses):
        """In a fixed number of queries, for the first so many pairs of product and place."""
        now = fields.Datetime.now()
        products = products[: max(1, PROJECTION_PAIRS_MAX // max(len(warehouses), 1))]
        availability = self.env["oms.availability"]
        values = []
        for company, places in warehouses.grouped("company_id").items():
            snapshot, _lineages = availability._published_snapshot(products, places, company)
            parts = {part for needed in snapshot.components.values() for part, _quantity in needed}
            receipts = availability._get_receipts(products.browse([*products.ids, *parts]), places)
            for product in products:
                for node in places.ids:
                    own = receipts.get((node, product.id), [])
                    taken = sum((getattr(snapshot, fact)[node, product.id] for fact in FACTS), Decimal(0))
                    steps = availability._get_steps(snapshot, receipts, node, product.id, now)
                    values += [
                        {
                            "product_id": product.id,
                            "warehouse_id": node,
                            "day": day.day,
                            "expected": float(day.expected),
                            "promised": float(day.promised),
                            "available": float(day.available),
                            "receipts": self._name_receipts(day.receipts),
                        }
                        for day in by_day(steps, own, taken, now)
                    ]
        return values

    @api.model
    def _name_receipts(self, names):
        more = len(names) - NAMED_MAX
        return ", ".join([*names[:NAMED_MAX], *([self.env._("%s more", more)] if more > 0 else [])])


class OmsAvailabilityPlace(models.Model):
    _inherit = "oms.availability.place"

    def action_oms_view_projection(self):
        """What there is of these products at their places from when on."""
        self.check_access("read")
        self.env["oms.projection"].check_access("create")
        return self.env["oms.projection"]._open(self.product_id, self.warehouse_id)


class OmsAvailabilityChannel(models.Model):
    _inherit = "oms.availability.channel"

    def action_oms_view_projection(self):
        """What there is of these products at all places of their channels from when on."""
        self.check_access("read")
        self.env["oms.projection"].check_access("create")
        warehouses = self.env["stock.warehouse"].union(*(channel._get_warehouses() for channel in self.channel_id))
        return self.env["oms.projection"]._open(self.product_id, warehouses)
