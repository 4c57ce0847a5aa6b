"""The auditor looks at costs: what orders are said to cost is what the ledger says."""

from odoo import api, models
from odoo.tools import SQL

from ..checks import Violation


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _check_cost_lines(self, company, scope):
        """Each item of the ledger that is shared out over orders, against the sum of its parts."""
        rows = self._query(
            SQL(
                """
                SELECT item.id, -item.balance, COALESCE(SUM(cost.amount), 0)
                  FROM account_move_line item
             LEFT JOIN account_analytic_line cost ON cost.oms_cost_key = 'item:' || item.id
                 WHERE item.company_id = %(company)s AND item.parent_state = 'posted' AND item.date >= %(since)s
                   AND item.id IN (SELECT kept.move_line_id FROM account_analytic_line kept
                                    WHERE kept.oms_cost_key IS NOT NULL AND kept.move_line_id IS NOT NULL)
              GROUP BY item.id
                HAVING ABS(item.balance + COALESCE(SUM(cost.amount), 0)) > 0.0005
                 UNION ALL
                SELECT kept.move_line_id, 0, SUM(kept.amount)
                  FROM account_analytic_line kept
             LEFT JOIN account_move_line item ON item.id = kept.move_line_id AND item.parent_state = 'posted'
                 WHERE kept.company_id = %(company)s AND kept.oms_standing = 'booked' AND kept.date >= %(since)s
                   AND item.id IS NULL
              GROUP BY kept.move_line_id
              ORDER BY 1 LIMIT %(limit)s
                """,
                **self._get_parameters(company, scope),
            )
        )
        money = company.currency_id.format
        for item_id, booked, shared in rows:
            item = self.env["account.move.line"].browse(item_id)
            yield Violation(
                ((item._name, item.id), (item.move_id._name, item.move_id.id))
                if item_id
                else (("res.company", company.id),),
                self.env._(
                    "%(entry)s books %(booked)s as a cost of orders, and %(shared)s of it are shared out over them.",
                    entry=item.move_id.display_name or self.env._("No entry"),
                    booked=money(booked),
                    shared=money(shared),
                ),
                self.env._("Delete the analytic lines of this item; they are made anew within the hour."),
                abs(booked - shared),
            )
