from collections import defaultdict
from decimal import Decimal

from odoo import api, models

from ..domain.availability import AvailabilitySnapshot


class OmsAvailability(models.AbstractModel):
    """Reads what can be promised from the native stock tables, with the same three queries for one product or thousands."""

    _name = "oms.availability"
    _description = "Availability to Promise"

    @api.model
    def _snapshot(self, products, warehouses):
        """On hand, reserved and promised quantities of these products in the stock of these warehouses.

        Only the stock location of a warehouse and what lies below counts: what is in quality control, in quarantine or
        packed at the output can be promised to nobody.

        :rtype: AvailabilitySnapshot, keyed by (warehouse id, product id)
        """
        on_hand, reserved, promised = defaultdict(Decimal), defaultdict(Decimal), defaultdict(Decimal)
        # sudo: a promise has to count all demand, also that of documents the user may not read
        quants_sudo = self.env["stock.quant"].sudo()
        moves_sudo = self.env["stock.move"].sudo()
        move_lines_sudo = self.env["stock.move.line"].sudo()
        in_stock = [
            ("product_id", "in", products.ids),
            ("location_id", "child_of", warehouses.lot_stock_id.ids),
        ]
        for location, product, quantity, reserved_quantity in quants_sudo._read_group(
            in_stock, ["location_id", "product_id"], ["quantity:sum", "reserved_quantity:sum"]
        ):
            key = location.warehouse_id.id, product.id
            on_hand[key] += _decimal(quantity)
            reserved[key] += _decimal(reserved_quantity)
        waiting = [*in_stock, ("state", "in", ("waiting", "confirmed", "partially_available"))]
        for location, product, wanted in moves_sudo._read_group(
            waiting, ["location_id", "product_id"], ["product_qty:sum"]
        ):
            promised[location.warehouse_id.id, product.id] += _decimal(wanted)
        for location, product, set_aside in move_lines_sudo._read_group(
            [("move_id", "any", waiting)], ["location_id", "product_id"], ["quantity_product_uom:sum"]
        ):
            promised[location.warehouse_id.id, product.id] -= _decimal(set_aside)
        return AvailabilitySnapshot(dict(on_hand), dict(reserved), dict(promised))


def _decimal(quantity):
    """A float of the database as the decimal number that it stands for."""
    return Decimal(repr(quantity or 0.0))
