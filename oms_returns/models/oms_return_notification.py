"""What customers are told about their returns; how and whether is decided by the rules of ``oms.notification``."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_amount, format_date

from ..const import REMIND_BATCH_MAX, REMIND_DAYS

#: What is told about a return, beside what the hub has (``return_received``, ``refunded``).
RETURN_EVENTS = [
    ("return_requested", "Return asked for"),
    ("return_authorized", "Return agreed to"),
    ("return_refused", "Return refused"),
    ("return_inspected", "Return looked at"),
    ("return_credited", "Store credit given"),
    ("return_reminder", "Return still expected"),
    ("exchange_shipped", "Exchange on its way"),
    ("exchange_reminder", "Exchange waits for the return"),
]
ABOUT_RETURNS = {event for event, _label in RETURN_EVENTS} | {"return_received", "refunded"}
GONE = {event: "cascade" for event, _label in RETURN_EVENTS}


class OmsNotification(models.Model):
    _inherit = "oms.notification"

    event = fields.Selection(selection_add=RETURN_EVENTS, ondelete=GONE)

    # --------------------------------------------------------------------------------------------------- FOR TEMPLATES

    def _get_return(self):
        """The return that it is about; in a preview, the last one of the order."""
        self.ensure_one()
        record = self.env["oms.return"].browse((self.details or {}).get("return_id") or []).exists()
        return record or self.order_id.oms_return_ids[:1]  # may be none

    def _get_return_items(self):
        """[(quantity, product, what for)] of the return."""
        lines = self._get_return().line_ids
        labels = lines._get_outcome_labels()
        return [
            (f"{line.quantity:g}", line.product_id.with_context(display_default_code=False).display_name,
             labels[line.outcome])
            for line in lines
        ]  # fmt: skip

    def _get_return_url(self):
        """The page of the return, where its label is; no login is needed."""
        record = self._get_return()
        return (record and record._get_customer_url()) or self._get_url()

    def _get_day(self, name):
        """A date of the details in words, or nothing."""
        day = self._get_date(name)
        return format_date(self.env, day, lang_code=self.partner_id.lang) if day else ""


class OmsNotificationRule(models.Model):
    _inherit = "oms.notification.rule"

    event = fields.Selection(selection_add=RETURN_EVENTS, ondelete=GONE)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_tells_customers(self, event):
        """Override of ``oms_core``: Odoo has no mails of its own about returns, of whatever order."""
        return super()._oms_tells_customers(event) or (
            event in ABOUT_RETURNS and bool(self.oms_return_ids or self.oms_exchange_return_id)
        )

    def _oms_notify(self, event, pickings=None, key=None, **details):
        """Override of ``oms_core``: what is sent in exchange is no order of its own for its customer."""
        exchanges = self.filtered("oms_exchange_return_id")
        if event != "shipped" or not exchanges:
            return super()._oms_notify(event, pickings, key, **details)
        told = super(SaleOrder, self - exchanges)._oms_notify(event, pickings, key, **details)
        for order in exchanges:
            told |= super(SaleOrder, order)._oms_notify(
                "exchange_shipped", pickings, key, return_id=order.oms_exchange_return_id.id, **details
            )
        return told


class OmsReturn(models.Model):
    _inherit = "oms.return"

    def _notify_customer(self, event, key=None, pickings=None, **details):
        """Tell the customers of these returns, once for each occasion. What the shop does, the shop tells."""
        for record in self.filtered(lambda record: record.origin != "channel"):
            order = record._get_first_order()
            if order:
                order._oms_notify(event, pickings, key or f"return:{record.id}", return_id=record.id, **details)

    def _set_state(self, state):
        """Override: a customer who has asked is answered."""
        asked = self.filtered(lambda record: record.state == "draft" and record.origin in ("customer", "clerk"))
        result = super()._set_state(state)
        for record in asked:
            if state == "open":
                record._notify_customer("return_authorized", new=record._get_window_end())
            elif state == "refused":
                record._notify_customer("return_refused", text=record.refusal)
        return result

    def _get_window_end(self):
        """The first day on which something of it is too late; ``False`` where nothing is."""
        days = [line.window_end for line in self.line_ids if line.window_end and line.expects_goods]
        return min(days, default=False)

    def _tell_findings(self):
        """Tell what was found, once all was looked at, where it costs the customer something."""
        for record in self:
            if any(line.quantity_to_inspect > 0 for line in record.line_ids):
                continue
            rows = [(line, sentence) for line in record.line_ids for sentence in line._get_customer_findings()]
            if rows:
                text = " ".join(f"{line.product_id.name}: {sentence}" for line, sentence in rows)
                record._notify_customer("return_inspected", text=text)

    # -------------------------------------------------------------------------------------------------------- REMINDING

    @api.model
    def _cron_remind(self):
        """Remind customers of what they have not sent, some days before it is too late; each once."""
        cron = self.env["ir.cron"]
        now, today, days = fields.Datetime.now(), fields.Date.today(), timedelta(days=REMIND_DAYS)
        times = (
            ("return_reminder", [("line_ids.window_end", ">=", now), ("line_ids.window_end", "<=", now + days)]),
            ("exchange_reminder", [("exchange_until", ">=", today), ("exchange_until", "<=", today + days)]),
        )
        for event, in_time in times:
            last = 0
            domain = [("stage", "in", ("expected", "partial")), *in_time]
            while batch := self.search([*domain, ("id", ">", last)], order="id", limit=REMIND_BATCH_MAX):
                last = batch[-1].id
                for record in batch:
                    day = record._get_window_end() if event == "return_reminder" else record.exchange_until
                    record._notify_customer(event, new=day)
                if not cron._commit_progress(len(batch)):
                    return


class OmsReturnSettlement(models.Model):
    _inherit = "oms.return.settlement"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: store credit that is given is told; money is told by its credit note, an exchange by its parcel."""
        rows = super().create(vals_list)
        for record, credits in rows.filtered(lambda row: row.outcome == "credit").grouped("return_id").items():
            amount = sum(credits.mapped("amount"))
            record._notify_customer(
                "return_credited",
                key=f"settlement:{min(credits.ids)}",
                amount=format_amount(self.env, amount, record.currency_id) if amount else "",
            )
        return rows


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        """Override: the customer is told that the goods have come."""
        result = super()._action_done()
        for picking in self.filtered(lambda picking: picking.state == "done"):
            for record in picking.move_ids.oms_return_line_id.return_id:
                # sudo: whoever receives goods has their customer told
                record.sudo()._notify_customer("return_received", f"picking:{picking.id}", picking)
        return result
