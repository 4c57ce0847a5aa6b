"""Returns that were begun on a channel become returns here, and what happens to them here is told there."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.oms_core.alone import leave_task
from odoo.addons.oms_core.const import INSIDE
from odoo.addons.oms_core.domain.documents import ReturnStepDoc
from odoo.addons.oms_core.domain.money import ZERO
from odoo.addons.oms_core.text import as_html

#: State of a return here → what the channel is told of it.
STEPS = {"open": "approved", "refused": "refused", "cancelled": "cancelled", "closed": "closed"}

#: Words for why, as channels use them → our reasons. Others are entered at the reasons; until then they are one task.
REASONS = {
    "unwanted": "reason_changed_mind",
    "changed_mind": "reason_changed_mind",
    "style": "reason_changed_mind",
    "color": "reason_changed_mind",
    "size_too_small": "reason_size",
    "size_too_large": "reason_size",
    "too_small": "reason_size",
    "too_large": "reason_size",
    "not_as_described": "reason_not_as_described",
    "defective": "reason_defective",
    "damaged": "reason_damaged",
    "wrong_item": "reason_wrong_item",
    "late": "reason_late",
    # eBay: developer.ebay.com/devzone/post-order/types/ReturnReasonEnum.html
    "arrived_damaged": "reason_damaged",
    "arrived_late": "reason_late",
    "defective_item": "reason_defective",
    "different_from_listing": "reason_not_as_described",
    "expired_item": "reason_defective",
    "fake_or_counterfeit": "reason_not_as_described",
    "found_better_price": "reason_changed_mind",
    "missing_parts": "reason_incomplete",
    "no_longer_need_item": "reason_changed_mind",
    "no_reason": "reason_changed_mind",
    "ordered_accidentally": "reason_changed_mind",
    "ordered_wrong_item": "reason_changed_mind",
    "wrong_size": "reason_size",
    # Amazon: developer-docs.amazon.com/sp-api/docs/returns-reports-attributes, and the guide to return reason codes
    "amz_pg_app_too_small": "reason_too_small",
    "amz_pg_app_too_large": "reason_too_large",
    "apparel_too_small": "reason_too_small",
    "apparel_too_large": "reason_too_large",
    "damaged_by_carrier": "reason_damaged",
    "missed_estimated_delivery": "reason_late",
    "mis_ordered": "reason_changed_mind",
    "quality_unacceptable": "reason_not_as_described",
    "switcheroo": "reason_wrong_item",
    "unauthorized_purchase": "reason_changed_mind",
    "unwanted_item": "reason_changed_mind",
    # Magento, as it comes: labels of the attribute “reason”
    "wrong_color": "reason_changed_mind",
    "out_of_service": "reason_defective",
    "other": "",
    "unknown": "",
}


class OmsReturn(models.Model):
    _inherit = "oms.return"

    external_id = fields.Char(string="Channel Return ID", readonly=True, copy=False, index="btree_not_null")
    channel_state = fields.Selection(
        [
            ("requested", "Requested"),
            ("open", "In progress"),
            ("closed", "Closed"),
            ("refused", "Declined"),
            ("cancelled", "Cancelled"),
        ],
        string="On the Channel",
        readonly=True,
        copy=False,
        help="How the return stands on the channel.",
    )
    channel_told_at = fields.Datetime(
        readonly=True, copy=False, help="When the channel said so; what it said before that changes nothing."
    )
    channel_exchange = fields.Char(
        string="Exchanged For", readonly=True, copy=False, help="What the channel sends the customer instead."
    )

    _external_uniq = models.UniqueIndex(
        "(order_id, external_id) WHERE external_id IS NOT NULL", "This return of the channel is known already."
    )

    def _set_state(self, state):
        """Override: the channel is told, unless it is where that comes from."""
        result = super()._set_state(state)
        if state in STEPS and self.env.context.get("oms_told_by_channel") is not INSIDE:
            for record in self.filtered(lambda record: record.order_id.oms_channel_id):
                record._tell_channel(STEPS[state])
        return result

    def _follow_told(self, status, note, told_at=None):
        """Bring this return to what the channel says. Goods that are on their way are still expected when it is over there:
        whether they arrive is for our receipts to say.

        :param told_at: when the channel said so, where it may have come late.
        """
        self.ensure_one()
        if told_at:
            told_at = told_at.replace(tzinfo=None)
            if self.channel_told_at and told_at < self.channel_told_at:
                return
            self.channel_told_at = told_at
        before, self.channel_state = self.channel_state, status
        if status == before:
            return
        received = any(line.quantity_received for line in self.line_ids)
        if status in ("open", "closed") and self.state == "draft":
            self.action_authorize()
        elif status == "refused" and self.state == "draft":
            self.refusal = note or self.env._("Declined on the channel.")
            self.action_refuse()
        elif status in ("cancelled", "refused") and self.state in ("draft", "open"):
            if not received:
                self.action_cancel()
                return
            leave_task(
                self,
                self.env._("%s was called off on the channel", self.name),
                self.env._("Goods have come back for it already. Send them back, or pay them back here."),
                self.channel_id._get_responsible(),
            )

    def _tell_channel(self, step):
        self.ensure_one()
        if not self.external_id:
            if step != "approved":
                return  # it has never heard of it
            step = "begun"
        lines = []
        for line in self.line_ids.filtered(lambda line: line.sale_line_id.oms_external_id and line.quantity > 0):
            units = line.sale_line_id._oms_to_units(Decimal(repr(line.quantity)))
            if units:
                lines.append((line.sale_line_id.oms_external_id, units, line.reason_id.name or ""))
        if not lines and step == "begun":
            return
        document = ReturnStepDoc(
            f"return-{self.id}",
            self.external_id or "",
            step,
            tuple(lines),
            self.refusal or "" if step == "refused" else "",
        )
        self.order_id._oms_tell_return(document)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_on_return_told(self, key, external_id):
        """Override of ``oms_core``: from now on it is the same return."""
        result = super()._oms_on_return_told(key, external_id)
        record = self.env["oms.return"].browse(int(key.removeprefix("return-"))).exists()
        if record.order_id == self and external_id and not record.external_id:
            record.write({"external_id": external_id, "channel_state": "open"})
        return result

    @api.model
    def _oms_get_open_told_returns(self, channel):
        """Override of ``oms_core``."""
        # sudo: as in _oms_follow_told_returns
        open_sudo = (
            self.env["oms.return"]
            .sudo()
            .search(
                [
                    ("channel_id", "=", channel.id),
                    ("external_id", "!=", False),
                    ("channel_state", "in", ("requested", "open")),
                ]
            )
        )
        return {**super()._oms_get_open_told_returns(channel), **{one.external_id: one.order_id for one in open_sudo}}

    @api.model
    def _oms_follow_told_returns(self, orders_and_docs):
        """Override of ``oms_core``: each return of the channel is one here; how far its goods are is told by our receipts."""
        result = super()._oms_follow_told_returns(orders_and_docs)
        telling = [(order, doc) for order, doc in orders_and_docs if doc.returns or not doc.returns_untold]
        # sudo: what a channel says of returns is written by the system; whoever takes its messages need not work them
        known_sudo = self.env["oms.return"].sudo()
        if telling:
            ids = [order.id for order, _doc in telling]
            known_sudo = known_sudo.search([("order_id", "in", ids), ("external_id", "!=", False)])
        by_order = known_sudo.with_context(oms_told_by_channel=INSIDE).grouped(lambda record: record.order_id.id)
        for order, doc in telling:
            known = {record.external_id: record for record in by_order.get(order.id, ())}
            if doc.returns or known:
                order_sudo = order.sudo().with_context(oms_told_by_channel=INSIDE)  # sudo: as above
                order_sudo._oms_follow_returns_of(doc, known)
        return result

    def _oms_follow_returns_of(self, doc, known):
        """:param known: {id on the channel: return}."""
        self.ensure_one()
        for told in doc.returns:
            if record := known.get(told.external_id) or self._oms_begin_told_return(told):
                record._follow_told(told.status, told.note, told.told_at)
        if doc.returns_untold:
            return
        named = {told.external_id for told in doc.returns}
        for external_id, record in known.items():
            if external_id not in named and record.channel_state in ("requested", "open"):
                record._follow_told("cancelled", "")

    def _oms_begin_told_return(self, told):
        """A return as the channel tells it: one that we expect already, or a new one. Of what is over there nothing is begun."""
        wanted = {}
        by_id = {
            line.oms_external_id: line for line in self.order_line if line.oms_external_id and line._is_oms_goods()
        }
        for line in told.lines:
            if sale_line := by_id.get(line.line_id):
                pieces = line.quantity * (sale_line.oms_pack_size or 1)
                wanted[sale_line] = wanted.get(sale_line, ZERO) + pieces
        for record in self.oms_return_ids.filtered(lambda one: one.origin == "channel" and not one.external_id):
            ours = {line.sale_line_id: Decimal(repr(line.quantity)) for line in record.line_ids}
            if ours == wanted and record.state in ("draft", "open"):
                record.external_id = told.external_id
                return record
        if told.status not in ("requested", "open"):
            return self.env["oms.return"]
        possible = {line: min(quantity, Decimal(repr(line._oms_get_returnable()))) for line, quantity in wanted.items()}
        if not wanted or possible != wanted:
            self._oms_leave_return_task(told, wanted)
        lines = [
            self._oms_prepare_told_line(line, quantity, told) for line, quantity in possible.items() if quantity > 0
        ]
        if not lines:
            return self.env["oms.return"]
        words = dict.fromkeys(line.note for line in told.lines if line.note)
        record = self.env["oms.return"].create(
            {
                "order_id": self.id,
                "origin": "channel",
                "external_id": told.external_id,
                "requested_at": (told.requested_at or fields.Datetime.now()).replace(tzinfo=None),
                "note": as_html("\n".join(words)) if words else False,
                "channel_exchange": ", ".join(f"{quantity:f} × {name}" for name, quantity in told.exchanges) or False,
                "line_ids": [Command.create(values) for values in lines],
            }
        )
        record.message_post(
            body=self.env._(
                "Begun on %(channel)s as %(name)s.", channel=self.oms_channel_id.name, name=told.number or "?"
            )
        )
        return record

    def _oms_prepare_told_line(self, sale_line, quantity, told):
        told_reasons = [one.reason for one in told.lines if one.line_id == sale_line.oms_external_id and one.reason]
        reason, unknown = self.env["oms.return.reason"]._find_told(told_reasons)
        if missing := [word for word in unknown if _plain(word) not in REASONS]:
            self._oms_ask_for_reasons(missing)
        return {
            "sale_line_id": sale_line.id,
            "quantity": float(quantity),
            "reason_id": reason.id,
            # The channel sends what it is exchanged for with the order; nothing is owed here for it.
            "outcome": "nothing" if told.exchanges else "refund",
            "comment": ", ".join(unknown) or (told.exchanges and self.env._("Exchanged on the channel.")) or False,
        }

    def _oms_ask_for_reasons(self, words):
        """One task on the channel for each word that nobody has told the meaning of."""
        for word in words:
            leave_task(
                self.oms_channel_id,
                self.env._("What does the return reason “%s” mean?", word[:80]),
                self.env._(
                    "%(channel)s gives it as the reason of a return (%(order)s), and it is not known here. Enter it under Return "
                    "Reasons, in “Called on Channels” of the reason that it means. Returns that came with it have it as a "
                    "comment.",
                    channel=self.oms_channel_id.name,
                    order=self.name,
                ),
                self.oms_channel_id._get_responsible(),
                retell=False,
            )

    def _oms_leave_return_task(self, told, wanted):
        names = ", ".join(f"{quantity.normalize():f} × {line.product_id.name}" for line, quantity in wanted.items())
        leave_task(
            self,
            self.env._(
                "%(order)s: the return %(name)s cannot be as it is told",
                order=self.name,
                name=told.number or told.external_id,
            ),
            self.env._(
                "%(channel)s tells a return of %(goods)s, and the customer has less than that, or it names nothing that was "
                "sold. Compare the return there with the deliveries here.",
                channel=self.oms_channel_id.name,
                goods=names or self.env._("nothing known"),
            ),
            self.oms_channel_id._get_responsible(),
        )


class OmsReturnReason(models.Model):
    _inherit = "oms.return.reason"

    channel_codes = fields.Char(
        string="Called on Channels",
        help="Words or codes that channels use for this reason, separated by commas. What the platforms use by themselves is "
        "known already.",
    )

    @api.model
    def _find_told(self, words):
        """(the reason that the first known of these words of a channel means, those that are not known)"""
        ours = {_plain(word): reason for reason in self.search([("channel_codes", "!=", False)])
                for word in reason.channel_codes.split(",")}  # fmt: skip
        found, unknown = self.browse(), []
        for word in words:
            reason = ours.get(_plain(word)) or (
                REASONS.get(_plain(word))
                and self.env.ref(f"oms_returns.{REASONS[_plain(word)]}", raise_if_not_found=False)
            )
            if reason:
                found = found or reason
            else:
                unknown.append(word)
        return found, unknown


def _plain(word):
    """A channel's word for a reason, however it is spelt; Amazon's begin with “CR-”."""
    return word.strip().lower().removeprefix("cr-").replace("-", "_").replace(" ", "_")
