"""Loads what carriers offer for orders, in a number of queries that does not grow with the orders."""

from collections import defaultdict
from datetime import timezone
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import ormcache

from odoo.addons.oms_core.const import COLLECTED_METHODS
from odoo.addons.oms_core.domain.rate_shopping import is_po_box
from odoo.addons.oms_core.domain.rates import normal_zip

from ..const import QUOTES_READ_MAX
from ..domain.offers import OfferBook, Quote, Target, Wanted

#: Products are weighed to a tenth of a gram, and measured to a tenth of a cubic millimetre.
GRAM_TENTH = Decimal("0.0001")


class OmsOfferBook(models.AbstractModel):
    _name = "oms.offer.book"
    _description = "Offers of Carriers"

    @api.model
    def _get_offers(self, orders, warehouses, now=None):
        """What each delivery method offers from each place for each order.

        :param now: without time zone, in UTC; by default the present.
        :return: {order: {warehouse id: (``domain.model.Offer``, …)}}, also those that are refused, with their reason; nothing
            for orders that the customer comes for, or whose carrier is none of ours.
        """
        now = now or fields.Datetime.now()
        result = {order: {} for order in orders}
        for company, of_company in orders.grouped("company_id").items():
            sent = of_company.filtered(lambda order: order.oms_delivery_method not in COLLECTED_METHODS)
            places = warehouses.filtered(lambda place, company=company: place.company_id == company) or warehouses
            if sent and places:
                result |= self._get_company_offers(company, sent, places, now)
        return result

    @api.model
    def _get_company_offers(self, company, orders, warehouses, now):
        quotes = self._get_quotes(company, orders, warehouses, now)
        today = company._oms_get_today(now)
        services = self.env["delivery.carrier"]._oms_get_services(company, today)
        services = [service for one in services for service in _with_quotes(one, quotes.get(one.carrier_id))]
        book = OfferBook(
            services,
            now.replace(tzinfo=timezone.utc),
            self.env["oms.transit.lane"]._get_learned(),
            self.env["oms.carbon.version"]._get_in_force(today),
            self._get_exchange(company, services, today),
        )
        origins = warehouses._oms_get_origins()
        ours = frozenset(service.carrier_id for service in services)
        weights = self._get_weights(orders.order_line.product_id)
        targets = {order: self._get_target(order, ours) for order in orders}
        return {
            order: book.offers(origins, target, _goods(order, weights))
            for order, target in targets.items()
            if target.only
        }

    @api.model
    def _get_target(self, order, ours):
        partner = order.partner_shipping_id
        latitude, longitude = partner._oms_coordinates()
        return Target(
            country=partner.country_id.code or "",
            zip=partner.zip or "",
            method=order.oms_delivery_method or "ship",
            latitude=latitude,
            longitude=longitude,
            po_box=is_po_box(partner.street or "", partner.street2 or ""),
            only=ours if order._oms_may_choose_carrier() else ours & {order.carrier_id.id},
        )

    @api.model
    def _get_weights(self, products):
        """{product: (kg, cm³, dangerous)} of one piece."""
        return {
            product: (*self.env["delivery.carrier"]._oms_measure(product), product.oms_is_dangerous)
            for product in products
            if product.type == "consu"
        }

    @api.model
    def _get_exchange(self, company, services, today):
        """{currency code: what one of it is in the company's currency}, of those currencies of cards that have a rate."""
        own = company.currency_id
        codes = {card.currency for service in services for card in service.cards} - {own.name}
        exchange = {own.name: Decimal(1)}
        if not codes:
            return exchange
        others = self.env["res.currency"].with_context(active_test=False).search([("name", "in", sorted(codes))])
        # Odoo gives 1 for a currency without a rate; such a one is not exchanged at all.
        known = (
            self.env["res.currency.rate"]
            .sudo()
            ._read_group(  # sudo: rates are no secret
                [("currency_id", "in", others.ids), ("company_id", "in", (False, company.root_id.id))], ["currency_id"]
            )
        )
        rates = (others | own)._get_rates(company, today)
        for (currency,) in known:
            exchange[currency.name] = Decimal(repr(rates[own.id])) / Decimal(repr(rates[currency.id]))
        return exchange

    @api.model
    def _get_quotes(self, company, orders, warehouses, now):
        """{carrier id: {service code: (name, [quotes])}}: the latest price for each way and weight."""
        rows = self.env["oms.rate.quote"].sudo().search_fetch(  # sudo: what a carrier asks depends on nobody's rights
            [
                ("company_id", "=", company.id),
                ("warehouse_id", "in", warehouses.ids),
                ("country_id", "in", orders.partner_shipping_id.country_id.ids),
                ("zip", "in", [normal_zip(partner.zip or "") for partner in orders.partner_shipping_id]),
                ("is_live", "=", True),
                ("has_price", "=", True),
                ("valid_until", ">=", now),
            ],
            order="id desc",
            limit=QUOTES_READ_MAX,
        )  # fmt: skip
        found = defaultdict(dict)
        seen = set()
        for row in rows:
            key = (row.carrier_id.id, row.service_code, row.warehouse_id.id, row.country_id.id, row.zip, row.weight_kg)
            if key in seen:
                continue
            seen.add(key)
            _name, quotes = found[row.carrier_id.id].setdefault(row.service_code or "", (row.service, []))
            quotes.append(
                Quote(
                    node_id=row.warehouse_id.id,
                    country=row.country_id.code,
                    zip=row.zip or "",
                    kg=Decimal(str(row.weight_kg)),
                    price=Decimal(str(row.price)),
                    valid_until=row.valid_until.replace(tzinfo=timezone.utc),
                    days=row.days if row.has_days else None,
                )
            )
        return found


