"""The check of what stands as invoiced before shipment."""

from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..checks import Check
from ..const import ADVANCE_POLICIES
from .sale_order_deferral import KEY


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_checks(self):
        return [
            *super()._get_checks(),
            Check(
                "deferral",
                self.env._("Revenue is of what has left"),
                self.env._("What stands as invoiced before shipment is what orders have invoiced and not shipped."),
            ),
        ]

    @api.model
    def _get_sources(self):
        return {**super()._get_sources(), KEY: "sale.order", "underpaid": "sale.order"}

    @api.model
    def _check_deferral(self, company, scope):
        """Orders with something on the account, and those that have invoiced what has not left, where that is to be deferred."""
        # Not made for the sake of looking at it.
        account = self.env.ref(f"oms_core.company_{company.id}_deferral_account", raise_if_not_found=False)
        rows = self._query(
            SQL(
                """SELECT o.id FROM sale_order o
                     JOIN (SELECT substring(m.oms_key FROM %(pattern)s)::int AS order_id
                             FROM account_move m JOIN account_move_line l ON l.move_id = m.id
                            WHERE m.company_id = %(company)s AND m.state = 'posted' AND m.oms_key LIKE %(like)s
                              AND l.account_id = %(account)s
                         GROUP BY 1 HAVING ABS(SUM(l.balance)) > 0.001
                            UNION
                           SELECT DISTINCT o.id FROM sale_order o
                             JOIN oms_channel c ON c.id = o.oms_channel_id AND c.invoice_policy IN %(policies)s
                             JOIN sale_order_line l ON l.order_id = o.id AND l.qty_invoiced > l.qty_delivered
                            WHERE o.company_id = %(company)s AND o.state = 'sale' AND %(recent)s) due ON due.order_id = o.id
                    WHERE (o.oms_money_due_at IS NULL OR o.oms_money_due_at < %(before)s) AND o.write_date < %(before)s
                 ORDER BY o.id LIMIT %(limit)s""",
                pattern=f"^{KEY}:([0-9]+):",
                like=f"{KEY}:%",
                account=account.id if account else 0,
                recent=self._get_recent_sql(scope),
                policies=ADVANCE_POLICIES,
                before=scope.before,
                **self._get_parameters(company, scope),
            )
        )
        for (order_id,) in rows:
            order = self.env["sale.order"].browse(order_id)
            booked, _number = order._oms_get_booked_deferral()
            target = order._oms_get_deferral()
            has = sum(booked.revenue.values(), Decimal(0))
            should = sum(target.revenue.values(), Decimal(0))
            if booked != target:
                yield self._compare(
                    *("deferral", order, float(has), float(should)),
                    self.env._(
                        "%(booked)s of %(order)s stand as invoiced before shipment, and %(due)s of its invoices have not left.",
                        booked=company.currency_id.format(float(has)),
                        due=company.currency_id.format(float(should)),
                        order=order.display_name,
                    ),
                    self.env._(
                        "Look whether an entry of the order was changed or deleted, then press “Look at the Money Again” on it."
                    ),
                    order_id,
                )
