from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..const import IMPORT_SHOWN_MAX
from ..domain.payout_csv import FIELDS, Format
from ..domain.payout_csv import parse_payouts as parse_table
from ..domain.settlement import KINDS
from ..models.oms_settlement import KIND_WORDS
from ..payouts import CSV, NAMES, READERS


class OmsPayoutImport(models.TransientModel):
    """A report of payouts in the hands of an accountant: what is in it and what is wrong with it, before anything is kept."""

    _name = "oms.payout.import"
    _inherit = ["oms.table.import"]
    _description = "Import Payouts"
    _report, _names = "payout", NAMES

    channel_id = fields.Many2one("oms.channel", required=True, domain="[('clearing_journal_id', '!=', False)]")
    reader = fields.Selection(
        "_selection_reader", string="Report Of", compute="_compute_reader", store=True, readonly=False, required=True
    )
    # Of a table:
    fees_negative = fields.Boolean(string="Fees Have a Minus", compute="_compute_format", store=True, readonly=False)
    column_ids = fields.One2many("oms.payout.import.column", "import_id", domain=[("is_word", "=", False)])
    word_ids = fields.One2many("oms.payout.import.column", "import_id", domain=[("is_word", "=", True)])
    # What is in it:
    payout_ids = fields.One2many("oms.payout.import.payout", "import_id", readonly=True)
    tells_total = fields.Boolean(compute="_compute_tells_total")

    @api.model
    def _selection_reader(self):
        return [(code, label) for code, (label, _parse) in READERS.items()] + [(CSV, self.env._("A table (CSV)"))]

    @api.depends("channel_id")
    def _compute_reader(self):
        for wizard in self:
            wizard.reader = wizard.channel_id.platform if wizard.channel_id.platform in READERS else CSV

    @api.depends("format_id")
    def _compute_format(self):
        result = super()._compute_format()
        for wizard in self:
            wizard.fees_negative = wizard.format_id.fees_negative
        return result

    @api.depends("reader", "column_ids.field")
    def _compute_tells_total(self):
        """Whether the lines were compared with a total: of a table without one, nobody knows whether rows are missing."""
        for wizard in self:
            wizard.tells_total = wizard.reader != CSV or "total" in wizard.column_ids.mapped("field")

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_preview(self):
        """Read the report and show what is in it. Nothing is kept."""
        self.ensure_one()
        self.check_access("write")
        self.channel_id.check_access("read")
        raw = self._get_data()
        if self.reader == CSV:
            self._offer_columns(raw)
        docs = self._read(raw)
        found = self.env["oms.settlement"]._take_problems(self.channel_id, docs, raw)
        self._show(problem for problems in found.values() for problem in problems)
        self.write(
            {
                "payout_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "external_id": doc.id,
                                "deposited_on": doc.deposited_on,
                                "currency": doc.currency,
                                "total": str(doc.total),
                                "line_count": len(doc.lines),
                                "problem_count": len(found[index]),
                            }
                        )
                        for index, doc in enumerate(docs[:IMPORT_SHOWN_MAX])
                        if doc.id
                    ),
                ],
            }
        )
        return self._reopen()

    def action_import(self):
        """Keep the payouts of the report, all of them; what each line settles is shown, and nothing is booked yet."""
        self.ensure_one()
        self.check_access("write")
        self.channel_id.check_access("read")
        raw = self._get_data()
        docs = self._read(raw)
        settlements = self.env["oms.settlement"]
        found = settlements._take_problems(self.channel_id, docs, raw)
        if told := [problem.message for problems in found.values() for problem in problems]:
            raise UserError("\n".join(list(dict.fromkeys(told))[:IMPORT_SHOWN_MAX]))
        if self.reader == CSV and self.format_name:
            self._keep_format()
        settlements = settlements._take(self.channel_id, docs, raw, self.file_name)
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_settlement_action")
        action["domain"] = [("id", "in", settlements.ids)]
        if len(settlements) == 1:
            action.update(res_id=settlements.id, views=[(False, "form")])
        return action

    def action_back(self):
        """Choose another file."""
        return self._go_back()

    # ------------------------------------------------------------------------------------------------------ HELPERS

    def _read(self, raw):
        if self.reader != CSV:
            return READERS[self.reader][1](raw)
        return parse_table(raw, self._get_format(), (self.file_name or "").rsplit(".", 1)[0])

    def _get_format(self):
        return Format(**self._get_format_values(), fees_negative=self.fees_negative)

    def _prepare_format(self):
        return {
            **super()._prepare_format(),
            "company_id": self.channel_id.company_id.id,
            "fees_negative": self.fees_negative,
        }


class OmsPayoutImportColumn(models.TransientModel):
    """What a column of the report is, or a word in the column of the type."""

    _name = "oms.payout.import.column"
    _inherit = ["oms.table.import.column"]
    _description = "Column of a Payout Report"

    import_id = fields.Many2one("oms.payout.import", required=True, ondelete="cascade")
    field = fields.Selection(list(FIELDS.items()), string="Is", help="Empty: it is not read.")
    kind = fields.Selection([(kind, KIND_WORDS[kind]) for kind in KINDS], string="Means")


class OmsPayoutImportPayout(models.TransientModel):
    """A payout of the report."""

    _name = "oms.payout.import.payout"
    _description = "Payout of a Report"

    import_id = fields.Many2one("oms.payout.import", required=True, ondelete="cascade")
    external_id = fields.Char(string="Payout", readonly=True)
    deposited_on = fields.Date(string="Paid Out On", readonly=True)
    currency = fields.Char(readonly=True)
    total = fields.Char(readonly=True)
    line_count = fields.Integer(string="Lines", readonly=True)
    problem_count = fields.Integer(string="Problems", readonly=True)
