from odoo import api, fields, models

from ..domain.documents import REFUNDED_GOODS
from ..domain.money import ZERO

GOODS_WORDS = {"": "Not told", "unsent": "Not to be sent", "back": "Come back", "kept": "Not expected back"}


class OmsChannelRefund(models.Model):
    """Money that a channel gave back, or is about to, as the channel tells it.

    No entry: it is kept so that whoever books it, a person or a return, knows for what it was, and does it once. A later
    document says what became of it.
    """

    _name = "oms.channel.refund"
    _description = "Refund by a Channel"
    _order = "refunded_at desc, id desc"
    _rec_name = "external_id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.oms_channel_id")
    currency_id = fields.Many2one(related="order_id.currency_id")
    external_id = fields.Char(string="Channel Refund ID", required=True, readonly=True)
    state = fields.Selection(
        [("pending", "Not paid yet"), ("done", "Paid back"), ("withdrawn", "No longer on the channel")],
        required=True,
        readonly=True,
        help="What has not been paid is not booked; it may never be paid.",
    )
    amount = fields.Monetary(readonly=True, help="In all, tax included.")
    shipping = fields.Monetary(string="Of It for Shipping", readonly=True, help="Tax included.")
    reason = fields.Char(readonly=True)
    refunded_at = fields.Datetime(string="Refunded On", readonly=True)
    tenders = fields.Json(readonly=True, help="In which ways the money went back, where the channel says so.")
    our_key = fields.Char(
        string="Came Of", readonly=True, help="What we told the channel, where it says that this came of it."
    )
    is_sum_only = fields.Boolean(
        string="Details Not Told", readonly=True, help="The channel knows what it is for and has not said so yet."
    )
    line_ids = fields.One2many("oms.channel.refund.line", "refund_id", readonly=True)
    summary = fields.Char(string="For", compute="_compute_summary")

    _external_uniq = models.Constraint("UNIQUE(order_id, external_id)", "This refund of the order is known already.")

    @api.depends("line_ids")
    def _compute_summary(self):
        for refund in self:
            refund.summary = ", ".join(f"{line.quantity:g} × {line.name}" for line in refund.line_ids)

    def _says_otherwise(self, refund):
        """Whether the channel says something else about this refund than is known, or more."""
        self.ensure_one()
        state = "pending" if refund.pending else "done"
        if self.state != state or self.currency_id.compare_amounts(self.amount, float(refund.amount)):
            return True
        # Some messages of a platform only tell the sum; what is known of the rest stays.
        says_when = bool(refund.refunded_at and not self.refunded_at)
        says_more = self.is_sum_only and not refund.sum_only
        return says_when or says_more or len(refund.lines) > len(self.line_ids)

    @api.model
    def _values_of(self, refund, names):
        """:param names: {id of a line on the channel: its name}."""
        return {
            "state": "pending" if refund.pending else "done",
            "amount": float(refund.amount),
            "shipping": float(refund.shipping),
            "reason": refund.reason or False,
            "refunded_at": refund.refunded_at and refund.refunded_at.replace(tzinfo=None),
            "tenders": [[tender, str(amount)] for tender, amount in refund.tenders] or False,
            "our_key": refund.our_key or False,
            "is_sum_only": refund.sum_only,
            "line_ids": [fields.Command.clear()]
            + [
                fields.Command.create(
                    {
                        "external_line_id": line.line_id,
                        "name": names.get(line.line_id) or line.line_id,
                        "quantity": float(line.quantity),
                        "amount": float(line.amount),
                        "tax": float(line.tax),
                        "restock": line.restock,
                        "goods": line.goods or False,
                        "location": line.location or False,
                    }
                )
                for line in refund.lines
            ],
        }


