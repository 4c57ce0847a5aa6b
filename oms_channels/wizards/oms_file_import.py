from base64 import b64decode, b64encode

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.domain.third_party_files import BadRow, write_bad_rows

from ..const import IMPORT_AT_ONCE_MAX, IMPORT_SHOWN_MAX
from ..domain.table import Unreadable, name_key
from ..models.oms_message_files import FILE_KIND
from ..platforms.files import const as files
from ..platforms.files import parse, split


class OmsFileImport(models.TransientModel):
    """A file of orders in the hands of a user: what is in it, what is wrong with it, and what became of it."""

    _name = "oms.file.import"
    _description = "Import Orders"

    state = fields.Selection(
        [("choose", "Choose"), ("preview", "Look"), ("result", "Imported")], required=True, default="choose"
    )
    channel_id = fields.Many2one(
        "oms.channel",
        required=True,
        domain="[('platform', '=', 'files')]",
        default=lambda self: self.env["oms.channel"].search([("platform", "=", "files")], limit=1),
    )
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    message_id = fields.Many2one("oms.message", readonly=True)
    format = fields.Char(string="Recognised As", readonly=True)
    summary = fields.Char(readonly=True)
    row_count = fields.Integer(string="Rows", readonly=True)
    order_count = fields.Integer(string="Orders", readonly=True)
    new_count = fields.Integer(string="New or Changed", readonly=True)
    bad_count = fields.Integer(string="Not Taken", readonly=True)
    warning_count = fields.Integer(string="Taken, and Held", readonly=True)
    worked_count = fields.Integer(string="Worked Off", readonly=True)
    progress = fields.Integer(readonly=True)
    column_ids = fields.One2many("oms.file.import.column", "import_id")
    line_ids = fields.One2many("oms.file.import.line", "import_id", readonly=True)
    bad_file = fields.Binary(string="Bad Rows", readonly=True, attachment=False)
    bad_name = fields.Char(readonly=True)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_preview(self):
        """Read the file, and show what would come of it. Nothing is stored."""
        self.ensure_one()
        self.check_access("write")
        self._check_channel()
        data, columns = self._get_data(), self._get_chosen()
        settings = self.channel_id.sudo()._get_file_settings(self.file_name, None, columns)
        file = split.read(data, settings)
        message = self.env["oms.message"].sudo().new({"channel_id": self.channel_id.id})  # sudo: only compared
        known = message._get_known_pieces(file.pieces)
        lines = [
            {"kind": "error", "row": bad.row, "number": bad.number, "text": bad.reason}
            for bad in file.bad[:IMPORT_SHOWN_MAX]
        ]
        unknown = self._get_unknown(file)
        for piece in file.pieces:
            warnings = [*piece.warnings, *unknown.get(piece.key, ())]
            row = piece.rows[0] if piece.rows else 0
            text = self.env._("Known already; nothing changes.") if piece.key in known else piece.summary
            kind = "known" if piece.key in known else "warning" if warnings else "order"
            lines.append({"kind": kind, "row": row, "number": piece.number, "text": "\n".join([text, *warnings])})
        self.write(
            {
                "state": "preview",
                "format": self._get_format(data, file),
                "row_count": file.rows,
                "order_count": len(file.pieces),
                "new_count": sum(1 for piece in file.pieces if piece.key not in known),
                "bad_count": len(file.bad),
                "warning_count": sum(1 for piece in file.pieces if piece.warnings or unknown.get(piece.key)),
                "line_ids": [Command.clear(), *(Command.create(line) for line in lines[: 2 * IMPORT_SHOWN_MAX])],
                "column_ids": [Command.clear(), *self._prepare_columns(data, file)],
                **self._prepare_bad_file(data, file.bad),
            }
        )
        return self._reopen()

    def action_import(self):
        """Take the good orders. Few are worked off at once, many by the jobs."""
        self.ensure_one()
        self.check_access("write")
        self._check_channel()
        columns = self._get_chosen()
        if columns and self.channel_id.has_access("write"):
            self.channel_id.file_columns = {**(self.channel_id.file_columns or {}), **columns}
        message_sudo = self.env["oms.message"]._take_file(self.channel_id, self.file_name, self._get_data(), columns)
        if message_sudo.state == "dead":
            message_sudo._queue_again()  # somebody has put right what was in the way
        if message_sudo.state in ("pending", "retry"):
            message_sudo._process()
        waiting_sudo = message_sudo.search(
            [("file_id", "=", message_sudo.id), ("state", "=", "pending")], limit=IMPORT_AT_ONCE_MAX + 1
        )
        if len(waiting_sudo) <= IMPORT_AT_ONCE_MAX:
            waiting_sudo._process()
        self.message_id = message_sudo.id
        return self.action_refresh()

    def action_refresh(self):
        """How far the orders of the file are."""
        self.ensure_one()
        self.check_access("write")
        self.message_id.check_access("read")
        if self.message_id.kind != FILE_KIND:
            raise UserError(self.env._("This message is no file."))
        message_sudo = self.message_id.sudo()  # sudo: counts of its orders, for whoever may read the file
        bad = message_sudo._get_file_bad()
        self.write(
            {
                "state": "result",
                "file_name": message_sudo.file_name,
                "row_count": message_sudo.file_rows,
                "order_count": message_sudo.file_orders,
                "new_count": message_sudo.search_count([("file_id", "=", message_sudo.id)]),
                "bad_count": message_sudo.file_bad_count,
                "worked_count": message_sudo.file_worked,
                "summary": (message_sudo.error or "").split("\n")[0],
                "line_ids": [
                    Command.clear(),
                    *(
                        Command.create({"kind": "error", "row": item.row, "number": item.number, "text": item.reason})
                        for item in bad[:IMPORT_SHOWN_MAX]
                    ),
                ],
                "column_ids": [Command.clear()],
                **self._prepare_bad_file(message_sudo._get_body(), bad),
            }
        )
        total = self.new_count or 1
        self.progress = (
            100 if message_sudo.state != "retry" and not self._is_waiting() else 100 * self.worked_count // total
        )
        return self._reopen()

    def action_back(self):
        """Choose another file."""
        self.ensure_one()
        self.write({"state": "choose", "file": False, "file_name": False, "column_ids": [Command.clear()]})
        return self._reopen()

    def action_view_orders(self):
        """The orders of the file."""
        self.ensure_one()
        self.check_access("read")
        return self.message_id.action_view_file_orders()

    def action_template_csv(self):
        """An example to fill in, as CSV."""
        return self._download_template(".csv")

    def action_template_xlsx(self):
        """An example to fill in, as an Excel file."""
        return self._download_template(".xlsx")

    # ------------------------------------------------------------------------------------------------------ HELPERS

    @api.model
    def _open(self, message):
        """This wizard, about a file that came."""
        message.check_access("read")
        wizard = self.create({"channel_id": message.channel_id.id, "message_id": message.id})
        return wizard.action_refresh()

    def _check_channel(self):
        """Whether this user may import for this channel."""
        self.channel_id.check_access("read")
        if self.channel_id.platform != files.CODE:
            raise UserError(self.env._("Channel “%s” takes no files.", self.channel_id.name))

    def _is_waiting(self):
        message_sudo = self.message_id.sudo()  # sudo: as in action_refresh
        waiting = [("file_id", "=", message_sudo.id), ("state", "in", ("pending", "retry"))]
        return message_sudo.state in ("pending", "retry") or bool(message_sudo.search_count(waiting, limit=1))

    def _get_data(self):
        data = b64decode(self.with_context(bin_size=False).file or b"")
        if not data:
            raise UserError(self.env._("Choose the file first."))
        if len(data) > files.FILE_MAX_BYTES:
            raise UserError(
                self.env._("The file is larger than %s MiB. Split it.", files.FILE_MAX_BYTES // 1024 // 1024)
            )
        return data

    def _get_chosen(self):
        """What the user said of columns, where that is something else than what was recognised."""
        return {
            name_key(column.name): column.field or ""
            for column in self.column_ids
            if column.chosen or (column.field or "") != (column.recognised or "")
        }

    def _get_format(self, data, file):
        names = {"edifact": "EDIFACT", "x12": "ANSI X12", "csv": "CSV"}
        return "Excel" if split.format_of(data) == "xlsx" else names[file.format]

    def _get_unknown(self, file):
        """{key of an order: sentences about its articles that nobody knows here}"""
        wanted = {}
        for piece in file.pieces[:IMPORT_SHOWN_MAX]:
            if piece.kind == "order":
                lines = parse.load(piece.body).get("lines") or ()
                wanted[piece.key] = {
                    str(line.get("sku")) for line in lines if isinstance(line, dict) and line.get("sku")
                }
        skus = set().union(*wanted.values()) if wanted else set()
        # sudo: which articles are known is said to whoever imports, and nothing else about them
        known = set(self.env["product.product"].sudo()._oms_match_skus(self.channel_id, skus)) if skus else set()
        listed = [("channel_id", "=", self.channel_id.id), ("sku", "in", list(skus)), ("product_id", "!=", False)]
        known |= set(self.env["oms.channel.listing"].sudo().search(listed).mapped("sku"))  # sudo: as above
        return {
            key: [
                self.env._("“%s” is no internal reference of a product here, and no listing of the channel.", sku)
                for sku in sorted(of_order - known)
            ]
            for key, of_order in wanted.items()
            if of_order - known
        }

    def _prepare_columns(self, data, file):
        """What each column of a table is taken for, with the first cell that says something."""
        if not file.columns:
            return []
        chosen = self._get_chosen()
        try:
            rows = [cells for _row, cells, _wrong in split.read_table(data).rows[:20]]
        except Unreadable:
            rows = []
        return [
            Command.create(
                {
                    "name": name,
                    "field": field or False,
                    "recognised": field or False,
                    "chosen": name_key(name) in chosen,
                    "sample": next((cells[index] for cells in rows if index < len(cells) and cells[index]), ""),
                }
            )
            for index, (name, field) in enumerate(file.columns)
        ]

    def _prepare_bad_file(self, data, bad):
        """The bad rows to download: of a table in its own format, else a list of what is wrong."""
        if not bad:
            return {"bad_file": False, "bad_name": False}
        stem = (self.file_name or "orders").rsplit(".", 1)[0][:100]
        reasons = {}
        for item in bad:
            reasons.setdefault(item.row, item.reason)
        content, suffix = b"", ""
        if any(reasons):
            try:
                content, suffix = split.write_bad_rows(data, reasons)
            except Unreadable:
                content = b""
        if not content:
            content, suffix = write_bad_rows(BadRow(item.row, item.reason) for item in bad), ".csv"
        return {"bad_file": b64encode(content), "bad_name": f"{stem}-to-correct{suffix}"}

    def _download_template(self, suffix):
        self.ensure_one()
        self.check_access("write")
        self.write({"bad_file": b64encode(split.write_template(suffix)), "bad_name": f"orders{suffix}"})
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/bad_file/{self.bad_name}?download=true",
            "target": "download",
        }

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Orders"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class OmsFileImportColumn(models.TransientModel):
    """What a column of the file is taken for."""

    _name = "oms.file.import.column"
    _description = "Column of an Import"

    import_id = fields.Many2one("oms.file.import", required=True, ondelete="cascade")
    name = fields.Char(string="Column", readonly=True)
    sample = fields.Char(string="Example", readonly=True)
    field = fields.Selection("_selection_field", string="Is", help="Empty: it is not read.")
    recognised = fields.Char(readonly=True)
    chosen = fields.Boolean(readonly=True)

    @api.model
    def _selection_field(self):
        return [(field, label) for field, (label, _names) in files.COLUMNS.items()]


class OmsFileImportLine(models.TransientModel):
    """An order of the file, or a row that is wrong."""

    _name = "oms.file.import.line"
    _description = "Line of an Import"
    _order = "kind, row, id"

    import_id = fields.Many2one("oms.file.import", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("error", "Not taken"), ("warning", "Taken, and held"), ("order", "Taken"), ("known", "Known")], required=True
    )
    row = fields.Integer()
    number = fields.Char(string="Order")
    text = fields.Text(string="What")
