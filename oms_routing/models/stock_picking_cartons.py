"""Before anything is packed, a price is asked for the boxes that it would take."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo import api, models

from odoo.addons.oms_core.carriers.base import Item, Parcel
from odoo.addons.oms_core.domain.rate_shopping import Need, refusal

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

    def _oms_pack(self, wanted, company):
        """Cartons for goods as this delivery method takes them, of the package types that are used up; ``()`` where there are
        none or it would be too many.

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
        limits = replace(self._oms_limits(), countries=frozenset())  # whereto is not asked here
        taken = [box for box in boxes if not refusal(Need("", ((Decimal(0), box.sides_cm),)), limits)]
        # Where every box is too large for it, that is what it is refused for.
        cartons = pack(goods, taken or boxes, limits.max_kg)
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
        wanted, worth = defaultdict(float), defaultdict(float)
        for line in lines:
            pieces = line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id, round=False)
            wanted[line.product_id] += pieces
            worth[line.product_id] += line.price_total
        cartons = carrier._oms_pack(wanted, self.company_id) if wanted else ()
        if not cartons:
            return super()._oms_rate_parcels(carrier)
        values = {product: worth[product] / pieces for product, pieces in wanted.items()}
        return carrier._oms_to_parcels(cartons, values, self.currency_id.name, self.name or "")


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_rate_parcels(self, carrier):
        """Override of ``oms_core``: what is in no package yet is put into boxes, where there are any."""
        cartons = self._oms_get_cartons(carrier)
        if not cartons:
            return super()._oms_rate_parcels(carrier)
        pieces, worth = defaultdict(float), defaultdict(float)
        for move in self._oms_get_to_pack():
            pieces[move.product_id] += move.product_qty
            worth[move.product_id] += move.product_qty * move._oms_get_declared_price()
        values = {product: worth[product] / pieces[product] for product in pieces}
        currency = (self.sale_id.currency_id or self.company_id.currency_id).name
        return carrier._oms_to_parcels(cartons, values, currency, self.name)

    def _oms_get_to_pack(self):
        return self.move_ids.filtered(lambda move: move.state != "cancel" and move.product_qty > 0)

    def _oms_get_cartons(self, carrier):
        """The boxes that this transfer would take by a delivery method; ``()`` once somebody has begun to pack."""
        if self.move_line_ids.result_package_id:
            return ()
        wanted = defaultdict(float)
        for move in self._oms_get_to_pack():
            wanted[move.product_id] += move.product_qty
        return carrier._oms_pack(wanted, self.company_id) if wanted else ()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_get_declared_price(self):
        """What one of this product, in its own unit, was sold for, with tax. Parts of a kit share the price of the kit by their
        list prices, or piece by piece where none has one."""
        self.ensure_one()
        line = self.sale_line_id
        if not line or not line.product_uom_qty:
            return self.product_id.lst_price
        sold = line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id, round=False)
        parts = line._oms_get_recipe()
        if self.product_id not in parts:
            return line.price_total / sold
        listed = sum(part.lst_price * float(needed) for part, needed in parts.items())
        share = self.product_id.lst_price / listed if listed else 1.0 / float(sum(parts.values()))
        return line.price_total / sold * share
