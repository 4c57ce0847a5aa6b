from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..carriers.base import CarrierError, Item, Parcel, RateQuote, ShipmentRequest
from ..const import INSIDE
from ..domain.rate_shopping import Need, Option, is_po_box, refusal, shop
from ..domain.tracking import noon_after


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_service_code = fields.Char(string="Carrier Service", copy=False, help="The carrier's service that was chosen.")
    oms_shipping_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    oms_shipping_cost = fields.Monetary(
        string="Paid to Carriers",
        currency_field="oms_shipping_currency_id",
        compute="_compute_oms_shipping_cost",
        help="What the labels of this order cost us so far.",
    )
    oms_quoted_cost = fields.Monetary(
        string="Quoted by Carriers", currency_field="oms_shipping_currency_id", compute="_compute_oms_shipping_cost"
    )

    @api.depends("picking_ids.oms_shipping_cost", "picking_ids.oms_quoted_cost")
    def _compute_oms_shipping_cost(self):
        for order in self:
            # sudo: whoever sees the order may see what its parcels cost
            pickings = order.sudo().picking_ids
            order.oms_shipping_cost = sum(pickings.mapped("oms_shipping_cost"))
            order.oms_quoted_cost = sum(pickings.mapped("oms_quoted_cost"))

    def action_oms_compare_rates(self):
        self.env["oms.rate.compare"].check_access("create")
        self.ensure_one()
        self.check_access("read")
        return self.env["oms.rate.compare"]._open(self)

    # ----------------------------------------------------------------------------------------------------- SNAPSHOT

    def _oms_rate_parcel(self, carrier):
        """The goods of an order as one parcel, for a price before anything is packed."""
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: line.product_id.type == "consu" and not line.is_delivery)
        weight = self.env.context.get("order_weight") or sum(
            line.product_qty * line.product_id.weight for line in lines
        )
        kilograms = carrier._oms_to_kg(weight)
        return Parcel(
            weight_kg=kilograms if kilograms > 0 else Decimal(str(carrier.oms_default_kg or 0)),
            value=Decimal(str(round(sum(lines.mapped("price_total")), 2))),
            currency=self.currency_id.name,
            name=self.name or "",
            items=tuple(
                Item(
                    line.product_id.name,
                    Decimal(str(line.product_qty)),
                    carrier._oms_to_kg(line.product_id.weight),
                    Decimal(str(round(line.price_total, 2))),
                    line.product_id.default_code or "",
                )
                for line in lines
            ),
            dangerous=any(lines.product_id.mapped("oms_is_dangerous")),
        )

    def _oms_rate_parcels(self, carrier):
        """The goods of an order as parcels, for a price before anything is packed."""
        return [self._oms_rate_parcel(carrier)]

    def _oms_quotes(self, carrier):
        """What one of our carriers asks for this order.

        :raise CarrierError, UserError: why there is no price.
        """
        here = self.warehouse_id.partner_id or self.company_id.partner_id
        sender, receiver = carrier._oms_address(here), carrier._oms_address(self.partner_shipping_id)
        return _asked_for_all(
            carrier._oms_adapter(),
            [ShipmentRequest("", sender, receiver, parcel) for parcel in self._oms_rate_parcels(carrier)],
        )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def action_oms_compare_rates(self):
        self.env["oms.rate.compare"].check_access("create")
        self.ensure_one()
        self.check_access("read")
        return self.env["oms.rate.compare"]._open(self)

    def _oms_quotes(self, carrier):
        """What one of our carriers asks for all parcels of this transfer together: services that take each of them."""
        return _asked_for_all(
            carrier._oms_adapter(),
            [self._oms_shipment_request(carrier, parcel) for parcel in self._oms_rate_parcels(carrier)],
        )

    def _oms_rate_parcels(self, _carrier):
        """What is to be priced: the packages as they are packed."""
        return [parcel for _package, parcel in self._oms_parcels()]


