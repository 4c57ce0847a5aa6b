"""Before anything is packed, a price is asked for the boxes that it would take."""

from decimal import Decimal

from odoo import api, models

from odoo.addons.oms_core.carriers.base import Item, Parcel

from ..const import BOXES_MAX, PARCELS_RATED_MAX
from ..domain.cartons import Box, Goods, count, pack


class StockPackageType(models.Model):
    _inherit = "stock.package.type"

    def _oms_to_boxes(self):
        """These kinds of package as boxes. Odoo's sides are the outer ones; the share that is used makes up for it."""
        Carrier = self.env["delivery.carrier"]
        return [
            Box(
                kind.id,
                kind.name,
                tuple(Carrier._oms_to_cm(side) for side in (kind.packaging_length, kind.width, kind.height)),
                Carrier._oms_to_kg(kind.max_weight),
                Carrier._oms_to_kg(kind.base_weight),
            )
            for kind in self
        ]


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    @api.model
    def _oms_pack(self, wanted, company):
        """Cartons for goods, of the package types that are used up; ``()`` where there are none or it would be too many.

        :param wanted: {product: pieces, a ``float``}
        """
        # sudo: which boxes there are is no secret, and not all who compare rates see them
        kinds = (
            self.env["stock.package.type"]
            .sudo()
            .search([("company_id", "in", (False, company.id)), ("package_use", "=", "disposable")], limit=BOXES_MAX)
        )
        weights = self.env["oms.offer.book"]._get_weights(self.env["product.product"].union(*wanted))
        goods = [
            Goods(product.id, Decimal(str(round(wanted[product], 6))), kg, cm3)
            for product, (kg, cm3, _dangerous) in weights.items()
        ]
        boxes = kinds._oms_to_boxes()
        # A product that nobody weighed fits anywhere: the weight of unknown goods is guessed for the order as a whole.
        if not boxes or any(one.kg <= 0 for one in goods):
            return ()
        cartons = pack(goods, boxes)
        return cartons if count(cartons) <= PARCELS_RATED_MAX else ()

    @api.model
    def _oms_to_parcels(self, cartons, values, currency, name):
        """Cartons as carriers are asked about them.

        :param values: {product: value of one piece}
        """
        products = {product.id: product for product in values}
        parcels = []
        for carton in cartons:
            items = tuple(
                self._oms_item(products[product_id], pieces, values[products[product_id]])
                for product_id, pieces in carton.contents
            )
            length, width, height = carton.sides_cm
            parcels += [
                Parcel(
                    weight_kg=carton.kg,
                    length_cm=length,
                    width_cm=width,
                    height_cm=height,
                    value=sum((item.value for item in items), Decimal(0)),
                    currency=currency,
                    name=name,
                    items=items,
                    dangerous=any(products[product_id].oms_is_dangerous for product_id, _pieces in carton.contents),
                )
            ] * carton.count
        return parcels

    @api.model
    def _oms_item(self, product, pieces, value):
        return Item(
            name=product.name,
            quantity=pieces,
            weight_kg=self._oms_to_kg(product.weight),
            value=Decimal(str(round(float(pieces) * value, 2))),
            sku=product.default_code or "",
            hs_code=product.hs_code or "",
            origin_country=product.country_of_origin.code or "",
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_rate_parcels(self, carrier):
        """Override of ``oms_core``: in boxes, where there are any."""
        lines = self.order_line.filtered(
            lambda line: line.product_id.type == "consu" and not line.is_delivery and line.product_uom_qty > 0
        )
        wanted, values = {}, {}
        for line in lines:
            pieces = line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id, round=False)
            wanted[line.product_id] = wanted.get(line.product_id, 0.0) + pieces
            values[line.product_id] = line.price_total / pieces
        cartons = carrier._oms_pack(wanted, self.company_id) if wanted else ()
        if not cartons:
            return super()._oms_rate_parcels(carrier)
        return carrier._oms_to_parcels(cartons, values, self.currency_id.name, self.name or "")


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_rate_parcels(self, carrier):
        """Override of ``oms_core``: what is in no package yet is put into boxes, where there are any."""
        cartons = self._oms_get_cartons()
        if not cartons:
            return super()._oms_rate_parcels(carrier)
        values = {
            move.product_id: move.sale_line_id.price_reduce_taxinc if move.sale_line_id else move.product_id.lst_price
            for move in self.move_ids
        }
        currency = (self.sale_id.currency_id or self.company_id.currency_id).name
        return carrier._oms_to_parcels(cartons, values, currency, self.name)

    def _oms_get_cartons(self):
        """The boxes that this transfer would take; ``()`` once somebody has begun to pack."""
        if self.move_line_ids.result_package_id:
            return ()
        wanted = {}
        for move in self.move_ids.filtered(lambda move: move.state != "cancel" and move.product_qty > 0):
            wanted[move.product_id] = wanted.get(move.product_id, 0.0) + move.product_qty
        return self.env["delivery.carrier"]._oms_pack(wanted, self.company_id) if wanted else ()
