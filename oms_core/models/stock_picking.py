from odoo import fields, models

from ..const import TRACKING_STATES


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_channel_id = fields.Many2one(
        related="sale_id.oms_channel_id", string="Channel", store=True, index="btree_not_null"
    )
    oms_tracking_state = fields.Selection(
        TRACKING_STATES, string="Parcel", readonly=True, copy=False, help="The last state that the carrier told."
    )
    oms_expected_at = fields.Datetime(
        string="Expected Delivery", readonly=True, copy=False, help="When the carrier expects to deliver."
    )
    oms_delivered_at = fields.Datetime(
        string="Delivered On",
        readonly=True,
        copy=False,
        help="When the customer had the goods, as the carrier tells it.",
    )
    oms_ready_at = fields.Datetime(
        string="Ready for Pickup On", readonly=True, copy=False, help="When the goods lay ready for the customer."
    )
    oms_pickup_by = fields.Date(
        string="Pick Up By", copy=False, help="The last day on which the goods are kept for the customer."
    )
    oms_collected_at = fields.Datetime(
        string="Collected On", readonly=True, copy=False, help="When the customer took the goods."
    )

    def button_validate(self):
        """Override of ``stock``: goods of an order on hold do not leave."""
        self.filtered(lambda picking: picking.picking_type_code == "outgoing").sale_id._check_oms_not_on_hold()
        return super().button_validate()

    def _action_done(self):
        """Override of ``stock`` to tell the spokes what has left, and to have it booked; and that of what should have left
        and was done short without a backorder, no transfer will bring the rest."""
        wanted = self._oms_get_wanted_moves()
        result = super()._action_done()
        shipped = self.filtered(
            lambda picking: picking.state == "done" and picking.picking_type_code == "outgoing" and picking.sale_id
        )
        if shipped:
            shipped._oms_on_shipped()
            shipped.sale_id._oms_wake_booking()
        self.filtered(lambda picking: picking.state == "done").sale_id._oms_look_at_money()
        wanted._oms_tell_given_up()
        return result

    def action_cancel(self):
        """Override of ``stock``: a delivery that is given up leaves its order unfulfilled, and somebody has to know.

        A site that picks before it ships gives up with its pick: until that is done there is no delivery.
        """
        wanted = self._oms_get_wanted_moves()
        result = super().action_cancel()
        wanted._oms_tell_given_up()
        return result

    def _oms_get_wanted_moves(self):
        """The moves of these transfers that are to bring something to a customer of a channel."""
        return self.move_ids.filtered(
            lambda move: (
                move.state not in ("done", "cancel")
                and move.sale_line_id.order_id.oms_channel_id
                and move.sale_line_id.order_id.state == "sale"
                and (move.location_final_id or move.location_dest_id)._is_outgoing()
            )
        )

    # -------------------------------------------------------------------------------------------------------- HOOKS

    def _oms_on_shipped(self):
        """Hook: these deliveries have left."""

    def _oms_on_delivered(self):
        """Hook: the customers have these deliveries: brought by a carrier, or collected."""

    def _oms_on_unfulfillable(self, moves):
        """Hook: these deliveries will not bring all of ``moves`` (cancelled, or done short), which their orders still want.

        Without anybody to find another place, the order stops and says so.
        """
        for order, of_order in moves.grouped(lambda move: move.sale_line_id.order_id).items():
            places, products = ", ".join(of_order.warehouse_id.mapped("name")), of_order._oms_say_products()
            broken = of_order.filtered(lambda move: move._oms_is_part() and not move.sale_line_id._oms_is_whole())
            if broken:
                reason = self.env._(
                    "%(warehouse)s will not deliver all of %(products)s, and other parts of %(kits)s are on their way or with "
                    "the customer. Send what is missing by a transfer of your own; or have the others back and reduce the "
                    "quantity on the order; then release. Sourcing again would send whole ones.",
                    products=products,
                    warehouse=places,
                    kits=", ".join(broken.sale_line_id.product_id.mapped("display_name")),
                )
            else:
                reason = self.env._(
                    "%(warehouse)s will not deliver all of %(products)s. Deliver it from elsewhere, or reduce the quantity on "
                    "the order, then release.",
                    products=products,
                    warehouse=places,
                )
            order._oms_hold("stock", reason)