class OmsChannelRefundLine(models.Model):
    _name = "oms.channel.refund.line"
    _description = "Refund by a Channel: Line"
    _rec_name = "name"

    refund_id = fields.Many2one("oms.channel.refund", required=True, index=True, ondelete="cascade", readonly=True)
    currency_id = fields.Many2one(related="refund_id.currency_id")
    # Found when it is asked for: lines of a quotation are made anew when the channel tells the order anew.
    sale_line_id = fields.Many2one("sale.order.line", string="Order Line", compute="_compute_sale_line_id")
    external_line_id = fields.Char(string="Channel Line ID", required=True, readonly=True)
    name = fields.Char(readonly=True)
    quantity = fields.Float(digits="Product Unit", readonly=True)
    amount = fields.Monetary(readonly=True, help="Without tax.")
    tax = fields.Monetary(readonly=True)
    restock = fields.Boolean(readonly=True, help="The channel says that the goods are for sale again.")
    goods = fields.Selection(
        [(code, GOODS_WORDS[code]) for code in REFUNDED_GOODS if code],
        readonly=True,
        help="What the channel says about the goods; empty where it says nothing.",
    )
    location = fields.Char(
        string="Place on the Channel", readonly=True, help="Where the goods come back to, as the channel calls it."
    )

    @api.depends("external_line_id", "refund_id.order_id.order_line.oms_external_id")
    def _compute_sale_line_id(self):
        for line in self:
            line.sale_line_id = line.refund_id.order_id.order_line.filtered(
                lambda one, key=line.external_line_id: one.oms_external_id == key
            )[:1]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_channel_refund_ids = fields.One2many("oms.channel.refund", "order_id", string="Refunds by the Channel")

    @api.model
    def _oms_record_refunds(self, orders_and_docs, new_orders):
        """Keep what the channel says about refunds, each once; say of a pending one, once, that it is not booked yet."""
        todo = [(order, doc) for order, doc in orders_and_docs if doc.refunds or order not in new_orders]
        if not todo:
            return
        # sudo: what a channel gave back is written by the system alone
        refunds_sudo = self.env["oms.channel.refund"].sudo()
        known = {}
        for refund_sudo in refunds_sudo.search([("order_id", "in", [order.id for order, _doc in todo])]):
            known[refund_sudo.order_id.id, refund_sudo.external_id] = refund_sudo
        to_create = []
        for order, doc in todo:
            if order.oms_updated_at and doc.updated_at.replace(tzinfo=None) < order.oms_updated_at:
                continue  # older than what is known
            names = {line.external_id: line.name for line in doc.lines}
            told = {refund.external_id: refund for refund in doc.refunds}
            for external_id, refund in told.items():
                values = refunds_sudo._values_of(refund, names)
                if refund_sudo := known.get((order.id, external_id)):
                    if refund_sudo._says_otherwise(refund):
                        refund_sudo.write(values)
                    continue
                to_create.append({"order_id": order.id, "external_id": external_id, **values})
                if refund.pending:
                    order._oms_tell_pending(refund, doc)
            for (order_id, external_id), refund_sudo in known.items():
                if order_id == order.id and external_id not in told and refund_sudo.state != "withdrawn":
                    refund_sudo.state = "withdrawn"
        refunds_sudo.create(to_create)
        with_refunds = {order_id for order_id, _external_id in known}
        touched = [order for order, doc in todo if doc.refunds or order.id in with_refunds]
        self.browse().union(*touched)._oms_on_channel_refunds()

    def _oms_on_channel_refunds(self):
        """Hook: what is known of refunds by the channel was brought up to date."""

    def _oms_books_channel_refunds(self):
        """Hook: whether there is who books refunds by the channel without a person."""
        self.ensure_one()
        return False

    def _oms_may_book_channel_refunds(self):
        """Hook: whether they may be booked at all."""
        self.ensure_one()
        return True

    @api.model
    def _oms_follow_told_returns(self, orders_and_docs):
        """Hook: bring returns that were begun on channels to what these documents say of them.

        :param orders_and_docs: ``(order, OrderDoc)`` each; the ``returns`` of a document are
            :class:`~odoo.addons.oms_core.domain.documents.ReturnDoc` values.
        """

    @api.model
    def _oms_get_open_told_returns(self, channel):
        """Hook: the returns of a channel that are still open there, as far as is known here.

        :return: {the channel's id of the return: its order}.
        """
        return {}

    def _oms_tell_return(self, step):
        """Hook: a return went on here, and the channel may want to know.

        :param step: a :class:`~odoo.addons.oms_core.domain.documents.ReturnStepDoc`.
        """
        self.ensure_one()

    def _oms_on_return_told(self, key, external_id):
        """Hook: the channel keeps the return that we told it about under this id."""
        self.ensure_one()

    def _oms_get_told_credit_notes(self):
        """Hook: what the channel was told about credit notes of this order.

        :return: {name by which the channel may speak of one: credit note}; the names are ours and the channel's.
        """
        self.ensure_one()
        return {}

    def _oms_is_repaid_by_channel(self, credit_note):
        """Hook: whether the channel was asked to pay back what a credit note of ours credits."""
        self.ensure_one()
        return False

    def _oms_on_repaid_by_channel(self, credit_note):
        """Hook: the channel has paid back what a credit note of ours credits."""

    def _oms_tell_pending(self, refund, doc):
        self.message_post(
            body=self.env._(
                "The channel is about to pay back %(amount)s %(currency)s (%(reason)s). The money has not gone yet, and "
                "nothing is booked for it; the channel tells when it has.",
                amount=refund.amount,
                currency=doc.currency,
                reason=refund.reason or self.env._("no reason given"),
            )
        )

    def _oms_refund_reasons(self, doc):
        """That the channel has given money back, and for what."""
        refunds = [refund for refund in doc.refunds if not refund.pending]
        if not refunds or self._oms_books_channel_refunds():
            return
        names = {line.external_id: line.name for line in doc.lines}
        parts = [
            f"{line.quantity.normalize():f} × {names.get(line.line_id) or line.line_id}"
            for refund in refunds
            for line in refund.lines
        ]
        if shipping := sum((refund.shipping for refund in refunds), ZERO):
            parts.append(self.env._("shipping %(amount)s %(currency)s", amount=shipping, currency=doc.currency))
        parts = ", ".join(dict.fromkeys(parts))
        yield (
            "refund",
            self.env._(
                "The channel has refunded %(amount)s %(currency)s of this order already (%(reasons)s).%(parts)s Check what is "
                "still to be delivered; the refund has to be booked by hand.",
                amount=sum((refund.amount for refund in refunds), ZERO),
                currency=doc.currency,
                reasons=", ".join(filter(None, (refund.reason for refund in refunds))) or self.env._("no reason given"),
                parts=self.env._(" It is for %s.", parts) if parts else "",
            ),
        )
