from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.const import INSIDE

#: States in which a customer has paid.
PAID_STATES = ("paid", "done")


class PosOrder(models.Model):
    """A sale at the till. Odoo moves its stock and books its money; here it is told to the other channels.

    It becomes an order in the one list by a job (``pos_order_capture.py``), so that no customer waits for it at the counter.
    What it takes from the shelf is gone for every other channel in the transaction that sells it.
    """

    _inherit = "pos.order"

    oms_to_capture = fields.Boolean(readonly=True, copy=False, help="Paid, and not in the one list of orders yet.")
    oms_capture_error = fields.Text(string="Not in the Order List", readonly=True, copy=False)
    oms_order_ids = fields.One2many("sale.order", "oms_pos_order_id", string="Order", readonly=True)

    _oms_to_capture_idx = models.Index("(id) WHERE oms_to_capture")

    def _process_saved_order(self, draft):
        """Override of ``point_of_sale``: a sale that was paid is set aside where no transfer tells of it yet, and captured."""
        result = super()._process_saved_order(draft)
        if not draft and self.state in PAID_STATES:
            self._oms_set_sold_aside()
            self.sudo().oms_to_capture = True  # sudo: a mark of ours, whatever a cashier may write
            if cron := self.env.ref("oms_pos.cron_capture", raise_if_not_found=False):
                cron.sudo()._trigger()  # sudo: whoever sells may have it captured
        return result

    def _create_order_picking(self):
        """Override of ``point_of_sale``: a transfer that is made after all (for an invoice) takes over what was set aside."""
        result = super()._create_order_picking()
        if self.picking_ids:
            self._oms_sold_pending()._transition("posted")
        return result

    def _prepare_aml_values_list_per_nature(self):
        """Override of ``point_of_sale``: what takes a sale out of the entry of its session takes the cost of its goods out, too.

        Odoo 19.0 takes the value of goods that left for a number below zero, and books their cost once more: sold goods of 20
        cost 60 when they are invoiced afterwards. Each move has two items there. What is shipped later was in no session.
        """
        items = super()._prepare_aml_values_list_per_nature()
        if self.shipping_date:
            items.pop("stock", None)
        if stock := items.get("stock"):
            # sudo: who invoices a sale need not see the stock; what it cost is booked already
            moves_sudo = self.env["stock.move"].sudo()
            moves_sudo = moves_sudo.search(
                [("picking_id", "in", self.picking_ids.ids), ("product_id.valuation", "=", "real_time")]
            )
            for move, *pair in zip(moves_sudo, stock[::2], stock[1::2], strict=True):
                if move.is_out and self.company_id.currency_id.compare_amounts(pair[0]["balance"], -move.value) == 0:
                    for item in pair:
                        item["balance"], item["amount_currency"] = -item["balance"], -item["amount_currency"]
        return items

    @api.model
    def sync_from_ui(self, orders):
        """Override of ``pos_sale``: an order that is settled at the till is confirmed by the till and by nobody's hand, and
        goods that are handed over there are not missing in the transfer that is called off for it."""
        at_till = self.with_context(oms_by_job=INSIDE, oms_called_off=INSIDE, oms_at_till=INSIDE)
        return super(PosOrder, at_till).sync_from_ui(orders)

    # ----------------------------------------------------------------------------------------------- SOLD, NOT MOVED

    def _oms_sold_pending(self):
        # sudo: what is set aside goes with the sale, whoever sells
        reservations_sudo = self.env["oms.reservation"].sudo()
        return reservations_sudo.search([("oms_pos_order_id", "in", self.ids), ("state", "=", "pending")], order="id")

    def _oms_set_sold_aside(self):
        """Where stock moves are made at the end of the session only, keep what was sold from being promised until then.

        What comes back over the counter is not offered before it lies on a shelf, so returns add nothing here.
        """
        rows = []
        for order in self:
            warehouse = order.config_id.picking_type_id.warehouse_id
            moved = order.picking_ids or order.shipping_date or not order.session_id.update_stock_at_closing
            if moved or not warehouse or order._oms_sold_pending():
                continue
            sold = {}
            for line in order.lines.filtered(lambda line: line.qty > 0 and line.product_id.type == "consu"):
                sold[line.product_id] = sold.get(line.product_id, 0.0) + line.qty
            counted, _components = (
                self.env["oms.availability"]
                .sudo()  # sudo: whether a product is a kit must not depend on who sells it
                .with_company(order.company_id)
                ._get_counted(self.env["product.product"].union(*sold))
            )
            rows += [
                {
                    "oms_pos_order_id": order.id,
                    "channel_id": order.config_id._oms_get_channel().id,
                    "company_id": order.company_id.id,
                    "product_id": product.id,
                    "warehouse_id": warehouse.id,
                    "quantity": sold[product],
                    "expires_at": False,
                }
                for product in counted
            ]
        self.env["oms.reservation"]._set_aside(rows)

    @api.model
    def _oms_paid_sql(self, alias):
        return SQL("%s IN %s", SQL.identifier(alias, "state"), PAID_STATES)


class PosOrderLine(models.Model):
    """What of the entry of its session this line is: the entry sums by account, and cannot be told apart afterwards."""

    _inherit = "pos.order.line"

    oms_booked_sales = fields.Monetary(
        currency_field="oms_company_currency_id",
        readonly=True,
        copy=False,
        help="What the entry of the session has booked as the sale of this line, without tax. Nothing where it is invoiced.",
    )
    oms_booked_cost = fields.Monetary(
        currency_field="oms_company_currency_id",
        readonly=True,
        copy=False,
        help="What the entry of the session has booked as the cost of these goods.",
    )
    oms_company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")

    def _oms_is_paid(self):
        return self.filtered(lambda line: line.order_id.state in PAID_STATES)

    def _oms_never_left(self):
        """Whether this gives back what the till was to ship later, and what has left is no more than what the customer keeps."""
        self.ensure_one()
        sold_sudo = self.sudo().refunded_orderline_id  # sudo: whichever till sold it
        if self.qty >= 0 or not sold_sudo.order_id.shipping_date:
            return False
        moves_sudo = sold_sudo.sale_order_line_id.move_ids.filtered(lambda move: move._oms_is_of_its_till())
        return bool(moves_sudo) and all(
            product.uom_id.compare(
                sum(
                    of_product_sudo.filtered(
                        lambda move: move.state == "done" and move.location_dest_id._is_outgoing()
                    ).mapped("product_qty")
                ),
                of_product_sudo[0]._oms_get_not_refunded(),
            )
            <= 0
            for product, of_product_sudo in moves_sudo.grouped("product_id").items()
        )
