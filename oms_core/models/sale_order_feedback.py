from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import hash_sign, verify_hash_signed

from ..const import FEEDBACK_LINES_MAX, FEEDBACK_LINK_DAYS
from ..domain.feedback import CHANGE_DAYS, CHANGES_MAX, show, why_closed
from ..domain.timeline import Event

#: A signature made for feedback opens nothing else that Odoo signs with the same secret.
FEEDBACK_SCOPE = "oms_core.feedback"

READERS = "sales_team.group_sale_salesman,stock.group_stock_user,oms_core.group_oms_accountant"


class SaleOrder(models.Model):
    """CUS-09: customers are asked once how it was, when everything has arrived; what they say stays with the order."""

    _inherit = "sale.order"

    oms_feedback_ids = fields.One2many("oms.feedback", "order_id", string="Feedback", groups=READERS)
    oms_stars = fields.Integer(string="Stars", compute="_compute_oms_feedback", compute_sudo=True)
    oms_rating = fields.Char(string="Rating", compute="_compute_oms_feedback", compute_sudo=True)
    oms_feedback_words = fields.Text(string="Said About It", compute="_compute_oms_feedback", compute_sudo=True)

    @api.depends("oms_feedback_ids.stars", "oms_feedback_ids.words", "oms_feedback_ids.line_ids.remark")
    def _compute_oms_feedback(self):
        for order in self:
            feedback = order.oms_feedback_ids[:1]
            remarks = [f"{line.product_id.name}: {line.remark}" for line in feedback.line_ids if line.remark]
            order.oms_stars = int(feedback.stars)
            order.oms_rating = show(int(feedback.stars))
            order.oms_feedback_words = "\n".join(filter(None, [feedback.words or "", *remarks])) or False

    def action_oms_view_feedback(self):
        self.ensure_one()
        self.check_access("read")
        feedback_sudo = self.sudo().oms_feedback_ids[:1]  # sudo: to find it; opening it is subject to the rules
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Feedback"),
            "res_model": "oms.feedback",
            "res_id": feedback_sudo.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------------------------------------------- THE LINK

    def _oms_get_feedback_token(self):
        """What opens the feedback page of this order and of no other; signed, so that nothing is stored or guessed."""
        self.ensure_one()
        # sudo: the secret of the database is the system's; what leaves is a signature over the id of one order
        return hash_sign(self.sudo().env, FEEDBACK_SCOPE, self.id, expiration=timedelta(days=FEEDBACK_LINK_DAYS))

    def _oms_is_feedback_token(self, token):
        """Compared in constant time; garbage is just wrong."""
        self.ensure_one()
        try:
            # sudo: the secret of the database is the system's
            return verify_hash_signed(self.sudo().env, FEEDBACK_SCOPE, token or "") == self.id
        except ValueError:
            return False

    def _oms_get_feedback_url(self):
        self.ensure_one()
        return f"{self.get_base_url()}/oms/feedback/{self.id}/{self._oms_get_feedback_token()}"

    # ------------------------------------------------------------------------------------------------------ WHO AND WHAT

    def _oms_asks_for_feedback(self):
        """Whether the customer may say something: there are goods to speak of, and no marketplace that speaks alone."""
        self.ensure_one()
        order_sudo = self.sudo()  # sudo: customers ask, who have no right to transfers
        return not order_sudo.oms_channel_id.owns_contact and bool(order_sudo._oms_get_arrived_lines())

    def _oms_has_arrived(self):
        """Whether the customer has everything that is sent."""
        self.ensure_one()
        sent = self.picking_ids.filtered(
            lambda picking: picking.picking_type_code in ("outgoing", "dropship") and picking.state != "cancel"
        )
        return bool(sent) and all(picking.oms_delivered_at or picking.oms_collected_at for picking in sent)

    def _oms_get_arrived_lines(self):
        """{line of goods that left: the places it was sent from}"""
        self.ensure_one()
        places = {}
        for line in self.order_line.filtered(lambda line: line.product_id.type == "consu")[:FEEDBACK_LINES_MAX]:
            left = line.move_ids.filtered(
                lambda move: move.state == "done" and move.location_dest_id.usage == "customer" and move.quantity
            )
            if left:
                places[line] = left.picking_type_id.warehouse_id
        return places

    def _oms_get_feedback_closed(self):
        """Why the customer can say nothing (more), in a sentence; empty while they can."""
        self.ensure_one()
        feedback = self.oms_feedback_ids
        if not feedback and not self._oms_asks_for_feedback():
            return self.env._("There is nothing to rate on this order yet.")
        match why_closed(feedback.said_at or None, feedback.changes, fields.Datetime.now()):
            case "late":
                return self.env._("What you told us cannot be changed after %s days.", CHANGE_DAYS)
            case "often":
                return self.env._("You have changed it %s times. Please write to us.", CHANGES_MAX)
        return ""

    def _oms_get_customer_view(self):
        """Override: the page of the order leads to the one where customers say how it was."""
        view = super()._oms_get_customer_view()
        asks = self.sudo()._oms_has_arrived() and self._oms_asks_for_feedback()  # sudo: as in the method itself
        view["feedback_url"] = self._oms_get_feedback_url() if asks else False
        return view

    def _oms_timeline_events(self):
        """Override: what the customer said is part of the story."""
        yield from super()._oms_timeline_events()
        for feedback in self.env["oms.feedback"].search_fetch(
            [("order_id", "in", self.ids)], ["order_id", "stars", "said_at"]
        ):
            sentence = self.env._("The customer gave %s.", show(int(feedback.stars)))
            yield feedback.order_id.id, Event(feedback.said_at, "note", sentence)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_on_delivered(self):
        """Override: when the last of an order has arrived, its customer is asked how it was."""
        result = super()._oms_on_delivered()
        orders = self.sale_id.filtered(lambda order: order._oms_has_arrived())
        orders._oms_notify("feedback")
        return result
