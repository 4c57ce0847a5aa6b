"""Returns and refunds that a channel tells apart from its orders: read, stored as messages, each state once, and applied."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.oms_core.exceptions import MessageRetry

from ..const import AFTER_SALE_ONES_MAX, AFTER_SALE_PAGES_MAX, AFTER_SALE_TURN_S, POLL_START_DAYS
from ..domain import told as telling
from ..domain.adapter import Auth, ChannelError, Gone, Reject
from ..domain.told import RETURN, Sold, place_refund, place_return
from ..platforms import PLATFORMS
from .oms_message_hint import ANEW


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    after_sale_from = fields.Json(readonly=True, copy=False, help="How far returns and refunds were read, each.")
    after_sale_error = fields.Text(string="Reading Returns Failed", readonly=True, copy=False)
    after_sale_at = fields.Datetime(string="Returns Last Read", readonly=True, copy=False)

    @api.model
    def _cron_read_after_sale(self):
        """Read what channels tell of returns and refunds apart from their orders, channel by channel."""
        cron = self.env["ir.cron"]
        platforms = [code for code, adapter in PLATFORMS.items() if adapter.capabilities.after_sale]
        channels = self.search([("platform", "in", platforms), ("api_url", "!=", False), *self._may_ask_domain()])
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            if channel := channel.try_lock_for_update(allow_referencing=True):  # messages may come meanwhile
                channel._read_after_sale(commit=True)
            if not cron._commit_progress(1):
                break

    def _read_after_sale(self, commit=False):
        """Read what is new of each kind; one that cannot be read keeps no other from it.

        That keys do not permit it, or that it cannot be understood, is one task on the channel, and puts nothing to sleep:
        orders are read all the same.
        """
        self.ensure_one()
        channel_sudo, said, is_known = self.sudo(), [], True  # sudo: as in _poll
        for what in self._adapter().capabilities.after_sale:
            try:
                with channel_sudo._talking() as client:
                    try:
                        channel_sudo._read_after_sale_of(client, what, commit)
                    except Gone:
                        continue  # a shop without it, which is no error
                    except (Auth, Reject) as error:
                        said.append(str(error))
            except ChannelError as error:
                # Passes, and is noted on the channel; a limit that is used up is not even that, and keeps nothing else.
                is_known = False
                if not getattr(error, "operation", ""):
                    break
        if not (said or is_known):
            return  # what was wrong before may still be
        channel_sudo.write({"after_sale_at": fields.Datetime.now(), "after_sale_error": "\n".join(said) or False})
        summary = said and self.env._("%s does not tell its returns and refunds", self.name)
        if said:
            said.append(self.env._("Orders are read all the same. Until this is put right, enter these by hand."))
        channel_sudo._keep_task("after_sale", summary, said)

    def _read_after_sale_of(self, client, what, commit):
        """Read pages of one kind; how far it has been read is kept when all of it is stored."""
        start = self._get_after_sale_start(what)
        cursor, seen = "", set()
        for _page in range(AFTER_SALE_PAGES_MAX):
            page = client.after_sale(what, start, cursor)
            seen |= self._keep_told(page.orders)
            cursor = page.cursor
            if not cursor:
                break
        if page.until and not cursor:
            self.after_sale_from = {**(self.after_sale_from or {}), what: page.until.isoformat()}
            if what == "returns" and self._adapter().capabilities.after_sale_one:
                self._read_unseen_returns(client, seen)
        if commit:
            self.env["ir.cron"]._commit_progress()

    def _get_after_sale_start(self, what):
        told = (self.after_sale_from or {}).get(what)
        begun = (self.create_date or fields.Datetime.now()) - timedelta(days=POLL_START_DAYS)
        return datetime.fromisoformat(told) if told else begun.replace(tzinfo=timezone.utc)

    def _read_unseen_returns(self, client, seen):
        """Returns that are open here, as far as we know, and were not among those just read: too old for the list, or deleted."""
        waiting = self.env["sale.order"]._oms_get_open_told_returns(self)
        unseen = {ref: order for ref, order in waiting.items() if ref not in seen}
        bodies = []
        turn = int(datetime.now(timezone.utc).timestamp() // AFTER_SALE_TURN_S)  # nothing has to be kept for it
        for return_ref in telling.in_turn(unseen, AFTER_SALE_ONES_MAX, turn):
            try:
                bodies.append(client.told_return(return_ref))
            except Gone:
                now = datetime.now(timezone.utc)
                bodies.append(telling.pack(RETURN, return_ref, unseen[return_ref].oms_external_id, None, now))
        self._keep_told(bodies)

    def _keep_told(self, bodies):
        """Store these states, unless it is what was stored last about the same thing. One that holds again is stored again.

        :return: the channel's ids of what they are about.
        """
        self.ensure_one()
        read, messages = [(telling.event(body), body) for body in bodies], self.env["oms.message"]
        begins = {event.key.rpartition(":")[0]: event for event, _body in read}
        if not begins:
            return set()
        newest = {}
        pattern = [f"{begin}:%" for begin in begins]
        self.env["oms.message"].flush_model()
        # What a key begins with is compared in Python: ids may hold what LIKE takes for a pattern.
        self.env.cr.execute(
            "SELECT event_key FROM oms_message WHERE channel_id = %s AND direction = 'in' "
            "AND kind IN ('return_told', 'refund_told') AND event_key LIKE ANY(%s) ORDER BY id",
            [self.id, pattern],
        )
        count = {}
        for (key,) in self.env.cr.fetchall():
            plain = key.split(ANEW)[0]
            newest[plain.rpartition(":")[0]] = plain
            count[plain] = count.get(plain, 0) + 1
        for event, body in read:
            begin = event.key.rpartition(":")[0]
            if newest.get(begin) == event.key:
                continue
            before = count.get(event.key, 0)
            messages._receive(self, event.kind, f"{event.key}{ANEW}{before}" if before else event.key, body)
            newest[begin], count[event.key] = event.key, before + 1
        return {begin.partition(":")[2] for begin in begins}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # ----------------------------------------------------------------------------------------------------- APPLYING

    @api.model
    def _oms_apply_told_returns(self, channel, docs):
        """Bring returns to what the channel says of them."""
        orders = self._oms_find(channel, {doc.order_ref for doc in docs})
        outcomes = []
        for doc in docs:
            order = orders.get(doc.order_ref)
            if not order:
                outcomes.append(self._oms_no_order_for(channel, doc.order_ref, doc.told.requested_at))
                continue
            placed = place_return(doc.told, order._oms_get_sold())
            document = replace(order._api_as_document(), returns=(placed,), returns_untold=True)
            self._oms_follow_told_returns([(order, document)])
            outcomes.append((order, "done", False))
        return outcomes

    @api.model
    def _oms_no_order_for(self, channel, order_ref, moment):
        """What becomes of something about an order that is not here.

        :raise MessageRetry: when it may still come; in the end a person has to look.
        """
        connected = channel.create_date.replace(tzinfo=timezone.utc)
        if moment and moment < connected:
            said = self.env._(
                "Its order %s is from before this channel was connected. Nothing is done here.", order_ref
            )
            return self.browse(), "ignored", said
        raise MessageRetry(
            self.env._(
                "It is about order %(order)s, which has not come here. Have the order read (Compare, or Import Past Orders, on "
                "the channel), then retry this; or handle it on %(channel)s and dismiss this.",
                order=order_ref,
                channel=channel.name,
            ),
            "dead",
        )

    def _oms_get_sold(self):
        """What the lines of this order may be called by its channel."""
        self.ensure_one()
        goods = self.order_line.filtered(lambda line: line.oms_external_id and not line.display_type)
        # sudo: whoever applies what a channel says need not read its listings
        listings_sudo = self.env["oms.channel.listing"].sudo()
        by_product = (
            listings_sudo.with_context(active_test=False)
            .search([("channel_id", "=", self.oms_channel_id.id), ("product_id", "in", goods.product_id.ids)])
            .grouped("product_id")
        )
        sold = []
        for line in goods:
            names = {line.oms_sku, line.product_id.default_code}
            for listing in by_product.get(line.product_id, ()):
                names |= {listing.external_id, listing.sku, listing.parent_ref}
            units = Decimal(repr(line.product_uom_qty)) / (line.oms_pack_size or 1)
            total = Decimal(str(line.price_subtotal))
            tax = Decimal(str(line.price_total)) - total
            sold.append(Sold(line.oms_external_id, frozenset(filter(None, names)), units, total, tax))
        return sold

    def _oms_place_told_refund(self, refund):
        """A refund that the channel told apart from its order, with the lines of the order."""
        step = Decimal(1).scaleb(-self.currency_id.decimal_places)
        return place_refund(refund, self._oms_get_sold(), step)

    @api.model
    def _oms_complete_docs(self, channel, docs):
        """Override: a channel that tells its returns apart says nothing of them with its orders."""
        adapter = PLATFORMS.get(channel.platform)
        if adapter and "returns" in adapter.capabilities.after_sale:
            docs = [doc if doc.returns else replace(doc, returns_untold=True) for doc in docs]
        return super()._oms_complete_docs(channel, docs)


class OmsMessage(models.Model):
    _inherit = "oms.message"

    _told_idx = models.Index("(channel_id, event_key) WHERE kind IN ('return_told', 'refund_told')")

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            RETURN: lambda channel, docs: channel.env["sale.order"]._oms_apply_told_returns(channel, docs),
        }