def _with_quotes(service, by_code):
    """A service as it is, or one for each service code that its carrier has quoted."""
    if service.cards or not by_code:
        return [service]
    return [
        service.quoted(f"{service.id}:{code}" if code else service.id, name, tuple(quotes))
        for code, (name, quotes) in sorted(by_code.items())
    ]


def _goods(order, weights):
    goods = []
    for line in order.order_line:
        if line.product_id in weights and line.product_uom_qty > 0:
            kg, cm3, dangerous = weights[line.product_id]
            quantity = line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id, round=False)
            goods.append(
                Wanted(line.product_id.id, line.product_id.name, Decimal(str(round(quantity, 6))), kg, cm3, dangerous)
            )
    return goods


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_offers(self, warehouses, now=None):
        """{order: {warehouse id: offers}}, see ``oms.offer.book``."""
        return self.env["oms.offer.book"]._get_offers(self, warehouses, now)

    def _oms_get_offers_of(self, places):
        """Override: what carriers ask, for the policies that look at it."""
        return self._oms_get_offers(self.env["stock.warehouse"].union(*(places[order] for order in self)))

    def _oms_may_choose_carrier(self):
        """Whether it is ours to choose the carrier of this order, as its channel says; else it is the one on the order."""
        self.ensure_one()
        if self.oms_channel_id.carrier_choice == "always" or not self.carrier_id:
            return True
        return False


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    @api.model
    def _oms_measure(self, product):
        """(kilograms, cubic centimetres) of one piece, whatever units the database keeps them in."""
        kg, cm3 = self._oms_get_measures()
        return (
            (Decimal(repr(product.weight)) * kg).quantize(GRAM_TENTH),
            (Decimal(repr(product.volume)) * cm3).quantize(GRAM_TENTH),
        )

    @api.model
    @ormcache()
    def _oms_get_measures(self):
        """(kilograms of the database's unit of weight, cubic centimetres of its unit of volume)"""
        templates = self.env["product.template"]
        weight, volume = (
            templates._get_weight_uom_id_from_ir_config_parameter(),
            templates._get_volume_uom_id_from_ir_config_parameter(),
        )
        kg, cubic_metre = self.env.ref("uom.product_uom_kgm"), self.env.ref("uom.product_uom_cubic_meter")
        return (
            Decimal(1) if weight == kg else Decimal(repr(weight._compute_quantity(1.0, kg, round=False))),
            Decimal(1_000_000)
            if volume == cubic_metre
            else Decimal(repr(volume._compute_quantity(1_000_000.0, cubic_metre, round=False))),
        )
