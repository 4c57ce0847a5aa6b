"""What a channel pays out, as it stands in the books: see ``domain/settlement.py`` and ``domain/explain_cent.py``."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..domain.explained import CAUSES, TASKS
from ..domain.settlement import KINDS

#: What lines are called.
KIND_WORDS = {
    "sale": "Sale",
    "refund": "Refund",
    "fee": "Fee",
    "fee_tax": "Tax on a fee",
    "tax_collected": "Tax paid by the channel",
    "shipping_label": "Postage",
    "reserve_hold": "Held back",
    "reserve_release": "Released",
    "chargeback": "Chargeback",
    "chargeback_reversal": "Chargeback won",
    "adjustment": "Adjustment",
    "carry_over": "Carried over",
    "conversion": "Conversion",
    "transfer": "Transfer",
}

STATES = [
    ("draft", "Being Looked At"),
    ("checked", "Checked"),
    ("booking", "Being Booked"),
    ("posted", "Booked"),
    ("reconciled", "In the bank"),
    ("undoing", "Being Undone"),
    ("refused", "Refused"),
]


class OmsSettlement(models.Model):
    """One payout of a channel: the report, what each line settles, and its entry.

    ::

        draft       kept, whole; a job finds out what its lines settle, as they are too many for somebody to wait
        checked     nothing is booked; what would be is shown
        booking     a job books it: its entry at once and whole, and reconciles piece by piece what that settles
        posted      Dr payouts on their way, fees, reserve … Cr clearing, each item reconciled with the payment it settles
        reconciled  the bank statement line that brings the money is matched with payouts on their way
        undoing     a job opens piece by piece what it had settled, and then reverses the entry
        refused     the report cannot be taken, or its money did not arrive, and says why; a corrected one takes its place

    What a report says and what is booked for it is for nobody to change by hand: people read it, press buttons, choose the
    accounting date before it is booked, and delete what is not in the books.
    """

    _name = "oms.settlement"
    _description = "Payout of a Channel"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "deposited_on desc, id desc"
    _rec_name = "external_id"
    _check_company_auto = True

    channel_id = fields.Many2one("oms.channel", required=True, index=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    external_id = fields.Char(string="Payout", required=True, readonly=True, help="The channel's id of it.")
    state = fields.Selection(STATES, required=True, default="draft", readonly=True, index=True, tracking=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    starts_at = fields.Datetime(string="From", readonly=True)
    ends_at = fields.Datetime(string="Until", readonly=True)
    deposited_on = fields.Date(string="Paid Out On", readonly=True, help="When the channel says that it arrives.")
    date = fields.Date(string="Accounting Date", required=True, tracking=True)
    total = fields.Monetary(readonly=True, help="What reaches the bank; negative where the channel collects.")
    bank_reference = fields.Char(readonly=True, help="What the bank statement shows, where the report says.")
    source = fields.Char(string="Read As", readonly=True)
    file = fields.Binary(readonly=True, attachment=True, copy=False)
    file_name = fields.Char(readonly=True)
    checksum = fields.Char(readonly=True, index="btree_not_null", copy=False)
    problems = fields.Text(readonly=True, help="Why the report was refused.")
    failed_on = fields.Date(
        string="Did Not Arrive",
        readonly=True,
        copy=False,
        tracking=True,
        help="When the channel was read that said so.",
    )
    line_ids = fields.One2many("oms.settlement.line", "settlement_id", readonly=True)
    rest_ids = fields.One2many("oms.settlement.rest", "settlement_id", readonly=True)
    line_count = fields.Integer(string="Lines", compute="_compute_line_count")
    matched = fields.Monetary(readonly=True, help="So much is payments and refunds that are in the books.")
    task_count = fields.Integer(string="To Explain", readonly=True, help="Rests that somebody has to look at.")
    looked_at = fields.Datetime(
        string="Looked at Again", readonly=True, copy=False, help="When the job last tried to find what it waits for."
    )
    progressed_at = fields.Datetime(
        string="Last Piece", readonly=True, copy=False, help="When the job last did something of it."
    )
    asked_by_id = fields.Many2one(
        "res.users", string="Asked For By", readonly=True, copy=False, help="In whose name the job works on it."
    )
    piece_count = fields.Integer(
        readonly=True, copy=False, help="Reconciliations that the job has to make for it, or to undo."
    )
    progress = fields.Float(compute="_compute_progress", string="Progress (%)")
    progress_text = fields.Text(compute="_compute_progress", string="How Far It Is")
    move_id = fields.Many2one("account.move", string="Entry", readonly=True, copy=False, index="btree_not_null")
    move_ids = fields.One2many("account.move", "oms_settlement_id", string="Entries", readonly=True)
    posting_number = fields.Integer(readonly=True, copy=False, help="How often it was booked; others were undone.")
    bank_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Bank Statement Line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    _external_uniq = models.Constraint(
        "UNIQUE(channel_id, external_id)", "This payout of the channel has been imported already."
    )

    @api.depends("external_id", "channel_id.name")
    def _compute_display_name(self):
        for settlement in self:
            settlement.display_name = f"{settlement.channel_id.name or ''} {settlement.external_id or ''}".strip()

    def _compute_line_count(self):
        counts = dict(
            self.env["oms.settlement.line"]._read_group(
                [("settlement_id", "in", self.ids)], ["settlement_id"], ["__count"]
            )
        )
        for settlement in self:
            settlement.line_count = counts.get(settlement, 0)

    def write(self, vals):
        """Override: of a payout people choose the accounting date, as long as it is not booked."""
        if not self.env.su:
            if set(vals) - {"date"}:
                raise AccessError(
                    self.env._(
                        "A payout stays as the channel told it. To take in another report, delete this one first; to book it "
                        "otherwise, undo it."
                    )
                )
            self._check_not_in_work()
            if booked := self.filtered("move_id"):
                raise UserError(
                    self.env._("%s is in the books. Undo it first; then choose its date.", booked[0].display_name)
                )
        return super().write(vals)

    def _by_program(self):
        """These payouts for the methods that keep them, once it is checked who asks."""
        return self.sudo()  # sudo: what was reported and what was found is nobody's to write but these methods'

    @api.ondelete(at_uninstall=False)
    def _unlink_except_booked(self):
        self._check_not_in_work()
        if booked := self.filtered("move_id"):
            raise UserError(
                self.env._("%s is in the books. Undo it first; then it can be deleted.", booked[0].display_name)
            )

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_view_lines(self):
        """The lines of the report."""
        action = self._open_list("oms_channels.oms_settlement_line_action", [("settlement_id", "in", self.ids)])
        return {**action, "context": {**action["context"], "oms_one_payout": True}}

    def action_view_orders(self):
        """The orders of which something was paid out or taken back."""
        orders = self.env["oms.settlement.line"]._read_group(
            [("settlement_id", "in", self.ids), ("order_id", "!=", False)], ["order_id"]
        )
        return self._open_list("oms_core.oms_order_action", [("id", "in", [order.id for (order,) in orders])])

    def action_view_entries(self):
        """Everything that was booked for it."""
        return self._open_list("account.action_move_journal_line", [("oms_settlement_id", "in", self.ids)])

    def action_view_waiting(self):
        """What is booked on the clearing account and was not paid out by the end of this payout."""
        self.ensure_one()
        return self._open_list(
            "oms_core.oms_journal_item_action",
            [
                ("account_id", "in", self.channel_id._oms_get_clearing_accounts().ids),
                ("reconciled", "=", False),
                ("oms_settled_by_id", "=", False),
                ("oms_settles_ids", "=", False),
                ("parent_state", "=", "posted"),
                ("date", "<=", self.ends_at or self.date),
            ],
        )

    def _get_lines_of(self, items):
        """{journal item of this payout: the lines of the report that it books}.

        As ``domain/settlement_posting.py`` joins lines of one cause and code into an item; so does the bill for its fees, which
        knows no part that is other than agreed.
        """
        self.ensure_one()

        def told(cause, code):
            return f"{CAUSES[cause]}: {code}" if code else CAUSES[cause]

        rested = self.line_ids.filtered("rest_id")
        by_text = rested.grouped(
            lambda line: told("fee" if line.cause == "fee_change" else line.cause, line.rest_id.code)
        )
        changes = {told(rest.cause, rest.code): rest for rest in self.rest_ids if rest.cause == "fee_change"}
        rests_of = self.rest_ids.filtered("item_id").grouped("item_id")
        closed_by = self.rest_ids.filtered("closing_move_id").grouped("closing_move_id")
        found = {}
        for item in items:
            rests = rests_of.get(item) or closed_by.get(item.move_id) or changes.get(item.name)
            found[item] = rests.line_ids if rests else by_text.get(item.name, rested.browse())
        return found

    def _open(self):
        """The payout itself."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_settlement_action")
        return {**action, "res_id": self[:1].id, "view_mode": "form", "views": [(False, "form")]}

    def action_view_bank_line(self):
        """The entry of the bank statement line that brought the money."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.bank_line_id.move_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _open_list(self, xml_id, domain):
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(xml_id)
        action.update(domain=domain, context={"create": False})
        return action


class OmsSettlementPart(models.AbstractModel):
    """What is part of a payout."""

    _name = "oms.settlement.part"
    _description = "Part of a Payout"

    settlement_id = fields.Many2one(
        "oms.settlement", string="Payout", required=True, index=True, ondelete="cascade", readonly=True
    )
    channel_id = fields.Many2one(related="settlement_id.channel_id", store=True)
    company_id = fields.Many2one(related="settlement_id.company_id", store=True)
    currency_id = fields.Many2one(related="settlement_id.currency_id")


class OmsSettlementLine(models.Model):
    """One line of a payout's report, and what it settles."""

    _name = "oms.settlement.line"
    _inherit = "oms.settlement.part"
    _description = "Payout of a Channel: Line"
    _order = "settlement_id desc, row, id"
    _rec_name = "external_id"

    state = fields.Selection(related="settlement_id.state", string="State of the Payout")
    external_id = fields.Char(string="Line ID", required=True, readonly=True)
    row = fields.Integer(readonly=True, help="Of the file.")
    kind = fields.Selection([(kind, KIND_WORDS[kind]) for kind in KINDS], required=True, readonly=True)
    amount = fields.Monetary(readonly=True, help="Its effect on what is paid to us.")
    order_ref = fields.Char(string="Order on the Channel", readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True, index="btree_not_null", ondelete="set null")
    transaction_ref = fields.Char(string="Transaction", readonly=True)
    text = fields.Char(readonly=True)
    code = fields.Char(readonly=True, help="The channel's own word for what it is.")
    sku = fields.Char(string="SKU", readonly=True)
    quantity = fields.Float(digits="Product Unit", readonly=True)
    occurred_at = fields.Datetime(string="When", readonly=True)
    original_amount = fields.Char(string="Paid by the Customer", readonly=True)
    original_currency = fields.Char(readonly=True)
    matched_line_id = fields.Many2one(
        "account.move.line", string="Settles", readonly=True, index="btree_not_null", ondelete="set null"
    )
    matched_amount = fields.Monetary(string="Matched", readonly=True)
    rest_id = fields.Many2one("oms.settlement.rest", readonly=True, index="btree_not_null", ondelete="set null")
    cause = fields.Selection(list(CAUSES.items()), readonly=True, help="Of what is not matched.")
    sentence = fields.Text(string="Why", related="rest_id.sentence")

    _external_idx = models.Index("(channel_id, external_id)")
    _external_uniq = models.Constraint("UNIQUE(settlement_id, external_id)", "A line of a payout is there once.")


