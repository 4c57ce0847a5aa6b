"""At the curb: the customer says that he comes and that he is there, and the store brings the goods out."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..const import CURB_STATES, CURB_TEXT_MAX_CHARS
from ..text import as_html


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_curb_state = fields.Selection(
        CURB_STATES, string="At the Curb", readonly=True, copy=False, index="btree_not_null"
    )
    oms_bay = fields.Char(string="Bay", size=CURB_TEXT_MAX_CHARS, copy=False)
    oms_vehicle = fields.Char(
        string="Vehicle", size=CURB_TEXT_MAX_CHARS, copy=False, help="What the customer comes with."
    )
    oms_arrived_at = fields.Datetime(string="Arrived On", readonly=True, copy=False)
    oms_wait_minutes = fields.Float(
        string="Waited (Minutes)", readonly=True, copy=False, aggregator="avg", help="From arrival to hand-over."
    )

    oms_curb_activity_id = fields.Many2one(
        "mail.activity",
        string="Task at the Curb",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The task of bringing the goods out.",
    )

    def action_oms_on_the_way(self):
        self.check_access("write")
        self._oms_on_the_way()

    def action_oms_check_in(self):
        """The customer called or stands there: note it for him."""
        self.check_access("write")
        for picking in self:
            picking._oms_check_in(picking.oms_bay, picking.oms_vehicle)

    def _oms_on_the_way(self):
        """The customer has left to come."""
        for picking in self:
            picking._check_oms_can_come()
            if not picking.oms_curb_state:
                picking.oms_curb_state = "coming"
                picking._oms_tell_store(
                    self.env._("%(customer)s is on the way for %(picking)s.", **picking._oms_curb_words())
                )

    def _oms_check_in(self, bay=None, vehicle=None):
        """The customer has arrived. Saying so again corrects bay and vehicle and does not start the waiting anew.

        :raise UserError: when these goods are not ready, or gone.
        """
        for picking in self:
            picking._check_oms_can_come()
            first = picking.oms_curb_state != "arrived"
            values = {
                "oms_curb_state": "arrived",
                "oms_bay": (bay or "").strip()[:CURB_TEXT_MAX_CHARS] or picking.oms_bay,
                "oms_vehicle": (vehicle or "").strip()[:CURB_TEXT_MAX_CHARS] or picking.oms_vehicle,
            }
            if first:
                values["oms_arrived_at"] = fields.Datetime.now()
            picking.write(values)
            words = picking._oms_curb_words()
            if first:
                picking._oms_tell_store(
                    self.env._("%(customer)s waits for %(picking)s. Bay: %(bay)s. Vehicle: %(vehicle)s.", **words)
                )

    def _oms_curb_words(self):
        return {
            "customer": self.partner_id.display_name,
            "picking": self.name,
            "bay": self.oms_bay or "–",
            "vehicle": self.oms_vehicle or "–",
        }

    def _oms_tell_store(self, sentence):
        """Show a sentence to those who work in the store now, and leave one of them a task."""
        self.ensure_one()
        # sudo: the customer checks in as a visitor; what is done is to tell the store, and nothing else
        picking_sudo = self.sudo()
        users_sudo = picking_sudo._oms_get_node().oms_user_ids.filtered("active")
        for user_sudo in users_sudo:
            user_sudo._bus_send("simple_notification", {"type": "info", "message": sentence, "sticky": True})
        picking_sudo.message_post(body=sentence)
        if users_sudo and picking_sudo.oms_curb_state == "arrived":
            picking_sudo.oms_curb_activity_id = picking_sudo.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Customer at the curb"),
                note=as_html(sentence),
                user_id=users_sudo[0].id,
            )

    def _check_oms_can_come(self):
        self.ensure_one()
        if not self.oms_is_collected or self.state in ("done", "cancel"):
            raise UserError(self.env._("Nothing waits for you here."))
        if not self.oms_ready_at:
            raise UserError(self.env._("The goods are not ready yet. You will be told as soon as they are."))

    def _action_done(self):
        """Override of ``stock``: nobody waits any longer."""
        result = super()._action_done()
        now = fields.Datetime.now()
        for picking in self.filtered(lambda picking: picking.state == "done" and picking.oms_curb_state):
            values = {"oms_curb_state": "handed"}
            if picking.oms_arrived_at:
                values["oms_wait_minutes"] = round((now - picking.oms_arrived_at).total_seconds() / 60, 1)
            picking.write(values)
            # sudo: the task was one colleague's, and whoever brought the goods out has done it
            picking.sudo().oms_curb_activity_id.unlink()
        return result
