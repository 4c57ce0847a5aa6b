from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_datetime

from ..const import HISTORY_EVENTS_MAX
from ..domain.ledger import Balance, Event, explain


class OmsStockHistory(models.TransientModel):
    """How much of a product was available at a place at a moment, and why."""

    _name = "oms.stock.history"
    _description = "Stock History"

    product_id = fields.Many2one("product.product", domain=[("is_storable", "=", True)])
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Place",
        default=lambda self: self.env["stock.warehouse"].search([("company_id", "=", self.env.company.id)], limit=1),
    )
    moment = fields.Datetime(default=fields.Datetime.now, required=True)
    on_hand = fields.Float(digits="Product Unit", compute="_compute_answer")
    promised = fields.Float(digits="Product Unit", compute="_compute_answer")
    available = fields.Float(digits="Product Unit", compute="_compute_answer")
    sentence = fields.Char(compute="_compute_answer", string="Why")
    event_ids = fields.Many2many("oms.stock.event", compute="_compute_answer", string="What Led to It")

    @api.depends("product_id", "warehouse_id", "moment")
    def _compute_display_name(self):
        self.display_name = self.env._("Stock History")

    @api.depends("product_id", "warehouse_id", "moment")
    def _compute_answer(self):
        for question in self:
            answer, events = question._explain()
            question.event_ids = events
            question.on_hand = answer.balance.on_hand if answer else 0.0
            question.promised = answer.balance.promised if answer else 0.0
            question.available = answer.balance.available if answer else 0.0
            question.sentence = question._get_sentence(answer, events) if answer else False

    def _explain(self):
        """(``Explanation``, the events shown, the newest first)"""
        journal = self.env["oms.stock.event"]
        if not (self.product_id and self.warehouse_id and self.moment):
            return None, journal
        journal._settle()
        of_shelf = [
            ("product_id", "=", self.product_id._origin.id),
            ("warehouse_id", "=", self.warehouse_id._origin.id),
            ("at", "<=", self.moment),
        ]
        events = journal.search(of_shelf, limit=HISTORY_EVENTS_MAX)
        sums = journal._read_group(of_shelf, aggregates=["on_hand:sum", "promised:sum"])[0]
        opening = Balance(
            _decimal(sums[0]) - sum(map(_decimal, events.mapped("on_hand"))),
            _decimal(sums[1]) - sum(map(_decimal, events.mapped("promised"))),
        )
        return explain([_to_domain(event) for event in events], None, opening), events

    def _get_sentence(self, answer, events):
        available = f"{answer.balance.available.normalize():f}"
        if not answer.cause:
            if not events:
                return self.env._("%s available. Nothing is known to have happened before.", available)
            return self.env._("%s available, and no event that is shown changed that.", available)
        cause = events.filtered(lambda event: event.id == answer.cause.id)
        # As superuser: which order took the goods is the answer, whether or not the reader may open that order.
        cause_sudo = cause.sudo()
        who = cause_sudo.document or cause_sudo.note or ""
        if order := cause_sudo.order_id:
            who = self.env._("order %s", order.name)
            if order.oms_channel_id:
                who = self.env._("order %(order)s of %(channel)s", order=order.name, channel=order.oms_channel_id.name)
        amount = f"{abs(answer.change).normalize():f}"
        at = format_datetime(self.env, cause.at, dt_format="short")
        kind = dict(cause._fields["kind"]._description_selection(self.env))[cause.kind]
        if answer.change < 0 and not answer.balance.available:
            return self.env._(
                "0 since %(at)s: %(who)s took the last %(amount)s (%(kind)s).", at=at, who=who, amount=amount, kind=kind
            )
        if answer.change < 0:
            return self.env._(
                "%(available)s since %(at)s: %(who)s took %(amount)s (%(kind)s).",
                available=available,
                at=at,
                who=who,
                amount=amount,
                kind=kind,
            )
        return self.env._(
            "%(available)s since %(at)s: %(who)s gave %(amount)s (%(kind)s).",
            available=available,
            at=at,
            who=who,
            amount=amount,
            kind=kind,
        )


def _to_domain(event):
    return Event(event.id, event.at, _decimal(event.on_hand), _decimal(event.promised), event.order_id.id or None)


def _decimal(quantity):
    """A float as the number that it stands for, finer than any unit is counted."""
    return round(Decimal(repr(quantity or 0.0)), 6)
