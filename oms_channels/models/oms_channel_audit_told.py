"""Looking whether channels have what they were told: every night their stock and prices are read, and what differs is told."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from ..const import AUDIT_PAGES_MAX, AUDIT_READ_AT_ONCE, AUDIT_ROWS_MAX, AUDIT_WORDS_MAX, PUSH_LOOK_AGAIN_S
from ..domain.adapter import ChannelError, Retry
from ..domain.push import batches, believed, decide_anew, urgency


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def action_compare_stock(self):
        """Compare what these channels have with what is here. Where stock is not sent yet, this only tells what differs."""
        self.check_access("write")
        audits = self.env["oms.channel.audit"]
        for channel in self:
            audits |= channel._audit_told("stock")
            if channel.push_prices:
                audits |= channel._audit_told("prices")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Comparison"),
            "res_model": "oms.channel.audit",
            "views": [(False, "form")] if len(audits) == 1 else [(False, "list"), (False, "form")],
            "res_id": audits.id if len(audits) == 1 else False,
            "domain": [("id", "in", audits.ids)],
        }

    @api.model
    def _cron_audit(self):
        """Override: after the orders, which explain most differences, the stock and the prices."""
        result = super()._cron_audit()
        cron = self.env["ir.cron"]
        wanted = [(kind, channel_id) for kind in ("stock", "prices") for channel_id in self._pushing(kind)]
        may_ask = self.search([("id", "in", [one for _kind, one in wanted]), *self._may_ask_domain()])
        cron._commit_progress(remaining=len(wanted))
        for kind, channel_id in wanted:
            if channel_id in may_ask._ids:
                may_ask.browse(channel_id)._audit_told(kind, commit=True)
            if not cron._commit_progress(1):
                break
        return result

    def _audit_told(self, kind, commit=False):
        """Read what the channel has, compare it with what it was told and what there is, and have it told what differs.

        Orders that were not read yet explain a difference, so they are read first.

        :return: the ``oms.channel.audit`` that tells what was found.
        """
        self.ensure_one()
        if self.can_poll:
            self._poll(commit=commit)
        # sudo: what a job found is written by nobody else
        audit = self.env["oms.channel.audit"].sudo().create({"channel_id": self.id, "kind": kind})
        try:
            if not self.env["oms.channel.push"].sudo()._of(self, kind):  # sudo: for jobs only
                raise Retry(self.env._("It is being sent just now. Compare again in a minute."))
            with self._talking() as client:
                getattr(audit, f"_compare_{kind}")(client)
                if commit:
                    self.env["ir.cron"]._commit_progress()
        except ChannelError as error:
            audit.error = str(error)
        audit.finished_at = fields.Datetime.now()
        if commit:
            self.env["ir.cron"]._commit_progress()
        if self.id in self._pushing(kind):
            self._push(commit=commit, force=True)
        return audit.sudo(False)


class OmsChannelAudit(models.Model):
    _inherit = "oms.channel.audit"

    def _compare_stock(self, client):
        """Fill this comparison with what the channel has of what it is told about."""
        self.ensure_one()
        channel = self.channel_id.with_company(self.company_id)
        stock = self.env["oms.channel.stock"]
        stock._collect(channel, None)
        rows = stock.search(
            [("channel_id", "=", channel.id), ("state", "not in", ("gone", "pending"))],
            order="id",
            limit=AUDIT_ROWS_MAX,
        )
        size = min(channel._adapter().capabilities.stock_batch, AUDIT_READ_AT_ONCE)
        is_sent = channel.id in channel._pushing("stock")
        words, gone, different = [], 0, 0
        for batch in batches(rows, size):
            refs = [row.listing_id._to_ref(row.location_ref) for row in batch]
            for row, there in zip(batch, client.stock_levels(refs), strict=True):
                if there is None:
                    gone += 1
                    words.append(row._name_it(self.env._("the channel does not have it, or does not count it")))
                elif row._differs(there):
                    different += 1
                    words.append(row._name_it(row._say_difference(there, is_sent)))
                    row._take_found(there)
        self._write_findings(len(rows), different, gone, words)

    def _compare_prices(self, client):
        """Fill this comparison with what the channel's listings cost there."""
        self.ensure_one()
        channel = self.channel_id.with_company(self.company_id)
        prices = self.env["oms.channel.price"]
        prices._collect(channel, None)
        told = prices.search(
            [("channel_id", "=", channel.id), ("pushed_at", "!=", False), ("state", "not in", ("gone", "pending"))],
            limit=AUDIT_ROWS_MAX,
        )
        known = {row.listing_id.external_id: row for row in told}
        words, seen, different, cursor = [], set(), 0, ""
        for _page in range(AUDIT_PAGES_MAX):
            page = client.listings(cursor)
            for listing in page.listings:
                row = known.get(listing.ref.external_id)
                if not row or listing.price is None or listing.currency not in ("", row.currency_id.name):
                    continue
                seen.add(listing.ref.external_id)
                if row._get_offer("price")[0] != Decimal(listing.price):
                    different += 1
                    there = row.currency_id.format(float(listing.price))
                    words.append(
                        row._name_it(
                            self.env._(
                                "the channel sold it for %(there)s, it was told %(told)s. It is told %(wanted)s.",
                                there=there,
                                told=row.currency_id.format(row.price),
                                wanted=row.currency_id.format(row.wanted),
                            )
                        )
                    )
                    row.write({"price": float(listing.price), "state": "due", "next_attempt_at": False, "attempts": 0})
            cursor = page.cursor
            if not cursor:
                break
        self._write_findings(len(seen), different, 0, words)

    def _write_findings(self, compared, different, gone, words):
        self.write(
            {
                "compared": compared,
                "different": different,
                "gone": gone,
                "result": "\n".join(words[:AUDIT_WORDS_MAX]) or False,
            }
        )


