"""The auditor looks at payouts: they are in the books, as they were told, and leave nothing on clearing without a cause."""

from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from odoo.addons.oms_core.checks import Check

from ..const import SETTLEMENT_BANK_DAYS, SETTLEMENT_STUCK_H
from ..domain.settlement import KINDS
from .oms_settlement import STATES
from .oms_settlement_work import IN_WORK

#: What a line of these kinds is, a rest of these causes says, whatever it settles.
PLAIN_KINDS = tuple(kind for kind in KINDS if kind not in ("sale", "refund", "tax_collected"))
PLAIN_CAUSES = (*(set(PLAIN_KINDS) - {"reserve_hold", "reserve_release"}), "reserve", "fee_change")
#: Sums of amounts in the database are off by less than this.
TOLERANCE = 0.0005


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
                    "What a booked payout took from the clearing account has settled payments and refunds, each of the order "
                    "that its line names, but for refunds that are not booked yet; its lines, and what they settle and "
                    "explain, sum to it; its entry is in the books; and none that a job works on is stuck."
                ),
            ),
            Check(
                "in_bank",
                self.env._("Payouts reach the bank"),
                self.env._("The money of what was booked as paid out was found on a bank statement."),
                "warning",
                self.env._(
                    "Payouts of the last %s days, and those of which the bank statements are not here yet: of the accounts that "
                    "the channel has paid to before, or else of any.",
                    SETTLEMENT_BANK_DAYS,
                ),
            ),
        ]

    @api.model
    def _get_sources(self):
        """Override: entries whose key begins so book a payout."""
        return {
            **super()._get_sources(),
            "settlement": "oms.settlement",
            **dict.fromkeys(("dispute", "rest"), "oms.settlement.rest"),
        }

    @api.model
    def _get_clearing_accounts(self, company):
        """Override: the money of some payment methods waits on accounts of its own."""
        channels = self.env["oms.channel"].with_context(active_test=False).search([("company_id", "=", company.id)])
        return super()._get_clearing_accounts(company) | channels._oms_get_mapped_accounts()

    @api.model
    def _check_payouts(self, company, scope):
        yield from self._find_stuck(company, scope)
        yield from self._find_left_on_clearing(company, scope)
        yield from self._find_not_in_the_books(company, scope)
        yield from self._find_other_sums(company, scope)
        yield from self._find_other_orders(company, scope)

    def _query_payouts(self, company, scope, query, **parts):
        """Rows of a query over booked payouts, of which the first cell is the payout, as a record."""
        rows = self._query(SQL(query, **parts, **self._get_parameters(company, scope)))
        return [(self.env["oms.settlement"].browse(payout_id), *row) for payout_id, *row in rows]

    def _tell_payout(self, payout, number, other, sentence, *documents, todo=None):
        violation = self._compare(
            *("payouts", payout, number, other, sentence),
            todo or self.env._("Undo the payout and book it again; nobody should undo single reconciliations of it."),
        )
        return replace(violation, documents=violation.documents + documents)

    def _find_stuck(self, company, scope):
        """Large payouts of which the job has done nothing for some time."""
        rows = self._query_payouts(
            company,
            scope,
            """SELECT payout.id, payout.total, COALESCE(payout.progressed_at, payout.create_date)
                 FROM oms_settlement payout
                WHERE payout.company_id = %(company)s AND payout.state IN %(states)s AND payout.date >= %(since)s
                  AND COALESCE(payout.progressed_at, payout.create_date) < %(old)s
             ORDER BY payout.id LIMIT %(limit)s""",
            states=IN_WORK,
            old=fields.Datetime.now() - timedelta(hours=SETTLEMENT_STUCK_H),
        )
        todo = self.env._(
            "Look at what the activity on the payout says. If there is none, see whether the job “OMS: work on large payouts” is "
            "active. To begin anew, undo the payout, or delete it where nothing of it is booked."
        )
        for payout, total, since in rows:
            sentence = self.env._(
                "%(payout)s is “%(state)s”, and nothing has been done of it since %(since)s.",
                payout=payout.display_name,
                state=dict(STATES)[payout.state],
                since=format_datetime(self.env, since),
            )
            yield self._tell_payout(payout, total or 1, 0, sentence, todo=todo)

    @api.model
    def _check_in_bank(self, company, scope):
        """Money that was on its way when the bank had shown so much of what came later that it should have shown it, too."""
        rows = self._query_payouts(
            company,
            scope,
            """WITH fed AS (
                     SELECT line.journal_id, MAX(line.date) AS last
                       FROM account_move line
                       JOIN account_journal journal ON journal.id = line.journal_id AND journal.type = 'bank'
                      WHERE line.statement_line_id IS NOT NULL AND line.company_id = %(company)s AND line.state = 'posted'
                        AND NOT EXISTS (SELECT 1 FROM oms_channel WHERE clearing_journal_id = journal.id)
                   GROUP BY line.journal_id),
                    used AS (
                     SELECT DISTINCT payout.channel_id, line.journal_id
                       FROM oms_settlement payout
                       JOIN account_bank_statement_line line ON line.id = payout.bank_line_id
                      WHERE payout.company_id = %(company)s)
               SELECT payout.id, payout.total, payout.date, bank.last
                 FROM oms_settlement payout
                 JOIN LATERAL (SELECT MAX(fed.last) AS last FROM fed
                                WHERE fed.journal_id IN (SELECT journal_id FROM used WHERE channel_id = payout.channel_id)
                                   OR NOT EXISTS (SELECT 1 FROM used WHERE channel_id = payout.channel_id)
                      ) bank ON bank.last > payout.date + %(days)s
                WHERE payout.company_id = %(company)s AND payout.state = 'posted' AND payout.total != 0
                  AND payout.bank_line_id IS NULL AND payout.date >= %(since)s AND payout.date < %(old)s
             ORDER BY payout.id LIMIT %(limit)s""",
            days=SETTLEMENT_BANK_DAYS,
            old=fields.Date.today() - timedelta(days=SETTLEMENT_BANK_DAYS),
        )
        todo = self.env._(
            "Match it with its line from the form of the payout, or ask the channel for the money. If it did not arrive, undo "
            "the payout, or match it with the one that gives the money back."
        )
        for payout, total, day, last in rows:
            sentence = self.env._(
                "%(payout)s paid out %(total)s on %(day)s, and none of the bank statements up to %(last)s has the money.",
                payout=payout.display_name,
                total=payout.currency_id.format(total),
                day=day,
                last=last,
            )
            yield self._compare("in_bank", payout, total, 0, sentence, todo)

    def _find_left_on_clearing(self, company, scope):
        rows = self._query_payouts(
            company,
            scope,
            """SELECT payout.id, SUM(item.amount_residual)
                 FROM oms_settlement payout
                 JOIN oms_channel channel ON channel.id = payout.channel_id
                 JOIN account_move entry ON entry.oms_settlement_id = payout.id AND entry.state = 'posted'
                 JOIN account_move_line item ON item.move_id = entry.id AND NOT item.reconciled AND item.oms_cause IS NULL
                  AND item.account_id = ANY(%(accounts)s)
                  AND item.account_id IS DISTINCT FROM channel.payout_transit_account_id
                WHERE payout.company_id = %(company)s AND payout.state IN ('posted', 'reconciled')
                  AND payout.date >= %(since)s
             GROUP BY payout.id ORDER BY payout.id LIMIT %(limit)s""",
            accounts=self._get_clearing_accounts(company).ids,
        )
        for payout, left in rows:
            sentence = self.env._(
                "%(payout)s: items of its entry over %(amount)s on the clearing account settle nothing.",
                payout=payout.display_name,
                amount=company.currency_id.format(left),
            )
            yield self._tell_payout(payout, left, 0, sentence)

    def _find_not_in_the_books(self, company, scope):
        """Payouts that count as booked, and somebody has deleted their entry, taken it out of the books or reversed it."""
        rows = self._query_payouts(
            company,
            scope,
            """SELECT payout.id, payout.total, entry.id, back.id
                 FROM oms_settlement payout
            LEFT JOIN account_move entry ON entry.id = payout.move_id
            LEFT JOIN LATERAL (SELECT MIN(move.id) AS id FROM account_move move
                                WHERE move.reversed_entry_id = entry.id AND move.state = 'posted') back ON TRUE
                WHERE payout.company_id = %(company)s AND payout.date >= %(since)s
                  AND (payout.state IN ('posted', 'reconciled') OR payout.state = 'booking' AND payout.move_id IS NOT NULL)
                  AND (entry.state IS DISTINCT FROM 'posted' OR back.id IS NOT NULL)
             ORDER BY payout.id LIMIT %(limit)s""",
        )
        for payout, total, entry_id, back_id in rows:
            entries = self.env["account.move"].browse(filter(None, (entry_id, back_id)))
            words = {"payout": payout.display_name, "entry": entries[:1].display_name, "back": entries[1:].display_name}
            if not entry_id:
                sentence = self.env._("%(payout)s counts as booked, and somebody has deleted its entry.", **words)
            elif back_id:
                sentence = self.env._(
                    "%(payout)s counts as booked, and somebody has reversed its entry %(entry)s by %(back)s.", **words
                )
            else:
                sentence = self.env._(
                    "%(payout)s counts as booked, and somebody has taken its entry %(entry)s out of the books.", **words
                )
            yield self._tell_payout(payout, total or 1, 0, sentence, *((one._name, one.id) for one in entries))

    def _find_other_sums(self, company, scope):
        """Payouts of which the lines, or what was found about them, do not sum to what they are over."""
        rows = self._query_payouts(
            company,
            scope,
            """SELECT payout.id, payout.total, line.total, payout.matched + rest.total, line.plain, rest.plain
                 FROM oms_settlement payout
           CROSS JOIN LATERAL (SELECT COALESCE(SUM(amount), 0) AS total,
                                      COALESCE(SUM(amount) FILTER (WHERE kind IN %(kinds)s), 0) AS plain
                                 FROM oms_settlement_line WHERE settlement_id = payout.id) line
           CROSS JOIN LATERAL (SELECT COALESCE(SUM(amount) FILTER (WHERE settled_on IS NULL), 0) AS total,
                                      COALESCE(SUM(amount) FILTER (WHERE cause IN %(causes)s), 0) AS plain
                                 FROM oms_settlement_rest WHERE settlement_id = payout.id) rest
                WHERE payout.company_id = %(company)s AND payout.state IN ('posted', 'reconciled')
                  AND payout.date >= %(since)s
                  AND (ABS(line.total - payout.total) > %(tolerance)s OR ABS(line.plain - rest.plain) > %(tolerance)s
                       OR ABS(payout.matched + rest.total - payout.total) > %(tolerance)s)
             ORDER BY payout.id LIMIT %(limit)s""",
            kinds=PLAIN_KINDS,
            causes=PLAIN_CAUSES,
            tolerance=TOLERANCE,
        )
        for payout, total, lines, explained, told, booked in rows:
            money = payout.currency_id.format
            words = {"payout": payout.display_name, "total": money(total)}
            if payout.currency_id.compare_amounts(lines, total):
                sentence = self.env._(
                    "%(payout)s is over %(total)s, and its lines come to %(lines)s.", lines=money(lines), **words
                )
                yield self._tell_payout(payout, total, lines, sentence)
            elif payout.currency_id.compare_amounts(explained, total):
                sentence = self.env._(
                    "%(payout)s is over %(total)s, and what it settles and explains comes to %(explained)s.",
                    explained=money(explained),
                    **words,
                )
                yield self._tell_payout(payout, total, explained, sentence)
            else:
                sentence = self.env._(
                    "%(payout)s: its lines have %(told)s of fees, reserves and the like, and %(booked)s were booked.",
                    told=money(told),
                    booked=money(booked),
                    **words,
                )
                yield self._tell_payout(payout, told, booked, sentence)

    def _find_other_orders(self, company, scope):
        """Lines that name one order and settle the payment of another."""
        rows = self._query_payouts(
            company,
            scope,
            """SELECT payout.id, line.id, line.order_id, tied.order_id, entry.id, line.amount
                 FROM oms_settlement payout
                 JOIN oms_settlement_line line ON line.settlement_id = payout.id AND line.order_id IS NOT NULL
                 JOIN account_move_line item ON item.id = line.matched_line_id
                 JOIN account_move entry ON entry.id = item.move_id
                 JOIN account_payment payment ON payment.id = entry.origin_payment_id
                 JOIN LATERAL (SELECT MIN(rel.sale_order_id) AS order_id, ARRAY_AGG(rel.sale_order_id) AS ids
                                 FROM sale_order_transaction_rel rel
                                WHERE rel.transaction_id = payment.payment_transaction_id) tied
                   ON line.order_id != ALL(tied.ids)
                WHERE payout.company_id = %(company)s AND payout.state IN ('posted', 'reconciled')
                  AND payout.date >= %(since)s
             ORDER BY line.id LIMIT %(limit)s""",
        )
        for payout, line_id, order_id, other_id, entry_id, amount in rows:
            order, other = self.env["sale.order"].browse((order_id, other_id))
            entry = self.env["account.move"].browse(entry_id)
            line = self.env["oms.settlement.line"].browse(line_id)
            sentence = self.env._(
                "%(payout)s, row %(row)s: %(amount)s are told for %(order)s, and settle %(entry)s of %(other)s.",
                payout=payout.display_name,
                row=line.row,
                amount=payout.currency_id.format(amount),
                order=order.display_name,
                entry=entry.display_name,
                other=other.display_name,
            )
            documents = (
                (line._name, line_id),
                (order._name, order_id),
                (other._name, other_id),
                (entry._name, entry_id),
            )
            yield self._tell_payout(payout, amount, 0, sentence, *documents)
