"""Everything that keeps an order of a channel from being worked, each with its kind of hold and a sentence."""

from odoo import models

from ..const import COLLECTED_METHODS, HOLD_KIND_BY_PROBLEM
from ..domain.address import PostalAddress, check, suggest


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_reasons_to_hold(self, doc, resolver):
        """Everything that keeps this order from being worked: yields (kind of hold, sentence)."""
        self.ensure_one()
        problems = doc.problems()
        for problem in problems:
            yield HOLD_KIND_BY_PROBLEM.get(problem.code, "manual"), problem.message
        said = any(problem.code == "unknown_status" for problem in problems)
        yield from (pair for pair in self._oms_status_reasons(doc) if not (said and pair[0] == "channel"))
        yield from self._oms_risk_reasons(doc)
        yield from self._oms_address_reasons(doc, resolver)
        unknown = list(resolver.line_reasons(doc, self.tax_country_id))
        yield from unknown
        yield from self._oms_test_reasons(doc)
        if not any(kind == "tax" for kind, _reason in unknown):
            yield from self._oms_tax_reasons(doc, resolver)
        if self.currency_id.compare_amounts(self.amount_total, float(doc.total)) and doc.computed_total() == doc.total:
            yield "total", self._oms_total_reason()

    def _oms_total_reason(self):
        """The sentence about two totals that differ."""
        return self.env._(
            "The channel charged %(theirs)s, the order here comes to %(ours)s. Compare the lines and their taxes before you "
            "release it.",
            theirs=self.currency_id.format(self.oms_channel_total),
            ours=self.currency_id.format(self.amount_total),
        )

    def _oms_status_reasons(self, doc):
        """What the channel itself says against working this order."""
        if doc.status in ("awaiting_payment", "draft"):
            yield (
                "payment",
                self.env._(
                    "The channel has not received the money yet. It goes on by itself when the channel says so."
                ),
            )
        elif doc.status == "on_hold":
            yield (
                "channel",
                self.env._(
                    "The channel keeps this order at “%s”. Change it there, or release it here if it may be shipped.",
                    doc.channel_status,
                ),
            )
        elif doc.status == "fulfilled":
            yield (
                "channel",
                self.env._(
                    "The channel says that this order has been fulfilled already (“%s”). Release it only if the goods have "
                    "still to leave.",
                    doc.channel_status,
                ),
            )
        yield from self._oms_refund_reasons(doc)

    def _oms_risk_reasons(self, doc):
        if doc.risk and doc.risk.level == "high":
            facts = "; ".join(fact.text for fact in doc.risk.facts)
            yield (
                "fraud",
                self.env._(
                    "The channel says that the risk of fraud is high. %s Approve the order, or cancel it.",
                    f"{facts}." if facts else "",
                ),
            )

    def _oms_address_reasons(self, doc, resolver):
        if not any(resolver.product(line).type == "consu" for line in doc.lines):
            return
        if self.oms_delivery_method in COLLECTED_METHODS:
            if not self.oms_pickup_warehouse_id:
                yield "address", resolver.no_pickup_reason(doc)
            return
        # Of a customer who gave no address, the one on file is not taken for it, but one set on the order by hand is.
        by_hand = self.partner_shipping_id not in (self.partner_id, self.partner_invoice_id)
        if not doc.shipping.is_postal() and not by_hand:
            yield (
                "address",
                self.env._("There is no complete delivery address. Ask the customer, fill it in, then release."),
            )
        elif not self.partner_shipping_id.country_id:
            yield (
                "address",
                self.env._(
                    "The country “%s” of the delivery address is not known. Set the right country on the address, then release.",
                    doc.shipping.country_code,
                ),
            )
        elif self.oms_channel_id.check_addresses and self.oms_delivery_method not in COLLECTED_METHODS:
            for problem in self._oms_get_address_problems():
                yield "address", self.env._("%s Correct the address, or keep it and release.", problem.sentence)

    def _oms_get_address_problems(self):
        """What looks wrong about where this order goes; see ``domain/address.py``."""
        self.ensure_one()
        to = self.partner_shipping_id
        return check(
            PostalAddress(
                street=to.street or "",
                street2=to.street2 or "",
                zip=to.zip or "",
                city=to.city or "",
                state=to.state_id.code or "",
                country=to.country_id.code or "",
            ),
            po_box_ok=not self.carrier_id.oms_no_po_box,
        )

    def _oms_get_address_suggestion(self):
        """Values of an address that mend what a slip of the keyboard explains."""
        to = self.partner_shipping_id
        mended = suggest(self._oms_get_address_problems())
        if code := mended.pop("state", ""):
            state = to.country_id.state_ids.filtered(lambda state: state.code == code)[:1]
            mended["state_id"] = state.id
        return mended
