"""The auditor looks at payouts: nothing of them is left on the clearing account that has no cause."""

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.oms_core.checks import Check, Violation


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_checks(self):
        """Override: payouts are of this add-on."""
        return [
            *super()._get_checks(),
            Check(
                "payouts",
                self.env._("Payouts leave nothing on clearing"),
                self.env._(
                    "What a booked payout took from the clearing account has settled payments and refunds, but for refunds "
                    "that are not booked yet; and its lines sum to it."
                ),
            ),
        ]

    @api.model
    def _get_sources(self):
        """Override: entries whose key begins so book a payout."""
        return {**super()._get_sources(), "settlement": "oms.settlement"}

    @api.model
    def _check_payouts(self, company, scope):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT payout.id, COALESCE(SUM(item.amount_residual), 0), told.total - payout.total
                  FROM oms_settlement payout
                  JOIN LATERAL (SELECT COALESCE(SUM(line.amount), 0) AS total FROM oms_settlement_line line
                                 WHERE line.settlement_id = payout.id) told ON TRUE
                  JOIN oms_channel channel ON channel.id = payout.channel_id
             LEFT JOIN account_move entry ON entry.oms_settlement_id = payout.id AND entry.state = 'posted'
             LEFT JOIN account_move_line item ON item.move_id = entry.id AND NOT item.reconciled
                   AND item.oms_cause IS NULL
                   AND item.account_id IN (SELECT method.payment_account_id FROM account_payment_method_line method
                                            WHERE method.journal_id = channel.clearing_journal_id)
                 WHERE payout.company_id = %(company)s AND payout.state IN ('posted', 'reconciled')
                   AND payout.date >= %(since)s
              GROUP BY payout.id, told.total
                HAVING COUNT(item.id) > 0 OR told.total <> payout.total
              ORDER BY payout.id LIMIT %(limit)s
                """,
                company=company.id,
                since=scope.since,
                limit=scope.limit,
            )
        )
        for payout_id, left, difference in rows:
            payout = self.env["oms.settlement"].browse(payout_id)
            if difference:
                sentence = self.env._(
                    "%(payout)s: its lines differ from its total by %(amount)s.",
                    payout=payout.display_name,
                    amount=difference,
                )
            else:
                sentence = self.env._(
                    "%(payout)s: items of its entry over %(amount)s on the clearing account settle nothing.",
                    payout=payout.display_name,
                    amount=left,
                )
            yield Violation(
                ((payout._name, payout.id),),
                sentence,
                self.env._("Undo the payout and book it again; nobody should undo single reconciliations of it."),
                abs(float(left or difference)),
            )