class OmsChannelTold(models.AbstractModel):
    _inherit = "oms.channel.told"

    def _name_it(self, words):
        listing = self.listing_id
        return f"{listing.display_name or listing.external_id} ({listing.sku or listing.external_id}): {words}"


class OmsChannelStock(models.Model):
    _inherit = "oms.channel.stock"

    def _differs(self, there):
        """Whether what the channel has is not what we thought."""
        return not self.pushed_at or there != self.expected

    def _say_difference(self, there, is_sent):
        if not self.pushed_at:
            said = self.env._("the channel has %(there)s, here are %(here)s.", there=there, here=self.wanted)
        else:
            said = self.env._(
                "the channel has %(there)s and was to have %(told)s; here are %(here)s.",
                there=there,
                told=self.expected,
                here=self.wanted,
            )
        if there == self.wanted:
            return said
        return f"{said} {self.env._('It is told.') if is_sent else self.env._('Stock is not sent to this channel.')}"

    def _take_found(self, there):
        """The channel has this many, whatever it was told. What differs becomes due; pieces that it has less may be orders
        that are on their way, and are waited for."""
        self.ensure_one()
        known = believed(
            self.quantity if self.pushed_at else None, self.expected, self.tried if self.state == "sending" else None
        )
        anew, when = decide_anew(self.wanted, known, there), urgency(self.wanted, there)
        values = {"quantity": there, "expected": there, "pushed_at": fields.Datetime.now(), "attempts": 0}
        if when is None:
            values |= {"state": "told", "error": False, "next_attempt_at": False}
        elif anew.tell is None and anew.look_again:
            again = fields.Datetime.now() + timedelta(seconds=PUSH_LOOK_AGAIN_S)
            values |= {"state": "waiting", "urgency": when, "next_attempt_at": again}
        else:
            values |= {"state": "due", "urgency": when, "next_attempt_at": False}
        self.write(values)
