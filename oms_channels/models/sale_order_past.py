"""Orders that were over before they came here: kept for who bought what, and neither shipped nor reserved nor mailed about."""

from odoo import api, fields, models

from odoo.addons.oms_core.const import INSIDE

OVER = ("fulfilled", "cancelled")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_past = fields.Selection(
        [("kept", "Not booked"), ("booked", "Booked")],
        string="Past Order",
        readonly=True,
        copy=False,
        help="It was fulfilled before it came here: nothing of it is shipped, reserved or written to anybody.",
    )

    @api.model
    def _oms_apply_past_orders(self, channel, docs, book):
        """Take in orders of a channel's past.

        What is over there becomes an order that is sold, delivered and locked, without a single stock move. What is still open
        is an order like any other. What is here already follows its document, as ever.

        :return: as :meth:`_oms_apply_orders`.
        """
        known = self._oms_find(channel, {doc.external_id for doc in docs})
        outcomes = [None] * len(docs)
        past, rest, names = [], [], set()
        for index, doc in enumerate(docs):
            is_past = doc.status in OVER and doc.external_id not in known and doc.external_id not in names
            names.add(doc.external_id)
            (past if is_past else rest).append(index)
        if past:
            orders = self._oms_create_past(channel, [docs[index] for index in past], book)
            for index, order in zip(past, orders, strict=True):
                outcomes[index] = (order, "done", self.env._("An order of the past; nothing has to be done."))
        if rest:
            # After the others, which they may be newer states of.
            self.env.flush_all()
            for index, outcome in zip(
                rest, self._oms_apply_orders(channel, [docs[index] for index in rest]), strict=True
            ):
                outcomes[index] = outcome
        return outcomes

    @api.model
    def _oms_create_past(self, channel, docs, book):
        resolver = channel._get_resolver(docs, noting=False)
        cancelled = [doc for doc in docs if doc.status == "cancelled"]
        fulfilled = [doc for doc in docs if doc.status != "cancelled"]
        called_off = self._oms_create(channel, cancelled, resolver)
        called_off.write({"state": "cancel", "oms_called_off": True})
        sold = self.with_context(oms_past=INSIDE)._oms_create(channel, fulfilled, resolver).with_context(oms_past=False)
        # Not by confirming them, which would ask for goods, and tell the customers.
        sold.write({"state": "sale", "locked": True, "oms_past": "booked" if book else "kept"})
        for line in sold.order_line:
            line.qty_delivered = line.product_uom_qty
        by_id = {order.oms_external_id: order for order in called_off | sold}
        orders = self.union(*(by_id[doc.external_id] for doc in docs))
        told = list(zip(orders, docs, strict=True))
        self._oms_record_refunds(told, orders)
        if book:
            self._oms_record_payments(channel, [(order, doc) for order, doc in told if order.state == "sale"], resolver)
            orders._oms_wake_booking()
        return orders

    @api.model
    def _oms_prepare_once(self, channel, doc):
        """Override of ``oms_core``: what it is is known before its holds are."""
        values = super()._oms_prepare_once(channel, doc)
        if self.env.context.get("oms_past") is INSIDE:
            values["oms_past"] = "kept"
        return values

    def _oms_reasons_to_hold(self, doc, resolver):
        """Override of ``oms_core``: nobody works what is over."""
        return () if self.oms_past else super()._oms_reasons_to_hold(doc, resolver)

    def _prepare_invoice(self):
        """Override of ``sale``: booked on the day when it was sold."""
        values = super()._prepare_invoice()
        if self.oms_past:
            values["invoice_date"] = self.company_id._oms_get_today(self.oms_ordered_at)
        return values


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _prepare_qty_delivered(self):
        """Override of ``sale_stock``: what was delivered before it came here was."""
        delivered = super()._prepare_qty_delivered()
        for line in self:
            if line.order_id.oms_past:
                delivered[line] = line.product_uom_qty
        return delivered

    def _oms_get_shipped(self):
        """Override of ``oms_core``: likewise."""
        return self.product_uom_qty if self.order_id.oms_past and self.state == "sale" else super()._oms_get_shipped()

    @api.depends("order_id.oms_past")
    def _compute_qty_to_invoice(self):
        """Override of ``oms_core``: what is booked elsewhere is not booked here."""
        result = super()._compute_qty_to_invoice()
        self.filtered(lambda line: line.order_id.oms_past == "kept").qty_to_invoice = 0.0
        return result

    @api.depends("order_id.oms_past")
    def _compute_invoice_status(self):
        result = super()._compute_invoice_status()
        self.filtered(lambda line: line.order_id.oms_past == "kept").invoice_status = "no"
        return result

    def _action_launch_stock_rule(self, **options):
        """Override of ``sale_stock``: whatever asks for goods, none of these leave a second time."""
        lines = self.filtered(lambda line: not line.order_id.oms_past)
        return super(SaleOrderLine, lines)._action_launch_stock_rule(**options)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _stock_account_prepare_realtime_out_lines_vals(self):
        """Override of ``stock_account``: what left before stock was kept here costs nothing here; no move took it out."""
        past = self.filtered(lambda move: any(move.line_ids.sale_line_ids.order_id.mapped("oms_past")))
        return super(AccountMove, self - past)._stock_account_prepare_realtime_out_lines_vals()
