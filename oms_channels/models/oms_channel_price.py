"""What each listing costs, as its channel is told: by the channel's price list, and only where it differs."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..domain.outgoing import Price
from ..domain.push import LOWERED, Offer, offer


class OmsChannelPrice(models.Model):
    """What a listing costs on a channel: what it is to cost, and what the channel was told last."""

    _name = "oms.channel.price"
    _inherit = "oms.channel.told"
    _description = "Published Price"
    _order = "channel_id, listing_id"
    _rec_name = "listing_id"

    currency_id = fields.Many2one("res.currency", readonly=True)
    wanted = fields.Monetary(string="To Publish", readonly=True)
    wanted_before = fields.Monetary(string="To Publish as Price Before", readonly=True)
    price = fields.Monetary(string="Published", readonly=True, help="What the channel was told last.")
    before = fields.Monetary(string="Published as Price Before", readonly=True)
    tried = fields.Monetary(readonly=True)
    tried_before = fields.Monetary(readonly=True)

    _listing_uniq = models.Constraint("UNIQUE(listing_id)", "The price of this listing is here already.")
    _due_idx = models.Index("(channel_id, urgency, id) WHERE state IN ('due', 'sending', 'waiting')")
    _pending_idx = models.Index("(channel_id, next_attempt_at) WHERE state = 'pending'")

    _tells, _batch = "push_prices", "price_batch"
    _noted = {"state": "text", "sent_at": "timestamp", "tried": "numeric", "tried_before": "numeric"}

    # --------------------------------------------------------------------------------------------------- COLLECTING

    @api.model
    def _collect(self, channel, product_ids, again=False):
        """Decide what the listings of these products cost; what differs from what the channel was told becomes due.

        :param product_ids: ``None``: of everything that it offers.
        :param again: also what was refused.
        :return: how many rows have changed.
        """
        self._drop(
            channel,
            SQL("NOT (listing.publish_price AND listing.product_id IS NOT NULL) AND row.state != 'gone'"),
        )
        domain = [("channel_id", "=", channel.id), ("publish_price", "=", True), ("product_id", "!=", False)]
        if product_ids is not None:
            domain.append(("product_id", "in", list(product_ids)))
        listings = self.env["oms.channel.listing"].with_context(active_test=False).search(domain)
        if not listings:
            return 0
        offers = self._get_offers(channel, listings)
        known = {row.listing_id.id: row for row in self.search([("listing_id", "in", listings.ids)])}
        news = []
        for listing in listings:
            found, row = offers[listing.id], known.get(listing.id)
            decided = self._decide(row, found, again)
            if decided:
                amount, before = (found.amount, found.before) if isinstance(found, Offer) else (None, None)
                news.append((listing.id, channel._get_price_currency().id, amount, before, *decided))
        self._write_collected(channel, news)
        return len(news)

    @api.model
    def _decide(self, row, found, again):
        """(state, why it cannot be told) of a row; ``None`` where nothing changes.

        :param found: an ``Offer``, or why there is none.
        """
        if isinstance(found, str):
            return None if row and (row.state, row.error) == ("refused", found) else ("refused", found)
        if not row:
            return "due", None
        is_changed = (found.amount, found.before) != row._get_offer("wanted")
        is_told = bool(row.pushed_at) and (found.amount, found.before) == row._get_offer("price")
        state = row.state
        if state == "sending" or (state == "pending" and not is_changed):
            pass
        elif is_told:
            state = "told"
        elif again or (is_changed and state != "gone") or state not in ("refused", "gone"):
            state = "due"
        return (state, None) if is_changed or state != row.state else None

    def _get_offer(self, name):
        """(amount, amount before) that this row has in a column; exact, as the database has them."""
        step = Decimal(repr(self.currency_id.rounding or 0.01))
        before = self["before" if name == "price" else f"{name}_before"]
        amounts = (self[name], before)
        return tuple(Decimal(repr(amount)).quantize(step) if amount else None for amount in amounts)

    @api.model
    def _get_offers(self, channel, listings):
        """{listing id: ``Offer``, or a sentence why there is none}"""
        pricelist, currency = channel.pricelist_id, channel._get_price_currency()
        step = Decimal(repr(currency.rounding))
        products = listings.product_id.with_company(channel.company_id)
        found = {}
        for pack_size, some in listings.grouped("pack_size").items():
            own = products.browse(some.product_id.ids)
            now = pricelist._get_products_price(own, float(pack_size), currency=currency)
            before = (
                channel.compare_pricelist_id._get_products_price(own, float(pack_size), currency=currency)
                if channel.compare_pricelist_id
                else {}
            )
            for listing in some:
                product = listing.product_id.with_company(channel.company_id)
                if listing.currency_id and listing.currency_id != currency:
                    found[listing.id] = self.env._(
                        "The channel sells this in %(theirs)s, and its price list here is in %(ours)s. Choose a price list in "
                        "%(theirs)s on the channel.",
                        theirs=listing.currency_id.name,
                        ours=currency.name,
                    )
                    continue
                amount = self._tax(channel, product, now[product.id], currency, pack_size)
                was = before.get(product.id)
                was = None if was is None else self._tax(channel, product, was, currency, pack_size)
                found[listing.id] = offer(amount, currency.name, step, was) or self.env._(
                    "Its price is nothing. Give the product a price, or take this listing out of the prices that are sent."
                )
        return found

    @api.model
    def _tax(self, channel, product, price, currency, quantity=1):
        """What so many cost, with or without the product's taxes, as the channel wants it; rounded once, and not by the piece.

        :param price: of one, as in the price list.
        """
        if channel.price_taxes != "as_is":
            taxes = product.taxes_id._filter_taxes_by_company(channel.company_id)
            if taxes:
                key = "total_included" if channel.price_taxes == "included" else "total_excluded"
                found = taxes.compute_all(price, currency=currency, quantity=float(quantity), product=product)
                return Decimal(repr(found[key]))
        return Decimal(repr(price)) * quantity

    @api.model
    def _write_collected(self, channel, news):
        """Write what was decided, all in one statement."""
        if not news:
            return
        self.flush_model()
        columns = [list(column) for column in zip(*news, strict=True)]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO oms_channel_price AS row (listing_id, currency_id, wanted, wanted_before, state, error, urgency,
                                                      channel_id, company_id, attempts, sequence)
                SELECT news.listing_id, news.currency_id, news.wanted, news.wanted_before, news.state, news.error, %(urgency)s,
                       %(channel)s, %(company)s, 0, 0
                  FROM unnest(%(columns)s)
                       AS news (listing_id, currency_id, wanted, wanted_before, state, error)
                ON CONFLICT (listing_id) DO UPDATE
                   SET wanted = excluded.wanted, wanted_before = excluded.wanted_before, state = excluded.state,
                       currency_id = excluded.currency_id, error = excluded.error,
                       pushed_at = CASE WHEN row.currency_id = excluded.currency_id THEN row.pushed_at END,
                       attempts = CASE WHEN excluded.state = 'due' AND row.state != 'due' THEN 0 ELSE row.attempts END,
                       next_attempt_at = CASE WHEN excluded.state = row.state THEN row.next_attempt_at END
                """,
                urgency=LOWERED,
                channel=channel.id,
                company=channel.company_id.id,
                columns=SQL("%s::int[], %s::int[], %s::numeric[], %s::numeric[], %s::text[], %s::text[]", *columns),
            )
        )
        self.invalidate_model()

    # ------------------------------------------------------------------------------------------------------ SENDING

    @api.model
    def _note_rows(self, channel, rows):
        """Override. Prices are absolute: telling one twice does no harm."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE oms_channel_price
                   SET state = 'sending', tried = wanted, tried_before = wanted_before, sent_at = %s, next_attempt_at = NULL
                 WHERE id = ANY(%s)
                """,
                fields.Datetime.now(),
                [row["id"] for row in rows],
            )
        )
        self.invalidate_model()
        currency = channel._get_price_currency()
        step = Decimal(repr(currency.rounding))
        going = []
        for row in rows:
            amount, before = (row[name] and Decimal(repr(row[name])) for name in ("wanted", "wanted_before"))
            told = offer(amount, currency.name, step, before)
            going.append((row, Price(row["ref"], told.amount, told.currency, told.before)))
        return going

    @api.model
    def _told_sql(self):
        return SQL(
            """price = CASE WHEN news.forget THEN NULL WHEN news.accepted THEN row.tried ELSE row.price END,
               before = CASE WHEN news.forget THEN NULL WHEN news.accepted THEN row.tried_before ELSE row.before END"""
        )
