from datetime import timedelta

from odoo import models
from odoo.tools import hash_sign, verify_hash_signed

from ..const import TRACKING_LINK_DAYS

#: A signature made for tracking opens nothing else that Odoo signs with the same secret.
TRACKING_SCOPE = "oms_core.tracking"


class SaleOrder(models.Model):
    """What the customer sees of an order: in the portal, and by a signed link without logging in."""

    _inherit = "sale.order"

    def _oms_get_tracking_token(self, lifetime=timedelta(days=TRACKING_LINK_DAYS)):
        """What opens the tracking page of this order, and only of this one, until it expires.

        Signed with the secret of the database (HMAC-SHA256), so that nothing has to be stored, and nothing can be guessed.
        """
        self.ensure_one()
        # sudo: the secret of the database is the system's; what leaves is a signature over the id of one order
        return hash_sign(self.sudo().env, TRACKING_SCOPE, self.id, expiration=lifetime)

    def _oms_is_tracking_token(self, token):
        """Whether a link was made for this order and is still good. Compared in constant time; garbage is just wrong."""
        self.ensure_one()
        try:
            # sudo: the secret of the database is the system's
            return verify_hash_signed(self.sudo().env, TRACKING_SCOPE, token or "") == self.id
        except ValueError:
            return False

    def _oms_get_tracking_url(self):
        """The address of the tracking page of this order, for mails to its customer. No login is needed to open it."""
        self.ensure_one()
        return f"{self.get_base_url()}/oms/track/{self.id}/{self._oms_get_tracking_token()}"
