"""What an order knows of goods that may come back, and what their way back costs and brings."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from odoo import fields, models

from odoo.addons.oms_core.domain import rates

from ..const import ARRIVED_AFTER_DAYS, DEFECT_RECOVERY, HOLIDAYS_MAX
from ..domain.policy import ZERO, WorkingDays
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

    def _oms_get_working_days(self):
        """On which days the company works, by its working hours and their holidays; Monday to Friday without any."""
        self.ensure_one()
        calendar_sudo = self.sudo().resource_calendar_id  # sudo: the answer to a customer depends on nobody's rights
        weekdays = {int(one.dayofweek) for one in calendar_sudo.attendance_ids if not one.display_type}
        if not weekdays:
            return WorkingDays()
        closed = set()
        for leave in calendar_sudo.global_leave_ids.sorted("date_from", reverse=True)[:HOLIDAYS_MAX]:
            first, last = (self._oms_get_local(moment).date() for moment in (leave.date_from, leave.date_to))
            closed |= {first + timedelta(days=later) for later in range((last - first).days + 1)}
        return WorkingDays(frozenset(weekdays), frozenset(closed))


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
        company = request.company
        return {
            "label_cost": self[:1]._oms_get_return_label_cost(request),
            "receipt_cost": request.convert(company.oms_return_receiving_cost, company.currency_id),
        }

    def _oms_get_return_label_cost(self, request):
        """What the label would cost: by the rate cards of who brought the goods, else what the way to the customer did, else
        what the company says.

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
                if (line := wish.sale_line.sudo())  # sudo: what it weighs depends on nobody's rights
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
        company = request.company
        return request.convert(company.oms_return_label_cost, company.currency_id) or None


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

    def _oms_get_return_costs(self, request, wish, recovery):
        """What it costs to look at what is wished of this line, and what one unit of it brings then.

        :param recovery: of :meth:`_oms_get_recoveries`; ``None`` where nobody knows.
        """
        own = request.company.currency_id
        pieces = self.product_uom_id._compute_quantity(float(wish.quantity or 1), self.product_id.uom_id)
        if recovery is not None:
            # sudo: customers ask, too
            share = DEFECT_RECOVERY if wish.reason.sudo().is_defect else 1
            recovery = request.convert(recovery * share, own)
        return {
            "handling": request.convert(
                as_decimal(request.company.oms_return_inspecting_cost) * as_decimal(pieces), own
            ),
            "recovery": recovery,
        }

    def _oms_get_recoveries(self, company):
        """{line: what one unit of it leaves on average when it is back, in the currency of the company}, by the recovery table
        of the dispositions; without the lines of which nobody knows."""
        pieces = [(line, line.product_id, line._oms_get_company_price()) for line in self]
        return {
            line: left * as_decimal(line.product_uom_id._compute_quantity(1, line.product_id.uom_id, round=False))
            for line, left in self.env["oms.disposition"]._get_recoveries(pieces, company).items()
        }

    def _oms_get_company_price(self):
        """What a piece was sold for, without tax, in the product's unit and the company's currency."""
        self.ensure_one()
        order, company = self.order_id, self.company_id
        unit = self.product_uom_id._compute_quantity(1.0, self.product_id.uom_id) or 1.0
        net = self.price_subtotal / self.product_uom_qty if self.product_uom_qty else 0.0
        day = fields.Date.to_date(order.date_order) or fields.Date.today()
        return order.currency_id._convert(net, company.currency_id, company, day, round=False) / unit
