"""What an order knows of goods that may come back, and what their way back costs and brings."""

from zoneinfo import ZoneInfo

from odoo import fields, models

from odoo.addons.oms_core.domain import rates

from ..const import ARRIVED_AFTER_DAYS, DEFECT_RECOVERY
from ..domain.policy import ZERO
from ..domain.return_facts import OrderFacts
from .oms_return_facts import as_decimal

#: Outcomes that are credited, now or when the goods are there.
CREDITED = ("refund", "credit", "exchange")


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_local(self, moment):
        """A moment (UTC) by the clocks of the company; both without time zone."""
        zone = ZoneInfo(self._oms_get_zone())
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_get_arrival(self):
        """When the customer had the goods of a delivery that is done: as it was told, else when they should have been there."""
        self.ensure_one()
        told = self.oms_delivered_at or self.oms_collected_at
        if told:
            return told
        left = self.date_done or fields.Datetime.now()
        return max(left, self.oms_expected_at or fields.Datetime.add(left, days=ARRIVED_AFTER_DAYS))


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_return_order_facts(self):
        self.ensure_one()
        deliveries = self.picking_ids.filtered(lambda picking: picking.picking_type_code == "outgoing")
        done = deliveries.filtered(lambda picking: picking.state == "done")
        is_complete = done and all(picking.state in ("done", "cancel") for picking in deliveries)
        local = self.company_id._oms_get_local
        return OrderFacts(
            id=self.id,
            name=self.name,
            channel_id=self.oms_channel_id.id or None,
            country_id=self.partner_shipping_id.country_id.id or None,
            is_cancelled=self.state == "cancel",
            delivered_at=max(local(picking._oms_get_arrival()) for picking in done) if is_complete else None,
        )

    def _oms_get_return_way_costs(self, request):
        """What it costs to bring goods of these orders back in one parcel, in the currency of the request."""
        place = (
            request.warehouse.sudo() or self.warehouse_id[:1]
        )  # sudo: what work costs there depends on nobody's rights
        return {
            "label_cost": self[:1]._oms_get_return_label_cost(request),
            "receipt_cost": request.convert(place.oms_cost_per_order, request.company.currency_id),
        }

    def _oms_get_return_label_cost(self, request):
        """What the label would cost: by the rate cards of who brought the goods, else what the way to the customer did.

        :return: in the currency of the request; ``None`` where neither is known.
        """
        delivery = self.picking_ids.filtered(
            lambda picking: picking.picking_type_code == "outgoing" and picking.state == "done"
        ).sorted("id")[-1:]
        carrier = delivery.carrier_id or self.carrier_id
        cards = carrier.oms_rate_card_ids
        weight = sum(
            (
                as_decimal(line.product_id.weight * line.product_uom_id._compute_quantity(1, line.product_id.uom_id))
                * (wish.quantity or 1)
                for wish in request.wishes
                if (line := wish.sale_line.sudo())  # sudo: as for the costs of the place
            ),
            ZERO,
        )
        address = self.partner_shipping_id
        found = rates.best(
            [card._to_domain() for card in cards],
            address.country_id.code or "",
            address.zip or "",
            as_decimal(carrier._oms_to_kg(float(weight))) if carrier else ZERO,
            (),
            request.now.date(),
        )
        if not isinstance(found, rates.Refusal):
            card, price = found
            currency = cards.currency_id.filtered(lambda currency: currency.name == card.currency)
            return request.convert(price.amount, currency)
        if delivery.oms_shipping_cost:
            return request.convert(delivery.oms_shipping_cost, delivery.company_id.currency_id)
        return None


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_return_facts(self, request, order_facts):
        """What is known of this line beside what is asked for, as ``LineFacts`` takes it."""
        self.ensure_one()
        product, mine = self.product_id, request.record
        gone = self._oms_get_left_moves()
        local = self.company_id._oms_get_local
        claimed = as_decimal(self._oms_get_claimed(mine))
        invoiced, credited = self._oms_get_charged()
        others = self.oms_return_line_ids.filtered(
            lambda line: line.return_id.state == "open" and line.return_id != mine and line.outcome in CREDITED
        )
        due = sum(max(line.quantity - line.quantity_settled, 0.0) for line in others)
        return {
            "order": order_facts,
            "product_id": product.product_tmpl_id.id,
            "categories": frozenset(int(one) for one in (product.categ_id.parent_path or "").split("/") if one),
            "delivered": as_decimal(self._oms_get_left_quantity(gone)),
            "with_customer": as_decimal(self._oms_get_with_customer(mine)) + claimed,
            "requested": as_decimal(self._oms_get_requested(mine)),
            "kept": claimed,
            "invoiced": invoiced,
            "credited": credited,
            "due": as_decimal(due),
            "delivered_at": max((local(picking._oms_get_arrival()) for picking in gone.picking_id), default=None),
            "is_goods": product.type == "consu",
            "is_archived": not product.active,
            "price": as_decimal(self.price_total) / as_decimal(self.product_uom_qty) if self.product_uom_qty else ZERO,
        }

    def _oms_get_left_moves(self):
        """The deliveries of this line that are done, whatever came back since; of a kit, of its parts."""
        parts = self._oms_get_parts()
        return self.move_ids.filtered(
            lambda move: (
                move.state == "done"
                and (move.product_id in parts if parts else move.product_id == self.product_id)
                and move.location_dest_id._is_outgoing()
                and not move.origin_returned_move_id
            )
        )

    def _oms_get_left_quantity(self, moves):
        """How much of this line these moves make, in its unit; of a kit: whole ones."""
        if parts := self._oms_get_parts():
            return self._oms_count_kits(
                parts,
                {move: move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id) for move in moves},
            )
        return sum(move.product_uom._compute_quantity(move.quantity, self.product_uom_id) for move in moves)

    def _oms_get_return_costs(self, request, reason):
        """What it costs to take this line in, and what one unit of it brings then."""
        own = request.company.currency_id
        place = request.warehouse.sudo() or self.order_id.warehouse_id  # sudo: as for the way back
        recovery = self._oms_get_expected_recovery(reason)
        return {
            "handling": request.convert(place.oms_cost_per_line, own),
            "recovery": None if recovery is None else request.convert(recovery, own),
        }

    def _oms_get_expected_recovery(self, reason):
        """What one unit of this line brings when it is back, in the currency of the company: what it would cost to buy
        another, and of what is defective a part of that.

        :return: ``None`` where the product has no cost, and nobody knows.
        """
        self.ensure_one()
        product = self.product_id.with_company(self.company_id)
        cost = as_decimal(
            self.product_uom_id._compute_quantity(1, product.uom_id, round=False) * product.standard_price
        )
        if not cost:
            return None
        return cost * DEFECT_RECOVERY if reason.sudo().is_defect else cost  # sudo: customers ask, too
