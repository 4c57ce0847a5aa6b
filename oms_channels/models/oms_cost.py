"""Fees of payouts and bills of carriers, shared out over the orders that they are for."""

from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.domain.cost_to_serve import Part, Share

from ..domain.settlement_posting import FEES

#: Cause of an item of a payout → what kind of cost it is.
PAYOUT_KINDS = {
    "fee": "fee",
    "fee_change": "fee",
    "fee_tax": "fee",
    "shipping_label": "label",
    "chargeback": "other",
    "chargeback_reversal": "other",
    "dispute_lost": "other",
}
#: What a bill charges → what kind of cost it is.
BILL_KINDS = {"pick": "pick", "pack": "pack", "order": "pack", "return": "return", "storage": "other", "other": "other"}


class OmsCost(models.AbstractModel):
    _inherit = "oms.cost"

    def _billed_keys_sql(self):
        """Override: what bills in the books charge."""
        return SQL(
            """%s UNION
               SELECT CASE WHEN line.key LIKE 'label,%%' THEN 'label:' || substr(line.key, 7)
                           ELSE 'work:' || substr(line.key, 9) || ':' || line.kind END
                 FROM oms_bill_line line
                 JOIN account_move_line item ON item.id = line.item_id AND item.parent_state = 'posted'
                WHERE (line.key LIKE 'label,%%' AND line.kind = 'transport') OR line.key LIKE 'picking,%%'""",
            super()._billed_keys_sql(),
        )

    def _items_sql(self):
        """Override: what payouts keep, and what bills charge."""
        return SQL(
            """%s
               OR item.id IN (SELECT line.item_id FROM oms_bill_line line WHERE line.item_id IS NOT NULL)
               OR (item.oms_cause IN %s
                   AND item.move_id IN (SELECT entry.id FROM account_move entry WHERE entry.oms_settlement_id IS NOT NULL))
               OR item.move_id IN (SELECT bill.id FROM account_move bill
                                    WHERE bill.move_type IN ('in_invoice', 'in_refund')
                                      AND (bill.oms_settlement_id IS NOT NULL OR bill.oms_fee_channel_id IS NOT NULL))""",
            super()._items_sql(),
            tuple(PAYOUT_KINDS),
        )

    def _get_item_parts(self, items):
        """Override: each line of a payout or bill is a part of the item that books it."""
        found = super()._get_item_parts(items)
        backs = items.browse(item.id for item in found)  # what takes an item back is for whoever had it
        billed = items.filtered("oms_bill_line_ids")
        there = billed.oms_bill_line_ids.label_id.picking_id.exists()
        for item in billed:
            found[item] = self._get_bill_parts(item, there)
        rest = items - billed - backs
        for settlement, of_settlement in rest.grouped(lambda item: item.move_id.oms_settlement_id).items():
            if settlement:
                found.update(self._get_payout_parts(settlement, of_settlement))
        for bill, of_bill in rest.grouped("move_id").items():
            if bill.oms_fee_channel_id and not bill.oms_settlement_id:
                found.update(self._get_fee_bill_parts(bill, of_bill))
        return found

    def _get_bill_parts(self, item, there):
        lines = item.oms_bill_line_ids
        is_return = "return" in lines.label_id.mapped("purpose")
        kind = BILL_KINDS.get(lines[0].kind, "return" if is_return else "label")
        return kind, [
            Part(
                Decimal(str(line.amount)),
                self._get_label_shares(line.label_id, there)
                if line.label_id
                else self._get_shares(line.picking_id.move_ids),
                self.env._(
                    "%(what)s of %(number)s, bill %(bill)s of %(biller)s",
                    what=dict(line._fields["kind"].selection)[line.kind],
                    number=line.tracking or line.reference or line.text or line.row,
                    bill=line.move_id.ref,
                    biller=line.biller_id.name,
                ),
            )
            for line in lines
        ]

    def _get_payout_parts(self, settlement, items):
        """Each order has of all items together what was taken for it."""
        more = {}
        for rest in settlement.rest_ids.filtered(lambda rest: rest.cause == "fee_change"):
            told = sum(Decimal(str(line.amount)) for line in rest.line_ids)
            for line in rest.line_ids:
                more[line] = Decimal(str(rest.amount)) * Decimal(str(line.amount)) / told if told else Decimal(0)
        rested = settlement.line_ids.filtered("rest_id")
        found = {}
        for item, lines in settlement._get_lines_of(items).items():
            if item.move_id.is_purchase_document():
                # A line that an accountant wrote is for whoever paid fees.
                lines = lines or rested.filtered(lambda line: line.cause in FEES)
                amounts = {line: Decimal(str(line.amount)) for line in lines}
            elif item.oms_cause == "fee_change":
                amounts = {line: more[line] for line in lines}
            else:
                amounts = {line: Decimal(str(line.amount)) - more.get(line, 0) for line in lines}
            text = self.env._("%(what)s, payout %(payout)s", what=item.name, payout=settlement.display_name)
            found[item] = (
                PAYOUT_KINDS.get(item.oms_cause, "fee"),
                [
                    # sudo: the system counts
                    Part(-amount, self._get_order_shares(line.order_id.sudo()), text)
                    for line, amount in amounts.items()
                ],
            )
        return found

    def _get_fee_bill_parts(self, bill, items):
        """A bill that names a channel and a time is for the orders of that time, by their value."""
        text = self.env._(
            "bill %(bill)s of %(vendor)s, %(since)s to %(until)s",
            bill=bill.ref or bill.name,
            vendor=bill.partner_id.name,
            since=bill.oms_fees_from,
            until=bill.oms_fees_to,
        )
        shares = self._get_period_shares(bill)
        return {
            item: ("fee", [Part(Decimal(str(item.balance)), shares, f"{item.name or item.account_id.name}, {text}")])
            for item in items
        }

    def _get_period_shares(self, bill):
        """The lines of what a channel's customers ordered in the time that a bill is for, by their value in our currency."""
        self.env["sale.order"].flush_model(["oms_channel_id", "oms_ordered_at", "date_order", "state", "currency_rate"])
        self.env["sale.order.line"].flush_model(["order_id", "price_subtotal", "display_type"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, ABS(line.price_subtotal / COALESCE(NULLIF(sale.currency_rate, 0), 1))::numeric
                  FROM sale_order sale JOIN sale_order_line line ON line.order_id = sale.id AND line.display_type IS NULL
                 WHERE sale.oms_channel_id = %(channel)s AND sale.state = 'sale'
                   AND (COALESCE(sale.oms_ordered_at, sale.date_order) AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date
                       BETWEEN %(since)s AND %(until)s
              ORDER BY line.id
                """,
                channel=bill.oms_fee_channel_id.id,
                zone=bill.company_id._oms_get_zone(),
                since=bill.oms_fees_from,
                until=bill.oms_fees_to,
            )
        )
        return tuple(Share(line_id, value=value) for line_id, value in rows)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_bill_line_ids = fields.One2many("oms.bill.line", "item_id", string="Lines of the Bill", readonly=True)