class RateShopper(models.AbstractModel):
    """Finds what all delivery methods ask for an order or a transfer, and decides."""

    _name = "oms.rate.shopper"
    _description = "Rate Shopping"

    @api.model
    def _shop(self, source):
        """All options for an order or a transfer, the chosen one first, each with its reason (:func:`shop`)."""
        order = source if source._name == "sale.order" else source.sale_id
        partner = order.partner_shipping_id if source._name == "sale.order" else source.partner_id
        carriers = self.env["delivery.carrier"].search(
            self.env["delivery.carrier"]._check_company_domain(source.company_id), order="sequence, id", limit=200
        )
        if not carriers:
            return []
        options, need = [], None
        for place, carrier in enumerate(carriers):
            need = self._get_need(source, order, partner, carrier)
            options += self._options(carrier, source, order, partner, need, place)
        return shop(options, need)

    @api.model
    def _get_need(self, source, order, partner, carrier):
        """What is to be sent, packed as this delivery method takes it."""
        parcels = source._oms_rate_parcels(carrier)
        return Need(
            country=partner.country_id.code or "",
            parcels=tuple(
                (parcel.weight_kg, (parcel.length_cm, parcel.width_cm, parcel.height_cm)) for parcel in parcels
            ),
            deliver_by=order.oms_deliver_by or None,
            dangerous=any(parcel.dangerous for parcel in parcels),
            po_box=is_po_box(partner.street or "", partner.street2 or ""),
        )

    @api.model
    def _options(self, carrier, source, order, partner, need, place):
        currency = source.company_id.currency_id
        base = {
            "carrier_id": carrier.id,
            "carrier": carrier.name,
            "sequence": place,
            "currency": currency.name,
            "parcels": need.parcels,
        }
        limits = carrier._oms_limits()
        if refusal(need, limits):
            return [Option(**base, limits=limits)]  # not even asked
        if not carrier.with_context(oms_weighed=INSIDE)._match(partner, source):
            reason = self.env._("Not for this address or these goods.")
            return [Option(**base, limits=limits, problem=reason, problem_code="not_allowed")]
        try:
            quotes = self._quotes(carrier, source, order)
        except (CarrierError, UserError) as error:
            return [
                Option(**base, limits=limits, problem=str(error), problem_code=getattr(error, "code", "") or "no_price")
            ]
        result = []
        for quote in quotes:
            days = quote.days if quote.days is not None else (carrier.oms_transit_days or None)
            expected = quote.expected_at or (self._expected(source, days) if days is not None else None)
            values = {
                "service_code": quote.service_code,
                "service": quote.service_name,
                "expected_at": expected,
                "days": days,
            }
            try:
                price = Decimal(str(carrier._oms_convert(quote.price, quote.currency, currency)))
            except UserError as error:
                result.append(Option(**base, **values, limits=limits, problem=str(error), problem_code="currency"))
            else:
                problem = {"problem": quote.warning, "problem_code": "warning"} if quote.warning else {}
                result.append(Option(**base, **values, price=price, limits=limits, **problem))
        return result or [
            Option(**base, limits=limits, problem=self.env._("Offers no service here."), problem_code="no_price")
        ]

    @api.model
    def _quotes(self, carrier, source, order):
        if carrier.oms_is_ours:
            return source._oms_quotes(carrier)
        if not order:
            raise UserError(self.env._("This delivery method gives prices for orders only."))
        found = carrier.rate_shipment(order)
        if not found["success"]:
            raise UserError(found["error_message"] or self.env._("Gives no price."))
        return [RateQuote("", carrier.name, Decimal(str(found["price"])), order.currency_id.name)]

    @api.model
    def _expected(self, source, days):
        if source._name == "stock.picking":
            return source._oms_expected(days)
        return noon_after(fields.Datetime.now(), days, source.warehouse_id._oms_get_clock())


def _asked_for_all(adapter, requests):
    """What a carrier asks for several parcels together: services that take each of them."""
    per_parcel = [{quote.service_code: quote for quote in adapter.rate(request)} for request in requests]
    result = []
    for code in per_parcel[0]:
        if not all(code in quotes for quotes in per_parcel):
            continue
        quotes = [quotes[code] for quotes in per_parcel]
        days = [quote.days for quote in quotes if quote.days is not None]
        warning = next((quote.warning for quote in quotes if quote.warning), "")
        price = sum((quote.price for quote in quotes), Decimal(0))
        expected = max((quote.expected_at for quote in quotes if quote.expected_at), default=None)
        first = quotes[0]
        result.append(
            RateQuote(code, first.service_name, price, first.currency, max(days, default=None), expected, warning)
        )
    return result
