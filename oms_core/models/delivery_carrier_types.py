from odoo import api, fields, models
from odoo.exceptions import UserError

from ..carriers.base import CarrierError


class DeliveryCarrier(models.Model):
    """The methods that Odoo's own screens call, by the names they call them. All our carriers do the same.

    Their names are Odoo's and begin without an underscore, so they are closed to the outside one by one.
    """

    _inherit = "delivery.carrier"

    def _oms_rate_shipment(self, order):
        """What the order wizard shows: the price of the configured service, else of the cheapest one."""
        self.ensure_one()
        failed = {"success": False, "price": 0.0, "warning_message": False}
        try:
            quotes = order._oms_quotes(self)
        except (CarrierError, UserError) as error:
            return {**failed, "error_message": str(error)}
        wanted = (
            [quote for quote in quotes if quote.service_code == self.oms_service_code]
            if self.oms_service_code
            else quotes
        )
        if not wanted:
            return {
                **failed,
                "error_message": self.env._("%(carrier)s does not offer the service %(service)s here.",
                    carrier=self.name, service=self.oms_service_code),
            }  # fmt: skip
        quote = min(wanted, key=lambda quote: quote.price)
        try:
            price = self._oms_convert(quote.price, quote.currency, order.currency_id)
        except UserError as error:
            return {**failed, "error_message": str(error)}
        return {
            "success": True,
            "price": price,
            "error_message": False,
            "warning_message": quote.warning or False,
        }

    def _oms_convert(self, amount, code, target):
        """An amount of a carrier in another currency, as a float for Odoo's own fields.

        :raise UserError: when nobody knows the rate: Odoo itself would silently take 1.
        """
        if not code or code == target.name:
            return float(amount)
        source = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)], limit=1)
        company = self.company_id or self.env.company
        for currency in source | target:
            if currency != company.currency_id and not currency.with_company(company).rate_ids:
                source = source - currency if currency == source else source.browse()
        if not source:
            raise UserError(
                self.env._(
                    "%(carrier)s charges in %(code)s, and there is no exchange rate between %(code)s and %(target)s. "
                    "Enter one under Accounting, Currencies.",
                    carrier=self.name,
                    code=code,
                    target=target.name,
                )
            )
        return source._convert(float(amount), target, company, fields.Date.context_today(self))

    def _oms_send_shipping(self, pickings):
        return [picking._oms_ship_with(self) for picking in pickings]

    def _oms_get_tracking_link(self, picking):
        # sudo: customers follow the link of their own parcel
        labels = self.env["oms.shipment.label"].sudo().search(
            [("picking_id", "=", picking.id), ("state", "=", "bought"), ("purpose", "=", "out"),
             ("tracking_url", "!=", False)], limit=1,
        )  # fmt: skip
        if labels:
            return labels.tracking_url
        if self.tracking_url and picking.carrier_tracking_ref:
            return self.tracking_url.replace("<shipmenttrackingnumber>", picking.carrier_tracking_ref)
        return False

    def _oms_cancel_shipment(self, pickings):
        for picking in pickings:
            picking._oms_cancel_labels()

    def _oms_get_return_label(self, pickings, tracking_number=None, origin_date=None):
        return [picking._oms_buy_return_label(self) for picking in pickings]

    @api.private
    def oms_table_rate_shipment(self, order):
        return self._oms_rate_shipment(order)

    @api.private
    def oms_table_send_shipping(self, pickings):
        return self._oms_send_shipping(pickings)

    @api.private
    def oms_table_get_tracking_link(self, picking):
        return self._oms_get_tracking_link(picking)

    @api.private
    def oms_table_cancel_shipment(self, pickings):
        return self._oms_cancel_shipment(pickings)

    @api.private
    def oms_table_get_return_label(self, pickings, tracking_number=None, origin_date=None):
        return self._oms_get_return_label(pickings, tracking_number, origin_date)

    @api.private
    def oms_easyparcel_rate_shipment(self, order):
        return self._oms_rate_shipment(order)

    @api.private
    def oms_easyparcel_send_shipping(self, pickings):
        return self._oms_send_shipping(pickings)

    @api.private
    def oms_easyparcel_get_tracking_link(self, picking):
        return self._oms_get_tracking_link(picking)

    @api.private
    def oms_easyparcel_cancel_shipment(self, pickings):
        return self._oms_cancel_shipment(pickings)

    @api.private
    def oms_easyparcel_get_return_label(self, pickings, tracking_number=None, origin_date=None):
        return self._oms_get_return_label(pickings, tracking_number, origin_date)

    @api.private
    def oms_karrio_rate_shipment(self, order):
        return self._oms_rate_shipment(order)

    @api.private
    def oms_karrio_send_shipping(self, pickings):
        return self._oms_send_shipping(pickings)

    @api.private
    def oms_karrio_get_tracking_link(self, picking):
        return self._oms_get_tracking_link(picking)

    @api.private
    def oms_karrio_cancel_shipment(self, pickings):
        return self._oms_cancel_shipment(pickings)

    @api.private
    def oms_karrio_get_return_label(self, pickings, tracking_number=None, origin_date=None):
        return self._oms_get_return_label(pickings, tracking_number, origin_date)
