"""A place that somebody else runs and that exchanges files."""

import os

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from ..exchange import SAFE_NAME, Folder, FolderProblem

#: Set by the administrator, in the environment or in odoo.conf; never by a user.
ENVIRONMENT_KEY, CONFIG_KEY = "OMS_EXCHANGE_DIRECTORY", "oms_exchange_directory"


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_3pl_exchange = fields.Selection(
        [("api", "API"), ("files", "Files")],
        string="Exchange",
        required=True,
        default="api",
        help="API: signed JSON over HTTPS. Files: CSV files in a folder of the server, or by hand.",
    )
    oms_3pl_folder = fields.Char(
        string="Folder",
        copy=False,
        groups="oms_core.group_oms_channel",
        help="The name of a folder below the exchange directory that the administrator has set "
        "(oms_exchange_directory in odoo.conf). Files for this place are in “out”, those from it in “in”; what was read "
        "is moved to “done” or “error”. Empty: files are exchanged by hand.",
    )
    oms_3pl_path = fields.Char(
        string="On the Server", compute="_compute_oms_3pl_path", groups="oms_core.group_oms_channel"
    )
    oms_3pl_problem = fields.Char(string="Problem", readonly=True, copy=False)

    _oms_3pl_folder_uniq = models.UniqueIndex(
        "(oms_3pl_folder) WHERE oms_3pl_folder IS NOT NULL", "Two places cannot share a folder."
    )

    @api.depends("oms_3pl_folder")
    def _compute_oms_3pl_path(self):
        base = self._oms_get_exchange_directory()
        for warehouse in self:
            name = warehouse.oms_3pl_folder
            if name and not base:
                warehouse.oms_3pl_path = self.env._(
                    "No exchange directory is set on this server; exchange files by hand, or ask your administrator to set "
                    "oms_exchange_directory in odoo.conf."
                )
            else:
                warehouse.oms_3pl_path = name and os.path.join(base, self.env.cr.dbname, name)

    @api.constrains("oms_3pl_folder")
    def _check_oms_3pl_folder(self):
        for warehouse in self:
            name = warehouse.oms_3pl_folder
            if name and (not SAFE_NAME.fullmatch(name) or ".." in name):
                raise ValidationError(
                    self.env._("A folder is a single name of letters, digits, hyphens and dots: “%s” is none.", name)
                )

    def action_oms_3pl_files(self):
        """Upload what this place has written, download what is for it."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Exchange Files"),
            "res_model": "oms.third.party.exchange",
            "view_mode": "form",
            "target": "new",
            "context": {"default_warehouse_id": self.id},
        }

    @api.model
    def _oms_get_exchange_directory(self):
        return os.environ.get(ENVIRONMENT_KEY) or config.get(CONFIG_KEY) or ""

    def _oms_by_folder(self):
        """Those of these places whose files are in a folder of the server."""
        if not self._oms_get_exchange_directory():
            return self.browse()
        # sudo: whoever looks at the messages need not see where files are
        return self.filtered(lambda place: place.oms_3pl_exchange == "files" and place.sudo().oms_3pl_folder)

    def _oms_get_folder(self):
        """:raise FolderProblem: with a sentence for an administrator."""
        self.ensure_one()
        try:
            # sudo: as in _oms_by_folder
            return Folder(self._oms_get_exchange_directory(), self.env.cr.dbname, self.sudo().oms_3pl_folder)
        except OSError as error:
            raise FolderProblem(str(error)) from error
