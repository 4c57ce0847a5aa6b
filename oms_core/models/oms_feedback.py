import psycopg2.errors

from odoo import api, fields, models

from ..domain.feedback import show
from ..quiet import quiet_sql
from ..text import as_html


class OmsFeedback(models.Model):
    """What the customer of an order says after the delivery: stars, words, and a remark on a product.

    Not Odoo's ``rating.rating``: that one knows no company, every employee may write it, and whoever reads it has the key
    to the customer's page.
    """

    _name = "oms.feedback"
    _description = "Customer Feedback"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.oms_channel_id", store=True, index="btree_not_null")
    partner_id = fields.Many2one(related="order_id.partner_id", store=True, string="Customer", index=True)
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Place",
        readonly=True,
        ondelete="set null",
        help="Where all of it was sent from; empty when it came from several.",
    )
    # a Float, or screens would show averages without their fraction
    stars = fields.Float(required=True, readonly=True, digits=(2, 1), aggregator="avg")
    shown = fields.Char(string="Rating", compute="_compute_shown")
    words = fields.Text(readonly=True)
    changes = fields.Integer(readonly=True, help="How often the customer thought otherwise.")
    said_at = fields.Datetime(string="Said On", required=True, readonly=True, default=fields.Datetime.now)
    case_at = fields.Datetime(string="Case Opened On", readonly=True)
    line_ids = fields.One2many("oms.feedback.line", "feedback_id", string="Products", readonly=True)

    _order_uniq = models.Constraint("UNIQUE(order_id)", "The customer has said something about this order already.")
    _stars_check = models.Constraint("CHECK(stars BETWEEN 1 AND 5)", "There are one to five stars.")

    @api.depends("stars")
    def _compute_shown(self):
        for feedback in self:
            feedback.shown = show(int(feedback.stars))

    def action_open_order(self):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------------------------------------------ RECEIVING

    @api.model
    def _receive(self, order_sudo, said):
        """Keep what a customer says of an order; the caller knows that it is the customer, and that something arrived.

        :return: why it is not kept, in a sentence; empty when it is.
        """
        feedback_sudo = order_sudo.oms_feedback_ids
        if feedback_sudo and feedback_sudo._is_said(said):
            return ""  # a form that was sent twice
        if closed := order_sudo._oms_get_feedback_closed():
            return closed
        if feedback_sudo:
            feedback_sudo.write({"stars": said.stars, "words": said.words, "changes": feedback_sudo.changes + 1})
        else:
            try:
                with quiet_sql(), self.env.cr.savepoint():
                    feedback_sudo = order_sudo.oms_feedback_ids.create(
                        {"order_id": order_sudo.id, "stars": said.stars, "words": said.words}
                    )
            except psycopg2.errors.UniqueViolation:
                return ""  # the same form from another connection, a moment ago
        feedback_sudo._keep_remarks(dict(said.remarks))
        if said.is_low and not feedback_sudo.case_at:
            feedback_sudo._open_case()
        return ""

    def _is_said(self, said):
        self.ensure_one()
        remarks = {line.sale_line_id.id: line.remark for line in self.line_ids if line.remark}
        return (self.stars, self.words or "", remarks) == (said.stars, said.words, dict(said.remarks))

    def _keep_remarks(self, remarks):
        """A row for each product that arrived, with or without a remark: so stars can be averaged by product and place."""
        self.ensure_one()
        known = {line.sale_line_id: line for line in self.line_ids}
        places = self.order_id._oms_get_arrived_lines()
        for line in known.values():
            remark = remarks.get(line.sale_line_id.id, False)
            if (line.remark or False) != remark:
                line.remark = remark
        self.env["oms.feedback.line"].create(
            [
                {
                    "feedback_id": self.id,
                    "sale_line_id": line.id,
                    "product_id": line.product_id.id,
                    "warehouse_id": place.id if len(place) == 1 else False,
                    "remark": remarks.get(line.id, False),
                }
                for line, place in places.items()
                if line not in known
            ]
        )
        warehouses = self.env["stock.warehouse"].union(*places.values())
        self.warehouse_id = warehouses if len(warehouses) == 1 else False

    def _open_case(self):
        """Somebody looks into it: a case of customer service, once for each order."""
        self.ensure_one()
        self.case_at = fields.Datetime.now()
        order = self.order_id
        remarks = [f"{line.product_id.name}: {line.remark}" for line in self.line_ids if line.remark]
        user = order.user_id or order.oms_channel_id.user_id
        order.activity_schedule(
            "oms_core.mail_activity_type_case",
            user_id=user.id,
            summary=self.env._("Not happy: %s", show(int(self.stars))),
            note=as_html("\n".join(filter(None, [self.words or "", *remarks]))),
        )


class OmsFeedbackLine(models.Model):
    """A product that arrived with an order that the customer said something about."""

    _name = "oms.feedback.line"
    _description = "Feedback on a Product"
    _order = "id desc"
    _rec_name = "product_id"

    feedback_id = fields.Many2one("oms.feedback", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="feedback_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="feedback_id.channel_id", store=True, index="btree_not_null")
    order_id = fields.Many2one(related="feedback_id.order_id", store=True, index=True)
    said_at = fields.Datetime(related="feedback_id.said_at", store=True)
    stars = fields.Float(related="feedback_id.stars", store=True, aggregator="avg", help="Of the order as a whole.")
    sale_line_id = fields.Many2one("sale.order.line", readonly=True, index="btree_not_null", ondelete="set null")
    product_id = fields.Many2one("product.product", required=True, readonly=True, index=True, ondelete="restrict")
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True, ondelete="set null")
    remark = fields.Text(readonly=True)


class OmsNotification(models.Model):
    _inherit = "oms.notification"

    def _get_feedback_url(self):
        """Override of the stub: in the mail that asks; in others where no mail of its own asks on this channel."""
        self.ensure_one()
        if self.event != "feedback":
            rule = self.env["oms.notification.rule"]._get_for("feedback", self.channel_id).get(self.channel_id.id)
            if rule:
                return False
        return self.order_id._oms_get_feedback_url() if self.order_id._oms_asks_for_feedback() else False

    def _why_not(self, method):
        """Override: nobody is asked who has answered, or who got nothing."""
        code = super()._why_not(method)
        if code or self.event != "feedback":
            return code
        if self.order_id.sudo().oms_feedback_ids:  # sudo: what is asked is whether there is an answer
            return "answered"
        return "" if self.order_id._oms_asks_for_feedback() else "nothing"

    def _get_reasons(self):
        return {
            **super()._get_reasons(),
            "answered": self.env._("The customer has told us already how it was."),
            "nothing": self.env._("There is nothing to ask about: nothing of the order has left."),
        }
