from odoo import models

from ..const import COLLECTED_METHODS


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_on_shipped(self):
        """Override: the customer is told that a parcel is on its way. Who comes for the goods knows that they have them."""
        result = super()._oms_on_shipped()
        parcels = self._oms_get_parcels()
        parcels.sale_id._oms_notify("shipped", parcels)
        return result

    def _oms_on_delivered(self):
        result = super()._oms_on_delivered()
        parcels = self._oms_get_parcels()
        parcels.sale_id._oms_notify("delivered", parcels)
        return result

    def _oms_get_parcels(self):
        """Those of these deliveries that somebody brings to the customer."""
        return self.filtered(
            lambda picking: (
                picking.picking_type_code == "outgoing"
                and picking.sale_id
                and picking.sale_id.oms_delivery_method not in COLLECTED_METHODS
            )
        )

    def _send_confirmation_email(self):
        """Override of ``stock`` (and ``stock_sms``): what the customer of a channel is told comes from one place.

        ``stock_delivery`` buys the labels in here too, before it sends anything; those of channels get theirs all the same.
        """
        native = self.filtered(lambda picking: not picking.sale_id.oms_channel_id)
        (self - native)._oms_get_labels_at_validation()
        return super(StockPicking, native)._send_confirmation_email()
