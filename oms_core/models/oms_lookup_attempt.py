from datetime import timedelta
from ipaddress import ip_address, ip_network

from odoo import api, fields, models
from odoo.tools import hmac

from ..const import LOOKUP_WINDOW_MIN, LOOKUP_WRONG_MAX


class OmsLookupAttempt(models.Model):
    """A wrong try to look up an order, so that nobody can try thousands. Who it was is kept as a digest, for an hour."""

    _name = "oms.lookup.attempt"
    _description = "Order Look-Up Attempt"
    _log_access = False

    digest = fields.Char(required=True, readonly=True)
    at = fields.Datetime(required=True, readonly=True)

    _digest_idx = models.Index("(digest, at)")

    @api.model
    def _digest(self, subject):
        # sudo: the secret of the database is the system's
        return hmac(self.sudo().env, "oms_core.lookup", subject)

    @api.model
    def _get_source(self, address):
        """Who tries, for counting: an address of the internet. Of the new ones everybody has 2**64, which count as one."""
        try:
            ip = ip_address(address or "")
        except ValueError:
            return f"from {address}"
        if ip.version == 4:
            return f"from {ip}"
        return f"from {ip.ipv4_mapped or ip_network((int(ip), 64), strict=False)}"

    @api.model
    def _is_blocked(self, *subjects):
        """Whether one of these (an address of the internet, an order number) was wrong too often of late."""
        since = fields.Datetime.now() - timedelta(minutes=LOOKUP_WINDOW_MIN)
        digests = [self._digest(subject) for subject in subjects]
        # sudo: nobody reads attempts; visitors are counted
        counts = self.sudo()._read_group([("digest", "in", digests), ("at", ">", since)], ["digest"], ["__count"])
        return any(count >= LOOKUP_WRONG_MAX for _digest, count in counts)

    @api.model
    def _note(self, *subjects):
        """Remember a wrong try."""
        now = fields.Datetime.now()
        # sudo: nobody writes attempts; visitors are counted
        self.sudo().create([{"digest": self._digest(subject), "at": now} for subject in subjects])

    @api.autovacuum
    def _gc_attempts(self):
        before = fields.Datetime.now() - timedelta(minutes=LOOKUP_WINDOW_MIN)
        self.sudo().search([("at", "<", before)], limit=100_000).unlink()  # sudo: as above
