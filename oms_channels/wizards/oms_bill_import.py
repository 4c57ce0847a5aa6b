from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import IMPORT_SHOWN_MAX
from ..domain.bill import FIELDS, KINDS, NAMES, BillFormat, parse_bills
from ..domain.payout_table import amount, decimal_sign
from ..domain.table import Unreadable
from ..in_time import check_in_time


class OmsBillImport(models.TransientModel):
    """A bill of a carrier or partner as a table: what is in it and what is wrong with it, before a vendor bill is made."""

    _name = "oms.bill.import"
    _inherit = ["oms.table.import"]
    _description = "Import Carrier Bills"
    _report, _names = "bill", NAMES

    biller_id = fields.Many2one("oms.biller", string="Billed By", required=True)
    format_id = fields.Many2one(compute="_compute_format_id", store=True, readonly=False)
    number = fields.Char(string="Number of the Bill", help="Where no column tells it.")
    billed_on = fields.Date(string="Date of the Bill", help="Where no column tells it.")
    total = fields.Char(
        string="Total of the Bill", help="As it stands on the bill, with tax: the lines have to come to it."
    )
    column_ids = fields.One2many("oms.bill.import.column", "import_id", domain=[("is_word", "=", False)])
    word_ids = fields.One2many("oms.bill.import.column", "import_id", domain=[("is_word", "=", True)])
    summary = fields.Text(readonly=True)

    @api.depends("biller_id")
    def _compute_format_id(self):
        for wizard in self:
            wizard.format_id = wizard.format_id or wizard.biller_id.format_id

    def _get_data(self):
        """Override: a bill is taken whole while somebody waits."""
        data = super()._get_data()
        check_in_time(self.env, self.file_name or self.env._("The file"), data.count(b"\n"))
        return data

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_preview(self):
        """Read the bill and show what is in it. Nothing is kept."""
        self.ensure_one()
        self.check_access("write")
        self.biller_id.check_access("read")
        raw = self._get_data()
        self._offer_columns(raw)
        try:
            docs = self._read(raw)
        except UserError as error:
            self.write({"state": "preview", "problem_count": 1, "problems": str(error), "summary": False})
            return self._reopen()
        found = self.env["account.move"]._oms_bill_problems(self.biller_id, docs)
        self._show(problem for problems in found for problem in problems)
        self.summary = "\n".join(
            self.env._(
                "%(number)s of %(day)s: %(count)s lines, %(sum)s %(currency)s",
                number=doc.number or "?",
                day=doc.billed_on or "?",
                count=len(doc.lines),
                sum=doc.sum(),
                currency=doc.currency,
            )
            for doc in docs[:IMPORT_SHOWN_MAX]
        )
        return self._reopen()

    def action_import(self):
        """Make the vendor bills, match their lines, and post those of which nothing is disputed."""
        self.ensure_one()
        self.check_access("write")
        self.biller_id.check_access("read")
        bills = self.env["account.move"]._oms_take_bills(self.biller_id, self._read(self._get_data()))
        if self.format_name:
            self._keep_format()
            self.biller_id.format_id = self.format_id
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_bill_action")
        action["domain"] = [("id", "in", bills.ids)]
        if len(bills) == 1:
            action.update(res_id=bills.id, views=[(False, "form")])
        return action

    def action_back(self):
        """Choose another file."""
        return self._go_back()

    # ------------------------------------------------------------------------------------------------------ HELPERS

    def _read(self, raw):
        try:
            total = self._get_total()
            return parse_bills(
                raw, BillFormat(**self._get_format_values()), self.number or "", self.billed_on or None, total
            )
        except Unreadable as error:
            raise UserError(str(error)) from error

    def _get_total(self):
        """The total that was typed, by the rules of the file's own amounts."""
        return amount(self.total.strip(), self.decimal or decimal_sign([self.total])) if self.total else None

    def _prepare_format(self):
        return {**super()._prepare_format(), "company_id": self.biller_id.company_id.id}


class OmsBillImportColumn(models.TransientModel):
    """What a column of the bill is, or a word in the column of what is billed."""

    _name = "oms.bill.import.column"
    _inherit = ["oms.table.import.column"]
    _description = "Column of a Bill"

    import_id = fields.Many2one("oms.bill.import", required=True, ondelete="cascade")
    field = fields.Selection(list(FIELDS.items()), string="Is", help="Empty: it is not read.")
    kind = fields.Selection(list(KINDS.items()), string="Means")
