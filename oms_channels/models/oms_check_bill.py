"""The auditor looks at bills of carriers and partners: each line is charged once, and what is charged is in the entry."""

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.oms_core.checks import Check, Violation

from ..domain.bill import KINDS


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_checks(self):
        """Override: bills of carriers are of this add-on."""
        return [
            *super()._get_checks(),
            Check(
                "bills",
                self.env._("Carrier bills are charged once"),
                self.env._(
                    "The items of a booked bill are the sum of its lines that are owed, each line is in one of them, and no "
                    "transport or work is paid by two bills."
                ),
            ),
        ]

    @api.model
    def _get_sources(self):
        """Override: entries whose key begins so book a bill."""
        return {**super()._get_sources(), "bill": "oms.biller"}

    @api.model
    def _check_bills(self, company, scope):
        todo = self.env._("Reset the bill to draft, match it again and compare it with the paper before you post it.")
        for move_id, charged, told in self._query_bills(company, scope):
            move = self.env["account.move"].browse(move_id)
            sentence = self.env._(
                "Bill %(bill)s charges %(charged)s, and its lines that are owed come to %(told)s.",
                bill=move.ref or move.display_name,
                charged=move.currency_id.format(charged),
                told=move.currency_id.format(told),
            )
            yield Violation(((move._name, move.id),), sentence, todo, abs(charged - told))
        for first_id, second_id in self._query_twice(company, scope):
            first, second = self.env["oms.bill.line"].browse((first_id, second_id))
            yield Violation(
                ((second._name, second.id), (second.item_id.move_id._name, second.item_id.move_id.id)),
                self.env._(
                    "%(what)s of %(parcel)s is paid by bill %(first)s and again by bill %(second)s.",
                    what=KINDS[second.kind],
                    parcel=second.tracking or second.reference or second.key,
                    first=first.item_id.move_id.ref,
                    second=second.item_id.move_id.ref,
                ),
                self.env._("Ask the sender for a credit note, or say here why both are owed."),
                abs(second.amount),
            )

    def _query_bills(self, company, scope):
        """(bill, what its items charge, what its lines come to) where these differ."""
        return self.env.execute_query(
            SQL(
                """
                SELECT bill.id, charged.total, COALESCE(told.total, 0)
                  FROM account_move bill
                 CROSS JOIN LATERAL (SELECT COALESCE(SUM(item.price_subtotal), 0)
                                            * CASE WHEN bill.move_type = 'in_refund' THEN -1 ELSE 1 END AS total
                                       FROM account_move_line item
                                      WHERE item.move_id = bill.id AND item.display_type = 'product') charged
                  LEFT JOIN LATERAL (SELECT SUM(line.amount) AS total
                                       FROM oms_bill_line line
                                       JOIN account_move_line item ON item.id = line.item_id
                                      WHERE item.move_id = bill.id AND line.state IN ('agreed', 'accepted')) told ON TRUE
                 WHERE bill.company_id = %(company)s AND bill.state = 'posted' AND bill.date >= %(since)s
                   AND bill.oms_biller_id IS NOT NULL AND bill.reversed_entry_id IS NULL
                   AND ABS(charged.total - COALESCE(told.total, 0)) > 0.0005
              ORDER BY bill.id LIMIT %(limit)s
                """,
                company=company.id,
                since=scope.since,
                limit=scope.limit,
            )
        )

    def _query_twice(self, company, scope):
        """(line, later line) of one work on one parcel that booked bills both charge as booked, and nobody has accepted."""
        return self.env.execute_query(
            SQL(
                """
                SELECT MIN(line.id), MAX(line.id)
                  FROM oms_bill_line line
                  JOIN account_move_line item ON item.id = line.item_id AND item.parent_state = 'posted'
                 WHERE line.company_id = %(company)s AND line.booked > 0 AND line.amount > 0 AND line.state = 'agreed'
              GROUP BY line.key, line.kind
                HAVING COUNT(*) > 1 AND MAX(item.date) >= %(since)s
              ORDER BY 1 LIMIT %(limit)s
                """,
                company=company.id,
                since=scope.since,
                limit=scope.limit,
            )
        )
