"""Fees of payouts and bills of carriers, shared out over the orders that they are for."""

from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.domain.cost_to_serve import Part

from ..domain.explained import CAUSES

#: Cause of an item of a payout → what kind of cost it is.
PAYOUT_KINDS = {
    "fee": "fee",
    "fee_change": "fee",
    "fee_tax": "fee",
    "shipping_label": "label",
    "chargeback": "other",
    "chargeback_reversal": "other",
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
                   AND item.move_id IN (SELECT entry.id FROM account_move entry WHERE entry.oms_settlement_id IS NOT NULL))""",
            super()._items_sql(),
            tuple(PAYOUT_KINDS),
        )

    def _get_item_parts(self, items):
        """Override: each line of a payout or bill is a part of the item that books it."""
        found = super()._get_item_parts(items)
        for item in items.filtered("oms_bill_line_ids"):
            found[item] = self._get_bill_parts(item)
        for settlement, of_settlement in items.grouped(lambda item: item.move_id.oms_settlement_id).items():
            if settlement:
                found.update(self._get_payout_parts(settlement, of_settlement.filtered("oms_cause")))
        return found

    def _get_bill_parts(self, item):
        lines = item.oms_bill_line_ids
        there = lines.label_id.picking_id.exists()
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
        """As ``domain/settlement_posting.py`` joins lines of one cause and code into an item."""
        by_text = settlement.line_ids.filtered("rest_id").grouped(
            lambda line: f"{CAUSES[line.cause]}: {line.rest_id.code}" if line.rest_id.code else CAUSES[line.cause]
        )
        found = {}
        for item in items:
            own = settlement.rest_ids.filtered(lambda rest, item=item: rest.item_id == item).line_ids
            lines = own or by_text.get(item.name, own)
            text = self.env._("%(what)s, payout %(payout)s", what=item.name, payout=settlement.display_name)
            found[item] = (
                PAYOUT_KINDS[item.oms_cause],
                [
                    Part(
                        -Decimal(str(line.amount)), self._get_order_shares(line.order_id.sudo()), text
                    )  # sudo: the system counts
                    for line in lines
                ],
            )
        return found


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_bill_line_ids = fields.One2many("oms.bill.line", "item_id", string="Lines of the Bill", readonly=True)
