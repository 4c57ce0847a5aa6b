from base64 import b64decode

from odoo import models
from odoo.exceptions import UserError

from ..platforms import PLATFORMS


class OmsMessage(models.Model):
    _inherit = "oms.message"

    def action_verify_again(self):
        """Verify deliveries that were put aside, after the secret was corrected; the good ones are worked off."""
        self.check_access("write")
        verified = self._get_verified()
        if not verified:
            raise UserError(
                self.env._("The signature is still wrong. Compare the webhook secret here and in the shop.")
            )
        verified._queue_again()

    def _get_verified(self):
        """Those of these deliveries, put aside, of which the signature fits the channel's secret as it is now."""
        verified = self.browse()
        for message in self.filtered(lambda message: message.state == "quarantine"):
            adapter = PLATFORMS.get(message.channel_id.platform)
            secret = message.channel_id.sudo().webhook_secret or ""  # sudo: only compared, never shown
            body = b64decode(message.with_context(bin_size=False).body or b"")
            if adapter and adapter.verify(message.headers or {}, body, secret):
                verified |= message
        return verified
