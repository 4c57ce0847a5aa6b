"""A line of a carrier's or partner's bill beside what was quoted and booked: see ``domain/bill_match.py``."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..domain.bill import KINDS
from ..domain.bill_match import CAUSES

STATES = [
    ("agreed", "Agrees"),
    ("disputed", "Disputed"),
    ("accepted", "Accepted"),
    ("withdrawn", "Taken off"),
]
#: Lines in these states are owed.
OWED = ("agreed", "accepted")


class OmsBillLine(models.Model):
    """One line of a bill as its sender wrote it, and what it is compared with.

    ::

        agreed     as booked, or within the tolerance
        disputed   somebody has to look; the bill is held, or posted without it
        accepted   somebody has looked, and it is owed
        withdrawn  its sender has taken it off the bill
    """

    _name = "oms.bill.line"
    _description = "Line of a Carrier's Bill"
    _order = "move_id desc, row, id"
    _rec_name = "tracking"

    move_id = fields.Many2one(
        "account.move", string="Bill", required=True, readonly=True, index=True, ondelete="cascade"
    )
    item_id = fields.Many2one(
        "account.move.line", string="Journal Item", readonly=True, index="btree_not_null", ondelete="set null"
    )
    biller_id = fields.Many2one(related="move_id.oms_biller_id", store=True, index=True)
    company_id = fields.Many2one(related="move_id.company_id", store=True)
    currency_id = fields.Many2one(related="move_id.currency_id")
    date = fields.Date(related="move_id.invoice_date", store=True)
    row = fields.Integer(readonly=True, help="Of the file.")
    kind = fields.Selection(list(KINDS.items()), string="What", required=True, readonly=True)
    tracking = fields.Char(string="Tracking Number", readonly=True)
    reference = fields.Char(readonly=True)
    key = fields.Char(readonly=True, index="btree_not_null", help="What is billed, as it is compared with other bills.")
    label_id = fields.Many2one(
        "oms.shipment.label", string="Parcel", readonly=True, index="btree_not_null", ondelete="set null"
    )
    picking_id = fields.Many2one(
        "stock.picking", string="Transfer", readonly=True, index="btree_not_null", ondelete="set null"
    )
    quoted = fields.Monetary(readonly=True, help="What the rate was when it was chosen.")
    booked = fields.Monetary(readonly=True, help="What the label cost, or what the tariff of the place says.")
    amount = fields.Monetary(string="Billed", readonly=True, help="Without tax.")
    tax_amount = fields.Monetary(readonly=True)
    tax_id = fields.Many2one("account.tax", readonly=True)
    difference = fields.Monetary(readonly=True, help="Billed less booked.")
    weight_kg = fields.Float(string="Weight (kg)", digits=(12, 3), readonly=True)
    quantity = fields.Float(digits="Product Unit", readonly=True)
    service = fields.Char(readonly=True)
    at = fields.Date(string="Date of the Service", readonly=True)
    text = fields.Char(string="Description", readonly=True)
    cause = fields.Selection(list(CAUSES.items()), required=True, readonly=True)
    sentence = fields.Text(string="Why", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, index=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)

    def write(self, vals):
        """Override: what a bill says and what was found about it is nobody's to write but these methods'."""
        if not self.env.su:
            raise AccessError(
                self.env._(
                    "The lines of a bill stay as its sender wrote them. Accept them, have them taken off, or match the bill "
                    "again."
                )
            )
        return super().write(vals)

    def _by_program(self):
        """These lines for the methods that keep them, once it is checked who asks."""
        return self.sudo()  # sudo: as above

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_accept(self):
        """These disputed lines are owed after all. Where their bill is in the books already, another one is made for them."""
        self._decide("accepted")
        for bill, lines in self.grouped("move_id").items():
            if bill.state == "draft":
                bill._oms_render_bill()
            else:
                bill._oms_bill_rest(lines.filtered(lambda line: not line.item_id))

    def action_withdraw(self):
        """The sender has taken these disputed lines off."""
        self._decide("withdrawn")
        for bill in self.move_id.filtered(lambda bill: bill.state == "draft"):
            bill._oms_render_bill()

    def _decide(self, state):
        self.check_access("write")
        if self.filtered(lambda line: line.state != "disputed"):
            raise UserError(self.env._("Only disputed lines can be decided. Choose those."))
        self._by_program().write({"state": state, "decided_by_id": self.env.uid})
        for bill in self.move_id:
            if not bill.oms_disputed_count:
                bill.activity_feedback(
                    ["mail.mail_activity_data_todo"], feedback=self.env._("No line is disputed any more.")
                )

    def action_open(self):
        """The transfer whose parcel or work is billed."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "stock.picking",
            "res_id": self.picking_id.id,
            "views": [(False, "form")],
        }

    @api.model
    def _find_charged(self, keys, but=()):
        """{(key, kind): lines of bills that charge it and are not called off}.

        :param but: bills that do not count.
        """
        lines = self.search(
            [
                ("key", "in", list(keys)),
                ("move_id", "not in", list(but)),
                ("move_id.state", "!=", "cancel"),
                ("state", "!=", "withdrawn"),
                # What was disputed as billed twice is no reason to dispute the first.
                ("cause", "!=", "duplicate"),
            ]
        )
        return lines.grouped(lambda line: (line.key, line.kind))


class OmsShipmentLabel(models.Model):
    _inherit = "oms.shipment.label"

    oms_bill_line_ids = fields.One2many(
        "oms.bill.line",
        "label_id",
        string="Billed By",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
