"""Reading what a channel offers: page by page, by a job that goes on where it was interrupted."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.oms_core.const import INSIDE
from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS
from odoo.addons.oms_core.notice import CLOSE, notice

from ..const import LISTING_PAGES_ALL_MAX, LISTING_PAGES_MAX, LISTINGS_EVERY_H, LISTINGS_STALE_H
from ..domain.adapter import Auth, ChannelError, Reject, Retry
from ..platforms import PLATFORMS

_logger = logging.getLogger(__name__)


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    can_list = fields.Boolean(compute="_compute_can_list")
    listings_read_at = fields.Datetime(string="Listings Read", readonly=True, copy=False)
    listings_started_at = fields.Datetime(readonly=True, copy=False, help="When the reading began that is under way.")
    listings_cursor = fields.Char(readonly=True, copy=False, groups="oms_core.group_oms_channel")
    listings_pages = fields.Integer(readonly=True, copy=False, help="Pages read of it so far.")
    listings_found = fields.Integer(readonly=True, copy=False, help="Listings found in it so far.")
    listings_error = fields.Text(string="Reading Listings Failed", readonly=True, copy=False)
    listing_count = fields.Integer(compute="_compute_listing_count", compute_sudo=True)

    @api.depends("platform")
    def _compute_can_list(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.can_list = bool(adapter and adapter.capabilities.listings)

    def _compute_listing_count(self):
        counts = dict(
            self.env["oms.channel.listing"]._read_group([("channel_id", "in", self.ids)], ["channel_id"], ["__count"])
        )
        for channel in self:
            channel.listing_count = counts.get(channel, 0)

    def action_read_listings(self):
        """Have the listings of these channels read now; a catalogue takes its time, so that a job does it."""
        self.check_access("write")
        self.filtered("can_list").write({"listings_read_at": False, "listings_error": False})
        self.env.ref("oms_channels.cron_listings").sudo()._trigger()  # sudo: who may write a channel may have it read
        told = self.env._("The listings are being read. They come under Channels > Listings, page by page.")
        return notice(told, then=CLOSE)

    # ----------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_read_listings(self):
        """Read what each channel offers, once a day, and go on with what was interrupted."""
        cron = self.env["ir.cron"]
        platforms = [code for code, adapter in PLATFORMS.items() if adapter.capabilities.listings]
        now = fields.Datetime.now()
        channels = self.search(
            Domain("platform", "in", platforms)
            & Domain("api_url", "!=", False)
            & (
                Domain("listings_started_at", "!=", False)
                | Domain("listings_read_at", "=", False)
                | Domain("listings_read_at", "<=", now - timedelta(hours=LISTINGS_EVERY_H))
            )
            & Domain(self._may_ask_domain())
        )
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            try:
                if channel := channel.try_lock_for_update(allow_referencing=True):
                    channel._read_listings(commit=True)
            except CONCURRENCY_ERRORS as error:  # the next run goes on from the last page that was committed
                self.env.cr.rollback()
                _logger.info("Listings of channel %s are read on later: %s", channel.id, error)
            if not cron._commit_progress(1):
                break

    def _read_listings(self, commit=False):
        """Read on what this channel offers, and store it page by page; the cursor moves with what has been stored.

        After a reading that came to its end, what was not seen in it is no longer offered.

        :param commit: commit each page, so that an interruption costs one page.
        """
        self.ensure_one()
        channel_sudo = self.sudo()  # cursors are for managers; the job only moves them
        now = fields.Datetime.now()
        begun = channel_sudo.listings_started_at
        if not begun or begun < now - timedelta(hours=LISTINGS_STALE_H):
            channel_sudo._begin_listings(now)
        guesses = None
        try:
            for _page in range(LISTING_PAGES_MAX):
                with channel_sudo._talking() as client:
                    page = client.listings(channel_sudo.listings_cursor or "")
                guesses = channel_sudo._store_listings(page, guesses)
                if not page.cursor:
                    channel_sudo._end_listings()
                    break
                if page.cursor == channel_sudo.listings_cursor or channel_sudo.listings_pages > LISTING_PAGES_ALL_MAX:
                    raise Reject(self.env._("The channel's list of what it offers has no end."))
                channel_sudo.listings_cursor = page.cursor
                if commit:
                    self.env["ir.cron"]._commit_progress()
            else:
                self.env.ref("oms_channels.cron_listings").sudo()._trigger()  # sudo: the job has itself called again
            channel_sudo.listings_error = False
        except (Retry, Auth) as error:
            channel_sudo.listings_error = str(error)  # it goes on from here when the channel answers
        except ChannelError as error:
            # What the cursor points to may be gone: from the beginning, tomorrow.
            channel_sudo.write(
                {"listings_error": str(error), "listings_cursor": False, "listings_started_at": False}
                | {"listings_read_at": now}
            )
        channel_sudo._refresh_listing_task()

    def _begin_listings(self, now):
        self.write({"listings_started_at": now, "listings_cursor": False, "listings_pages": 0, "listings_found": 0})

    def _end_listings(self):
        """What the reading has not seen is no longer offered; unless it saw nothing at all, which is more likely a mistake."""
        listings = self.env["oms.channel.listing"]
        unseen = listings.search([("channel_id", "=", self.id), ("seen_at", "<", self.listings_started_at)])
        if unseen and not self.listings_found:
            raise Reject(
                self.env._(
                    "The channel says that it offers nothing, and %s listings are known here. They were left as they are. "
                    "Look into the shop, and whether the keys permit to read its products.",
                    len(unseen),
                )
            )
        unseen.with_context(oms_matching=INSIDE).active = False
        self.write({"listings_read_at": fields.Datetime.now(), "listings_started_at": False, "listings_cursor": False})

    # --------------------------------------------------------------------------------------------------------- PAGES

    def _store_listings(self, page, guesses=None):
        """Bring what is here to what a page says, and match what is new; the number of queries does not grow with it.

        :return: see :meth:`oms.channel.listing._match`.
        """
        # The same thing may be offered at several places (marketplaces); it is one listing, as at the main one.
        told = {}
        for listing in page.listings:
            if listing.ref.external_id not in told or not listing.ref.location_ref:
                told[listing.ref.external_id] = listing
        listings = self.env["oms.channel.listing"].with_context(active_test=False, oms_matching=INSIDE)
        known = {
            listing.external_id: listing
            for listing in listings.search([("channel_id", "=", self.id), ("external_id", "in", list(told))])
        }
        currencies = self._read_currencies({listing.currency for listing in told.values()})
        to_create, now = [], fields.Datetime.now()
        for external_id, listing in told.items():
            values = self._prepare_listing(listing, currencies)
            if not (record := known.get(external_id)):
                to_create.append({"channel_id": self.id, "external_id": external_id, "seen_at": now, **values})
                continue
            changed = {
                name: value
                for name, value in values.items()
                if (record[name].id if name == "currency_id" else record[name]) != value
            }
            record.write({**changed, "seen_at": now})
        found = listings.browse([listing.id for listing in known.values()]) | listings.create(to_create)
        guesses = found.filtered("active").with_context(active_test=True)._match(guesses)
        self.write({"listings_pages": self.listings_pages + 1, "listings_found": self.listings_found + len(told)})
        return guesses

    @api.model
    def _prepare_listing(self, listing, currencies):
        """Values of what a platform says about a :class:`~..domain.outgoing.Listing`."""
        return {
            "sku": listing.ref.sku or False,
            "parent_ref": listing.ref.parent_id or False,
            "inventory_ref": listing.ref.inventory_ref or False,
            "kind_ref": listing.ref.kind or False,
            "title": listing.title or listing.ref.sku or listing.ref.external_id,
            "barcode": listing.barcode or False,
            "price": float(listing.price or 0),
            "currency_id": currencies.get(listing.currency, False),
            "active": listing.active,
        }

    @api.model
    def _read_currencies(self, codes):
        """{code: id}, also of currencies that are not in use here."""
        currencies = self.env["res.currency"].with_context(active_test=False)
        return {currency.name: currency.id for currency in currencies.search([("name", "in", list(codes))])}
