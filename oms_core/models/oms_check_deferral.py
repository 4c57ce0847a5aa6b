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
                self.env._(
                    "What stands as invoiced before shipment is what orders have invoiced and not shipped, and nobody books "
                    "there by hand."
                ),
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
        rows = self._query_pages(
            lambda last: SQL(
                """SELECT o.id FROM sale_order o
                     JOIN (SELECT substring(COALESCE(m.oms_key, k.oms_key) FROM %(pattern)s)::int AS order_id
                             FROM account_move m
                             JOIN account_move_line l ON l.move_id = m.id
                        LEFT JOIN account_move k ON k.id = m.reversed_entry_id
                            WHERE m.company_id = %(company)s AND m.state = 'posted'
                              AND COALESCE(m.oms_key, k.oms_key) LIKE %(like)s AND l.account_id = %(account)s
                         GROUP BY 1 HAVING ABS(SUM(l.balance)) > 0.001 OR BOOL_OR(m.oms_key IS NULL)
                            UNION
                           SELECT DISTINCT o.id FROM sale_order o
                             JOIN oms_channel c ON c.id = o.oms_channel_id AND c.invoice_policy IN %(policies)s
                             JOIN sale_order_line l ON l.order_id = o.id AND l.qty_invoiced > l.qty_delivered
                             JOIN product_product p ON p.id = l.product_id
                             JOIN product_template g ON g.id = p.product_tmpl_id AND g.type = 'consu'
                            WHERE o.company_id = %(company)s AND o.state = 'sale' AND %(recent)s
                            UNION
                           SELECT DISTINCT o.id FROM sale_order o
                             JOIN oms_channel c ON c.id = o.oms_channel_id AND c.invoice_policy != 'manual'
                             JOIN sale_order_line l ON l.order_id = o.id AND l.is_downpayment AND l.display_type IS NULL
                            WHERE o.company_id = %(company)s AND %(recent)s) due ON due.order_id = o.id
                    WHERE (o.oms_money_due_at IS NULL OR o.oms_money_due_at < %(before)s) AND o.write_date < %(before)s
                      AND o.id > %(last)s
                 ORDER BY o.id""",
                last=last,
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
                words = {
                    "booked": company.currency_id.format(float(has)),
                    "due": company.currency_id.format(float(should)),
                    "order": order.display_name,
                }
                yield self._compare(
                    *("deferral", order, float(has), float(should)),
                    self.env._("The cost of %(order)s is not that of what has left of it.", **words)
                    if booked.revenue == target.revenue
                    else self.env._(
                        "%(booked)s of %(order)s stand as invoiced before shipment, and %(due)s of its invoices have not left.",
                        **words,
                    ),
                    self.env._(
                        "Look whether an entry of the order was changed or deleted, then press “Look at the Money Again” on it."
                    ),
                    order_id,
                )
        yield from self._find_undeferred(company, scope, account)

    def _find_undeferred(self, company, scope, account):
        """Items on the account that no order knows of: neither ours nor the reversal of one of ours, which orders count."""
        explained = SQL(
            """m.oms_key LIKE %(like)s
               OR EXISTS (SELECT 1 FROM account_move k
                           WHERE k.id = m.reversed_entry_id AND k.oms_key LIKE %(like)s
                             AND (SELECT %(accounts)s FROM account_move_line i WHERE i.move_id = k.id)
                               = (SELECT %(accounts)s FROM account_move_line i WHERE i.move_id = m.id))""",
            like=f"{KEY}:%",
            accounts=SQL("ARRAY_AGG(i.account_id ORDER BY i.id)"),
        )
        for move, balance in self._find_unexplained(company, scope, account, explained):
            yield self._compare(
                *("deferral", move, balance, 0),
                self.env._(
                    "%(entry)s changes what stands as invoiced before shipment by %(amount)s, and is about no order.",
                    entry=move.display_name,
                    amount=company.currency_id.format(balance),
                ),
                self.env._("Reverse it and book on another account, or say here what it stands for."),
            )
