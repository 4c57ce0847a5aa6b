"""What all imports of money have in common: a file, what its columns are, and a look at it before anything is kept."""

from base64 import b64decode

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..const import IMPORT_SHOWN_MAX
from ..domain import bill, payout_csv
from ..domain.settlement import REPORT_MAX_BYTES
from ..domain.table import Unreadable, name_key
from ..models.oms_settlement import KIND_WORDS
from ..payouts import columns_of, words_of

DATES = [("dmy", "Day first: 31/12/2026"), ("mdy", "Month first: 12/31/2026")]
DECIMALS = [(".", "Point: 1,234.50"), (",", "Comma: 1.234,50")]
#: Report → (what a column can be, what a word can mean).
WORDS = {"payout": (payout_csv.FIELDS, KIND_WORDS), "bill": (bill.FIELDS, bill.KINDS)}


class OmsPayoutFormat(models.Model):
    """How a table is read that no reader of ours knows: what its columns are, and what their words mean."""

    _name = "oms.payout.format"
    _description = "Format of Reports"
    _order = "name"

    name = fields.Char(required=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    report = fields.Selection([("payout", "Payouts"), ("bill", "Bills")], required=True, default="payout")
    columns = fields.Json(help="What each column is, as it was chosen on an import.")
    words = fields.Json(help="What each word in the column of the type means.")
    summary = fields.Text(string="Columns Read", compute="_compute_summary")
    dates = fields.Selection(DATES, help="Empty: as the file shows.")
    decimal = fields.Selection(DECIMALS, string="Decimals", help="Empty: as the file shows.")
    currency_id = fields.Many2one("res.currency", help="Of all rows, where no column tells it.")
    fees_negative = fields.Boolean(string="Fees Have a Minus", help="A fee that is taken is written as -1.20.")

    @api.depends("columns", "words", "report")
    def _compute_summary(self):
        for one in self:
            known, kinds = WORDS.get(one.report, ({}, {}))
            columns = [f"{name} → {known.get(field, field)}" for name, field in (one.columns or {}).items()]
            words = [f"{word} → {kinds.get(kind, kind)}" for word, kind in (one.words or {}).items()]
            one.summary = "\n".join([*columns, *words])


class OmsTableImport(models.AbstractModel):
    """A table of money in the hands of an accountant, who says what its columns are.

    Who inherits has ``column_ids`` and ``word_ids``, both rows of an ``oms.table.import.column``.
    """

    _name = "oms.table.import"
    _description = "Import of a Table"
    #: Which formats are its own, and the common names of its columns.
    _report, _names = "", {}

    state = fields.Selection([("choose", "Choose"), ("preview", "Look")], required=True, default="choose")
    format_id = fields.Many2one("oms.payout.format", help="Empty: choose the columns on the next screen.")
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    dates = fields.Selection(DATES, compute="_compute_format", store=True, readonly=False)
    decimal = fields.Selection(DECIMALS, string="Decimals", compute="_compute_format", store=True, readonly=False)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_format", store=True, readonly=False, help="Where no column tells it."
    )
    format_name = fields.Char(string="Keep This Format As", help="For the next report of this kind.")
    problem_count = fields.Integer(readonly=True)
    problems = fields.Text(readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        """Override: as for :meth:`write`."""
        for vals in vals_list:
            self._check_size(vals.get("file"))
        return super().create(vals_list)

    def write(self, vals):
        """Override: a file that is too large is not even put into the database."""
        self._check_size(vals.get("file"))
        return super().write(vals)

    @api.model
    def _check_size(self, file):
        """:param file: in base 64, as the client sends it: four letters for three bytes."""
        if file and len(file) * 3 // 4 > REPORT_MAX_BYTES + 2:
            raise UserError(
                self.env._(
                    "The file has %(size)s MB, and at most %(most)s MB are read. Nothing was kept of it. Load the report of a "
                    "shorter period, and import one after the other.",
                    size=len(file) * 3 // 4 // 2**20,
                    most=REPORT_MAX_BYTES // 2**20,
                )
            )

    @api.depends("format_id")
    def _compute_format(self):
        for wizard in self:
            known = wizard.format_id
            wizard.dates, wizard.decimal, wizard.currency_id = known.dates, known.decimal, known.currency_id

    def _go_back(self):
        self.ensure_one()
        self.check_access("write")
        clear = [Command.clear()]
        self.write({"state": "choose", "file": False, "file_name": False, "column_ids": clear, "word_ids": clear})
        return self._reopen()

    def _get_data(self):
        data = b64decode(self.with_context(bin_size=False).file or b"")
        if not data and self.file_name:
            raise UserError(self.env._("%s is empty. Load the report again, and choose that.", self.file_name))
        if not data:
            raise UserError(self.env._("Choose the file first."))
        return data

    def _get_format_values(self):
        return {
            "columns": self._get_chosen(self.column_ids),
            "kinds": self._get_chosen(self.word_ids),
            "decimal": self.decimal or "",
            "dates": self.dates or "",
            "currency": self.currency_id.name or "",
        }

    def _get_chosen(self, rows):
        return {row.name: row.field or row.kind for row in rows if row.field or row.kind}

    def _prepare_format(self):
        return {
            "name": self.format_name,
            "report": self._report,
            "columns": self._get_chosen(self.column_ids),
            "words": self._get_chosen(self.word_ids),
            "dates": self.dates,
            "decimal": self.decimal,
            "currency_id": self.currency_id.id,
        }

    def _keep_format(self):
        values = self._prepare_format()
        if self.format_id.name == self.format_name:
            self.format_id.write(values)
        else:
            self.format_id = self.env["oms.payout.format"].create(values)

    def _show(self, problems):
        told = list(dict.fromkeys(problem.message for problem in problems))
        self.write({"state": "preview", "problem_count": len(told), "problems": "\n".join(told[:IMPORT_SHOWN_MAX])})

    def _offer_columns(self, raw):
        """The columns of a table, and the words in that of the type, each with what it is taken for so far."""
        try:
            found = columns_of(raw, self._names)
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
        same = {name_key(label): kind for kind, label in WORDS[self._report][1].items()}
        self.word_ids = [
            Command.clear(),
            *(
                Command.create({"name": word, "kind": words.get(word) or same.get(name_key(word)), "is_word": True})
                for word in (words_of(raw, column) if column else ())
            ),
        ]

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self._description,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class OmsTableImportColumn(models.AbstractModel):
    """What a column of a table is, or a word in the column of the type."""

    _name = "oms.table.import.column"
    _description = "Column of a Table"

    is_word = fields.Boolean(readonly=True)
    name = fields.Char(string="In the File", readonly=True)
    sample = fields.Char(string="Example", readonly=True)
