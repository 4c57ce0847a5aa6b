"""A trading partner that exchanges files: what is agreed with it, and where its files lie."""

import os
import re
from datetime import timedelta, timezone
from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.oms_core.exchange import PARTS, SAFE_NAME, Folder, FolderProblem

from ..const import FILES_FOLDER, STOCK_REPORT_MAX
from ..domain.adapter import Auth, ChannelError
from ..domain.outgoing import StockItem, StockReport
from ..platforms.files import const as files
from ..platforms.files.client import Hand
from ..platforms.files.facts import Settings
from ..platforms.files.render import identity
from ..platforms.files.sftp import Sftp


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    file_format = fields.Selection(
        list(files.FORMATS),
        string="Format of Our Files",
        required=True,
        default="csv",
        help="What shipments, cancellations and stock are told in. Files that come in say themselves what they are.",
    )
    file_transport = fields.Selection(
        [("hand", "By hand"), ("folder", "A folder of this server"), ("sftp", "SFTP server of the partner")],
        string="Files Are Exchanged",
        required=True,
        default="hand",
    )
    file_folder = fields.Char(
        string="Folder",
        copy=False,
        groups="oms_core.group_oms_channel",
        help="The name of a folder below the exchange directory that the administrator has set (oms_exchange_directory in "
        "odoo.conf). Files from the partner are put into “in”, ours are in “out”; what was read is moved to “done” or “error”.",
    )
    file_path = fields.Char(string="On the Server", compute="_compute_file_path", groups="oms_core.group_oms_channel")
    sftp_host_key = fields.Char(
        string="Server's Key",
        groups="oms_core.group_oms_channel",
        help="By which the SFTP server is known (ssh-ed25519 AAAA…). Another server of the same name is not talked to. Empty: "
        "the key that it shows is named when the connection is checked; compare it with the partner's before you enter it.",
    )
    sftp_in = fields.Char(string="Folder of the Partner's Files", default="in", groups="oms_core.group_oms_channel")
    sftp_out = fields.Char(string="Folder of Our Files", default="out", groups="oms_core.group_oms_channel")
    file_problem = fields.Text(string="Files: Problem", readonly=True, copy=False)
    file_looked_at = fields.Datetime(string="Last Look for Files", readonly=True, copy=False)
    file_seen = fields.Json(copy=False, help="Files of the partner and how large they were at the last look.")
    file_tax_rate = fields.Char(
        string="Tax if None Is Told (%)",
        help="Many partners order without naming a tax. Empty: their orders come without tax, and are held where that is wrong.",
    )
    file_tax_included = fields.Boolean(string="Prices Include Tax", help="Of tables that do not say so themselves.")
    file_dates = fields.Selection(
        [("dmy", "Day first: 31/12/2026"), ("mdy", "Month first: 12/31/2026")],
        string="Dates",
        help="Empty: found out from the file; what could be two dates is asked.",
    )
    file_decimal = fields.Selection(
        [(".", "Point: 1,234.50"), (",", "Comma: 1.234,50")], string="Decimals", help="Empty: found out from the file."
    )
    file_columns = fields.Json(string="Columns", help="What columns of tables mean, as somebody chose on an import.")
    file_acknowledge = fields.Boolean(
        string="Acknowledge",
        default=True,
        help="Each EDI interchange is answered (CONTRL, 997): what of it was read, and what was not.",
    )
    file_is_test = fields.Boolean(string="Mark as Test", help="Our EDI messages say that they are a test.")
    file_stock_hours = fields.Integer(
        string="Tell Stock Every … Hours", help="A list of all that may be sold (INVRPT, 846 or CSV). 0: never."
    )
    file_stock_at = fields.Datetime(string="Stock Told", readonly=True, copy=False)
    file_control = fields.Integer(
        string="Last Control Number",
        readonly=True,
        copy=False,
        help="Of the files that this partner was sent: without gaps, none twice.",
    )

    _file_folder_uniq = models.UniqueIndex(
        "(file_folder) WHERE file_folder IS NOT NULL", "Two channels cannot share a folder."
    )

    @api.depends("file_folder")
    def _compute_file_path(self):
        base = self.env["stock.warehouse"]._oms_get_exchange_directory()
        for channel in self:
            name = channel.file_folder
            if name and not base:
                channel.file_path = self.env._(
                    "No exchange directory is set on this server. Ask your administrator to set oms_exchange_directory in "
                    "odoo.conf."
                )
            else:
                channel.file_path = name and os.path.join(base, self.env.cr.dbname, FILES_FOLDER, name)

    @api.constrains("file_folder")
    def _check_file_folder(self):
        for channel in self:
            name = channel.file_folder
            if name and (not SAFE_NAME.fullmatch(name) or ".." in name or name in PARTS):
                raise ValidationError(
                    self.env._("A folder is a single name of letters, digits, hyphens and dots: “%s” is none.", name)
                )

    @api.constrains("sftp_in", "sftp_out")
    def _check_sftp_folders(self):
        for channel in self:
            for name in (channel.sftp_in, channel.sftp_out):
                if name and (not re.fullmatch(r"[A-Za-z0-9_./ -]{1,200}", name) or ".." in name):
                    raise ValidationError(self.env._("“%s” is no folder. Write it as in/orders.", name))

    @api.constrains("file_tax_rate")
    def _check_file_tax_rate(self):
        for channel in self.filtered("file_tax_rate"):
            try:
                rate = Decimal(channel.file_tax_rate.replace(",", "."))
            except InvalidOperation:
                rate = None
            if rate is None or not rate.is_finite() or not 0 <= rate < 100:
                raise ValidationError(self.env._("“%s” is no rate of tax. Write 20 for 20 %%.", channel.file_tax_rate))

    # --------------------------------------------------------------------------------------------------- CONNECTING

    def _receive_delivery(self, headers, body):
        """Override: files come by other ways than webhooks."""
        if self.platform == files.CODE:
            return 404, "This channel takes no deliveries."
        return super()._receive_delivery(headers, body)

    def _connect(self):
        """Override: where the files are, and in which format, is part of the connection."""
        if self.platform != files.CODE:
            return super()._connect()
        return self._make_client(self._adapter(), self)

    def _make_client(self, adapter, values):
        """Override: as :meth:`_connect`, also with credentials that are only being tried."""
        if adapter.code != files.CODE:
            return super()._make_client(adapter, values)
        return adapter.connect(
            values, store=self._get_file_store(values), format=self.file_format, is_test=self.file_is_test
        )

    def _get_file_store(self, values=None):
        """:raise ChannelError: with a sentence, when there is none."""
        channel_sudo = self.sudo()  # sudo: where files lie is for managers; jobs only use it
        values = channel_sudo if values is None else values
        if channel_sudo.file_transport == "sftp":
            return Sftp(
                values["api_url"] or "",
                user=values["api_key"] or "",
                password=values["api_secret"] or "",
                key=values["api_token"] or "",
                host_key=channel_sudo.sftp_host_key or "",
                folders={"in": channel_sudo.sftp_in or "in", "out": channel_sudo.sftp_out or "out"},
                seen=channel_sudo.file_seen or {},
            )
        if channel_sudo.file_transport != "folder":
            return Hand()
        base = self.env["stock.warehouse"]._oms_get_exchange_directory()
        if not base or not channel_sudo.file_folder:
            raise Auth(
                self.env._(
                    "Channel “%s” has no folder: enter one, and have your administrator set oms_exchange_directory in odoo.conf.",
                    self.name,
                )
            )
        try:
            return Folder(base, self.env.cr.dbname, FILES_FOLDER, channel_sudo.file_folder)
        except (FolderProblem, OSError) as error:
            raise Auth(str(error)) from error

    def _get_file_settings(self, name="", received_at=None, columns=None):
        """What is known about files of this channel that they do not say themselves."""
        self.ensure_one()
        received_at = received_at or fields.Datetime.now()
        channel_sudo = self.sudo()  # sudo: identifiers are for managers; what is for whom is only compared
        return Settings(
            name=(name or "")[:200],
            received_at=received_at.replace(tzinfo=timezone.utc, microsecond=0),
            currency=self.company_id.currency_id.name,
            tax_rate=(self.file_tax_rate or "").replace(",", "."),
            tax_included=self.file_tax_included,
            dates=self.file_dates or "",
            decimal=self.file_decimal or "",
            columns={**(self.file_columns or {}), **(columns or {})},
            partner=identity(channel_sudo.account_ref or "")[0],
            own=identity(channel_sudo.site_ref or "")[0],
        )

    def _next_control_number(self):
        """The next number for this partner. Given out with the transaction: one that fails gives it back, one that is
        committed keeps it for good."""
        self.ensure_one()
        self.flush_recordset(["file_control"])
        [(number,)] = self.env.execute_query(
            SQL(
                "UPDATE oms_channel SET file_control = COALESCE(file_control, 0) + 1 WHERE id = %s RETURNING file_control",
                self.id,
            )
        )
        self.invalidate_recordset(["file_control"])
        return number

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_import_file(self):
        """Hand in a file of orders."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Orders"),
            "res_model": "oms.file.import",
            "view_mode": "form",
            "target": "new",
            "context": {"default_channel_id": self.id},
        }

    def action_fetch_files(self):
        """Look for files of the partner now."""
        self.ensure_one()
        self.check_access("write")
        self.sudo().ask_again_at = False  # sudo: who may write the channel may ask now
        self._take_files()
        if self.file_problem:
            raise UserError(self.file_problem)

    def action_tell_stock(self):
        """Write the list of stock now."""
        self.check_access("write")
        for channel in self:
            channel._tell_stock()

    # --------------------------------------------------------------------------------------------------------- JOBS

    @api.model
    def _cron_files(self):
        """Take in what partners have written, and tell stock to those whose list is due."""
        cron = self.env["ir.cron"]
        channels = self.search([("platform", "=", files.CODE), *self._may_ask_domain()])
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            if channel := channel.try_lock_for_update(allow_referencing=True):
                if channel.file_transport != "hand":
                    channel._take_files()
                hours = channel.file_stock_hours
                due = fields.Datetime.now() - timedelta(hours=hours)
                if hours > 0 and (not channel.file_stock_at or channel.file_stock_at <= due):
                    channel._tell_stock()
            if not cron._commit_progress(1):
                break

    def _take_files(self):
        """Take in what is complete. One file that cannot be read keeps no other waiting."""
        self.ensure_one()
        channel_sudo = self.sudo()  # sudo: how it went is written by jobs
        problem = False
        try:
            with self._talking() as client:
                try:
                    problem = self.env["oms.message"]._take_from_store(self, client.store)
                finally:
                    seen = getattr(client.store, "seen", None)
                    client.store.close()
            channel_sudo.file_looked_at = fields.Datetime.now()
            if seen is not None and seen != channel_sudo.file_seen:
                channel_sudo.file_seen = seen
        except ChannelError as error:
            problem = str(error)
        except (FolderProblem, OSError) as error:
            problem = str(error)
        if channel_sudo.file_problem != problem:
            channel_sudo.file_problem = problem

    def _tell_stock(self):
        """Queue the list of what this channel may sell now."""
        self.ensure_one()
        now = fields.Datetime.now()
        report = StockReport(
            key=f"{self.id}-{now:%Y%m%d%H%M%S}", at=now.replace(tzinfo=timezone.utc), items=self._prepare_stock_items()
        )
        self.env["oms.message"]._queue_out(self, "stock_report", report, self)
        self.sudo().file_stock_at = now  # sudo: when it was told is written by jobs

    def _prepare_stock_items(self):
        """What partners order by, with how many of it may be sold: never less than none, whole pieces."""
        channel = self._as_worker()
        # sudo: what is published is decided by thresholds, not by what the integration user may see of products
        products = (
            channel.env["product.product"]
            .sudo()
            .search(
                [
                    ("sale_ok", "=", True),
                    ("is_storable", "=", True),
                    ("default_code", "!=", False),
                    ("company_id", "in", [False, self.company_id.id]),
                ],
                order="default_code, id",
                limit=STOCK_REPORT_MAX,
            )
        )
        free = channel.env["oms.availability"].sudo()._get_channel_atp(channel, products)  # sudo: as above
        return tuple(
            StockItem(
                sku=product.default_code,
                quantity=max(Decimal(int(free.get(product.id, 0))), Decimal(0)),
                barcode=product.barcode or "",
                name=product.name or "",
            )
            for product in products
        )
