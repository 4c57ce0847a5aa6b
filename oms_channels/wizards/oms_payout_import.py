from base64 import b64decode

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..const import IMPORT_SHOWN_MAX
from ..domain.payout_csv import FIELDS, Format
from ..domain.payout_csv import parse_payouts as parse_table
from ..domain.settlement import KINDS, REPORT_MAX_BYTES
from ..domain.table import Unreadable
from ..models.oms_settlement import KIND_WORDS
from ..payouts import CSV, READERS, columns_of, words_of

DATES = [("dmy", "Day first: 31/12/2026"), ("mdy", "Month first: 12/31/2026")]
DECIMALS = [(".", "Point: 1,234.50"), (",", "Comma: 1.234,50")]


class OmsPayoutFormat(models.Model):
    """How a table of payouts is read that no platform's own reader knows: what its columns are, and what their words mean."""

    _name = "oms.payout.format"
    _description = "Format of Payout Reports"
    _order = "name"

    name = fields.Char(required=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    columns = fields.Json(help="What each column is, as it was chosen on an import.")
    words = fields.Json(help="What each word in the column of the type means.")
    summary = fields.Text(string="Columns Read", compute="_compute_summary")
    dates = fields.Selection(DATES, help="Empty: as the file shows.")
    decimal = fields.Selection(DECIMALS, string="Decimals", help="Empty: as the file shows.")
    currency_id = fields.Many2one("res.currency", help="Of all rows, where no column tells it.")
    fees_negative = fields.Boolean(string="Fees Have a Minus", help="A fee that is taken is written as -1.20.")

    @api.depends("columns", "words")
    def _compute_summary(self):
        for one in self:
            columns = [f"{name} → {FIELDS.get(field, field)}" for name, field in (one.columns or {}).items()]
            words = [f"{word} → {KIND_WORDS.get(kind, kind)}" for word, kind in (one.words or {}).items()]
            one.summary = "\n".join([*columns, *words])


class OmsPayoutImport(models.TransientModel):
    """A report of payouts in the hands of an accountant: what is in it and what is wrong with it, before anything is kept."""

    _name = "oms.payout.import"
    _description = "Import Payouts"

    state = fields.Selection([("choose", "Choose"), ("preview", "Look")], required=True, default="choose")
    channel_id = fields.Many2one("oms.channel", required=True, domain="[('clearing_journal_id', '!=', False)]")
    reader = fields.Selection(
        "_selection_reader", string="Report Of", compute="_compute_reader", store=True, readonly=False, required=True
    )
    format_id = fields.Many2one("oms.payout.format", help="Empty: choose the columns on the next screen.")
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    # Of a table:
    dates = fields.Selection(DATES, compute="_compute_format", store=True, readonly=False)
    decimal = fields.Selection(DECIMALS, string="Decimals", compute="_compute_format", store=True, readonly=False)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_format", store=True, readonly=False, help="Where no column tells it."
    )
    fees_negative = fields.Boolean(string="Fees Have a Minus", compute="_compute_format", store=True, readonly=False)
    column_ids = fields.One2many("oms.payout.import.column", "import_id", domain=[("is_word", "=", False)])
    word_ids = fields.One2many("oms.payout.import.column", "import_id", domain=[("is_word", "=", True)])
    format_name = fields.Char(string="Keep This Format As", help="For the next report of this kind.")
    # What is in it:
    payout_ids = fields.One2many("oms.payout.import.payout", "import_id", readonly=True)
    problem_count = fields.Integer(readonly=True)
    problems = fields.Text(readonly=True)

    @api.model
    def _selection_reader(self):
        return [(code, label) for code, (label, _parse) in READERS.items()] + [(CSV, self.env._("A table (CSV)"))]

    @api.depends("channel_id")
    def _compute_reader(self):
        for wizard in self:
            wizard.reader = wizard.channel_id.platform if wizard.channel_id.platform in READERS else CSV

    @api.depends("format_id")
    def _compute_format(self):
        for wizard in self:
            known = wizard.format_id
            wizard.dates, wizard.decimal = known.dates, known.decimal
            wizard.currency_id, wizard.fees_negative = known.currency_id, known.fees_negative

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
        told = list(dict.fromkeys(problem.message for problems in found.values() for problem in problems))
        self.write(
            {
                "state": "preview",
                "problem_count": len(told),
                "problems": "\n".join(told[:IMPORT_SHOWN_MAX]),
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
        self.ensure_one()
        self.check_access("write")
        clear = [Command.clear()]
        self.write({"state": "choose", "file": False, "file_name": False, "column_ids": clear, "word_ids": clear})
        return self._reopen()

    # ------------------------------------------------------------------------------------------------------ HELPERS

    def _get_data(self):
        data = b64decode(self.with_context(bin_size=False).file or b"")
        if not data:
            raise UserError(self.env._("Choose the file first."))
        if len(data) > REPORT_MAX_BYTES:
            raise UserError(
                self.env._("The file is larger than %s MiB. Load shorter periods.", REPORT_MAX_BYTES // 1024 // 1024)
            )
        return data

    def _read(self, raw):
        if self.reader != CSV:
            return READERS[self.reader][1](raw)
        return parse_table(raw, self._get_format(), (self.file_name or "").rsplit(".", 1)[0])

    def _get_format(self):
        return Format(
            columns=self._get_chosen(self.column_ids),
            kinds=self._get_chosen(self.word_ids),
            decimal=self.decimal or "",
            dates=self.dates or "",
            currency=self.currency_id.name or "",
            fees_negative=self.fees_negative,
        )

    def _get_chosen(self, rows):
        return {row.name: row.field or row.kind for row in rows if row.field or row.kind}

    def _keep_format(self):
        values = {
            "name": self.format_name,
            "company_id": self.channel_id.company_id.id,
            "columns": self._get_chosen(self.column_ids),
            "words": self._get_chosen(self.word_ids),
            "dates": self.dates,
            "decimal": self.decimal,
            "currency_id": self.currency_id.id,
            "fees_negative": self.fees_negative,
        }
        if self.format_id.name == self.format_name:
            self.format_id.write(values)
        else:
            self.format_id = self.env["oms.payout.format"].create(values)

    def _offer_columns(self, raw):
        """The columns of a table, and the words in that of the type, each with what it is taken for so far."""
        try:
            found = columns_of(raw)
        except Unreadable as error:
            raise UserError(str(error)) from error
        columns = self._get_chosen(self.column_ids) if self.column_ids else self.format_id.columns
        if columns is None or columns is False:
            columns = {name: guessed for name, _sample, guessed in found if guessed}
        words = {**(self.format_id.words or {}), **self._get_chosen(self.word_ids)}
        self.column_ids = [
            Command.clear(),
            *(
                Command.create({"name": name, "sample": sample, "field": columns.get(name) or False})
                for name, sample, _guessed in found
            ),
        ]
        column = next((name for name, field in columns.items() if field == "kind"), "")
        self.word_ids = [
            Command.clear(),
            *(
                Command.create({"name": word, "kind": words.get(word) or False, "is_word": True})
                for word in (words_of(raw, column) if column else ())
            ),
        ]

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Payouts"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class OmsPayoutImportColumn(models.TransientModel):
    """What a column of the report is, or a word in the column of the type."""

    _name = "oms.payout.import.column"
    _description = "Column of a Payout Report"

    import_id = fields.Many2one("oms.payout.import", required=True, ondelete="cascade")
    is_word = fields.Boolean(readonly=True)
    name = fields.Char(string="In the File", readonly=True)
    sample = fields.Char(string="Example", readonly=True)
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
