"""No more goes back than came, and none of it without a credit note."""

from odoo import api, models
from odoo.tools import SQL

from ..checks import Violation
from ..domain.books import Event
from .oms_check_entries import TOLERANCE
from .oms_check_history import exact


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _check_refunds(self, company, scope):
        """Each way of paying by itself; then, of what went back within that, all that nothing was credited for."""
        told = set()
        for violation in self._find_paid_back_too_much(company, scope):
            told.add(violation.order_id)
            yield violation
        for order_id, *found in self._query_uncredited(company, scope):
            if order_id not in told:
                yield self._tell_uncredited(company, self.env["sale.order"].browse(order_id), *found)

    def _find_paid_back_too_much(self, company, scope):
        """A repayment of an exchange goes back the way in which its first order was paid, and counts there."""
        rows = self._query(
            SQL(
                """SELECT g.order_id, g.tender, g.journal_id, SUM(g.taken), SUM(g.given), ARRAY_AGG(g.id ORDER BY g.id DESC)
                     FROM (SELECT t.id, COALESCE(t.oms_tender, 'money') AS tender, t.oms_journal_id AS journal_id,
                                  CASE WHEN t.operation = 'refund' THEN 0 ELSE t.amount END AS taken,
                                  CASE WHEN t.operation = 'refund' THEN -t.amount ELSE 0 END AS given,
                                  (SELECT MIN(r.sale_order_id) FROM sale_order_transaction_rel r
                                    WHERE r.transaction_id = COALESCE(t.source_transaction_id, t.id)) AS order_id
                             FROM payment_transaction t
                            WHERE t.company_id = %(company)s AND t.state = 'done') g
                     JOIN sale_order o ON o.id = g.order_id
                    WHERE o.company_id = %(company)s AND o.oms_channel_id IS NOT NULL AND %(recent)s
                 GROUP BY g.order_id, g.tender, g.journal_id
                   HAVING SUM(g.given) > SUM(g.taken) + %(tolerance)s
                 ORDER BY g.order_id LIMIT %(limit)s""",
                recent=self._get_recent_sql(scope),
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        for order_id, tender, journal_id, taken, given, transaction_ids in rows:
            order = self.env["sale.order"].browse(order_id)
            money = order.currency_id.format
            yield Violation(
                ((order._name, order_id), ("payment.transaction", transaction_ids[0])),
                self.env._(
                    "%(given)s went back for %(order)s, and only %(taken)s had come in this way.",
                    given=money(given),
                    taken=money(taken),
                    order=order.display_name,
                ),
                self.env._(
                    "Look at the channel's own account whether it paid back twice. If it did, ask for the money; if not, cancel "
                    "the repayment that is too much."
                ),
                company.currency_id.round((given - taken) / (order.currency_rate or 1)),
                order_id,
                ("refunds", f"{tender}:{journal_id or ''}"),
            )

    def _query_uncredited(self, company, scope):
        """(order, paid back, what may be: credited, and taken beyond what is invoiced; its repayments, its credit notes)

        Invoices of several orders together tell nothing of one of them; orders that have such are left out.
        """
        return self._query(
            SQL(
                """WITH paid AS (
                          SELECT r.sale_order_id AS order_id,
                                 SUM(CASE WHEN t.operation = 'refund' THEN 0 ELSE t.amount END) AS taken,
                                 SUM(CASE WHEN t.operation = 'refund' THEN -t.amount ELSE 0 END) AS given,
                                 ARRAY_AGG(t.id ORDER BY t.id) FILTER (WHERE t.operation = 'refund') AS back_ids,
                                 MAX(t.create_date) FILTER (WHERE t.operation = 'refund') AS last
                            FROM payment_transaction t
                            JOIN sale_order_transaction_rel r ON r.transaction_id = t.id
                           WHERE t.company_id = %(company)s AND t.state = 'done'
                        GROUP BY r.sale_order_id
                          HAVING COUNT(*) FILTER (WHERE t.operation = 'refund') > 0
                             AND MAX(t.create_date) FILTER (WHERE t.operation = 'refund') < %(before)s),
                        document AS (
                          SELECT DISTINCT p.order_id, i.move_id
                            FROM paid p
                            JOIN sale_order_line l ON l.order_id = p.order_id
                            JOIN sale_order_line_invoice_rel r ON r.order_line_id = l.id
                            JOIN account_move_line i ON i.id = r.invoice_line_id),
                        every AS (
                          SELECT * FROM document UNION
                          SELECT d.order_id, b.id FROM document d JOIN account_move b ON b.reversed_entry_id = d.move_id),
                        billed AS (
                          SELECT e.order_id, BOOL_OR(other.shared) AS shared,
                                 COALESCE(SUM(m.amount_total) FILTER (WHERE m.move_type = 'out_invoice'), 0) AS charged,
                                 COALESCE(SUM(m.amount_total) FILTER (WHERE m.move_type = 'out_refund'), 0) AS credited,
                                 ARRAY_AGG(m.id ORDER BY m.id) FILTER (WHERE m.move_type = 'out_refund') AS note_ids
                            FROM every e
                            JOIN account_move m ON m.id = e.move_id AND m.state = 'posted'
                       LEFT JOIN LATERAL (SELECT TRUE AS shared FROM document d
                                           WHERE d.move_id = e.move_id AND d.order_id != e.order_id LIMIT 1) other ON TRUE
                        GROUP BY e.order_id)
                   SELECT o.id, p.given, COALESCE(b.credited, 0) + GREATEST(p.taken - COALESCE(b.charged, 0), 0),
                          p.back_ids, COALESCE(b.note_ids, ARRAY[]::int[])
                     FROM paid p
                     JOIN sale_order o ON o.id = p.order_id
                LEFT JOIN billed b ON b.order_id = o.id
                    WHERE o.company_id = %(company)s AND o.oms_channel_id IS NOT NULL AND %(recent)s AND b.shared IS NOT TRUE
                      AND p.given > COALESCE(b.credited, 0) + GREATEST(p.taken - COALESCE(b.charged, 0), 0) + %(tolerance)s
                 ORDER BY o.id LIMIT %(limit)s""",
                before=scope.before,
                recent=self._get_recent_sql(scope),
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )

    def _tell_uncredited(self, company, order, given, due, back_ids, note_ids):
        money = order.currency_id.format
        sentence = self.env._(
            "%(given)s went back for %(order)s, and only %(due)s of it are credited or had been paid too much.",
            given=money(given),
            due=money(due),
            order=order.display_name,
        )
        return Violation(
            (
                (order._name, order.id),
                ("payment.transaction", back_ids[-1]),
                *(("account.move", note_id) for note_id in note_ids[-1:]),
            ),
            sentence,
            self.env._(
                "Look whether the same repayment is there twice, with two references: then cancel one of them. If all of it went "
                "back, credit the rest on the invoice."
            ),
            company.currency_id.round((given - due) / (order.currency_rate or 1)),
            order.id,
            ("refunds", f"uncredited-{order.id}"),
            (
                Event(
                    *(f"uncredited-{order.id}", "compared", sentence, ""),
                    (order._name, order.id, order.display_name),
                    code="refunds",
                    amount=exact(given),
                    other=exact(due),
                    needs=tuple(f"payment.transaction,{back_id}" for back_id in back_ids),
                ),
            ),
        )