class OmsSettlementRest(models.Model):
    """So much of a payout is not a payment or refund that is in the books, and this is why."""

    _name = "oms.settlement.rest"
    _inherit = "oms.settlement.part"
    _description = "Payout of a Channel: Rest"
    _order = "is_task desc, settlement_id desc, id"
    _rec_name = "sentence"

    date = fields.Date(related="settlement_id.date", store=True)
    cause = fields.Selection(list(CAUSES.items()), required=True, readonly=True)
    code = fields.Char(string="Channel's Word", readonly=True)
    amount = fields.Monetary(readonly=True)
    sentence = fields.Text(string="Why", readonly=True)
    is_task = fields.Boolean(string="To Be Looked At", compute="_compute_is_task", store=True)
    settled_on = fields.Date(string="Explained On", readonly=True, help="When what it waited for was found.")
    item_id = fields.Many2one(
        "account.move.line", string="Journal Item", readonly=True, index="btree_not_null", ondelete="set null"
    )
    line_ids = fields.One2many("oms.settlement.line", "rest_id", readonly=True)

    @api.depends("cause", "settled_on", "closed_on")
    def _compute_is_task(self):
        for rest in self:
            rest.is_task = rest.cause in TASKS and not (rest.settled_on or rest.closed_on)


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_settlement_id = fields.Many2one(
        "oms.settlement", string="Payout", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    oms_has_payout = fields.Boolean(compute="_compute_oms_has_payout")

    def _compute_oms_has_payout(self):
        """Whether this is an entry of a payout, or the bank's of its money: both have a button that opens it."""
        lines = self.statement_line_id
        # sudo: who may see an entry may know that it is a payout's; the button opens it to those who may read payouts
        arrived_sudo = self.env["oms.settlement"].sudo().search([("bank_line_id", "in", lines.ids)]) if lines else None
        for move in self:
            at_bank = bool(arrived_sudo) and move.statement_line_id in arrived_sudo.bank_line_id
            move.oms_has_payout = bool(move.oms_settlement_id) or at_bank
