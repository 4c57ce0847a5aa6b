"""A place that somebody else runs: how we write to it, and how it writes to us."""

import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_3pl_channel_id = fields.Many2one(
        "oms.channel",
        string="Messages Under",
        check_company=True,
        domain="[('platform', '=', 'manual')]",
        help="A channel of its own for the messages with this place, so that they have an inbox with states, repeats and "
        "corrections like all others.",
    )
    oms_3pl_url = fields.Char(
        string="Send Orders To",
        groups="oms_core.group_oms_channel",
        help="Deliveries of this place are posted to this address as JSON. Empty: nothing is sent.",
    )
    oms_3pl_token = fields.Char(
        string="Address Token",
        copy=False,
        groups="oms_core.group_oms_channel",
        help="The unguessable part of the address to which this place posts its messages: /oms/3pl/<token>.",
    )
    oms_3pl_secret = fields.Char(
        string="Shared Secret",
        copy=False,
        groups="oms_core.group_oms_channel",
        help="Signs the messages both ways: HMAC-SHA256 of the body, hexadecimal, in the header X-OMS-Signature.",
    )

    _oms_3pl_token_uniq = models.UniqueIndex(
        "(oms_3pl_token) WHERE oms_3pl_token IS NOT NULL", "Two places cannot have the same address token."
    )

    @api.constrains("oms_3pl_url")
    def _check_oms_3pl_url(self):
        for warehouse in self:
            url = warehouse.oms_3pl_url or ""
            local = url.startswith(("http://localhost:", "http://127.0.0.1:"))
            if url and not url.startswith("https://") and not local:
                raise ValidationError(
                    self.env._("Orders hold addresses of people: the address must start with https://.")
                )

    def action_oms_3pl_keys(self):
        """Make a new address token and a new secret; what was signed with the old one is refused from now on."""
        self.check_access("write")
        for warehouse in self:
            warehouse.write({"oms_3pl_token": secrets.token_urlsafe(24), "oms_3pl_secret": secrets.token_urlsafe(32)})
