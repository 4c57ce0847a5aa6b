"""Entries that somebody has changed after they were booked, so that they still balance: another day, account or rate."""

from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL, format_date

from ..checks import Check, Violation
from ..domain.books import Event
from .account_move_post import BOOKED
from .oms_check_entries import TOLERANCE
from .oms_check_history import exact

#: Entries that a sentence names; of more it tells how many.
NAMED_MAX = 3


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_checks(self):
        """Override: rates are looked at by a check of their own, as it is often the rate that was changed and no entry."""
        return [
            *super()._get_checks(),
            Check(
                "rates",
                self.env._("Entries have the rate of their day"),
                self.env._(
                    "Invoices and payments in other currencies are booked at the rate of their day, or of the last one before."
                ),
                "warning",
                self.env._(
                    "Credit notes, which have the rate of their invoice, and payouts, which keep what they book."
                ),
            ),
        ]

    # ---------------------------------------------------------------------------------------------------------- EDITED

    @api.model
    def _check_edited(self, company, scope):
        """Override: entries that balance and have their total, and are not what was booked."""
        yield from super()._check_edited(company, scope)
        yield from self._find_changed_entries(company, scope)
        yield from self._find_moved_in_time(company, scope)
        yield from self._find_moved_payments(company, scope)

    def _find_changed_entries(self, company, scope):
        """Entries of ours against what they were booked with. What does not balance any more is told elsewhere."""
        rows = self._query(
            SQL(
                """SELECT m.id, m.oms_booked, now.booked
                     FROM account_move m
             CROSS JOIN LATERAL (SELECT %(booked)s AS booked) now
                    WHERE m.company_id = %(company)s AND m.state = 'posted' AND m.oms_booked IS NOT NULL
                      AND (m.date >= %(since)s OR m.oms_booked ->> 'date' >= %(since)s::text)
                      AND m.oms_booked IS DISTINCT FROM now.booked
                      AND ABS((SELECT SUM(l.balance) FROM account_move_line l WHERE l.move_id = m.id)) < %(tolerance)s
                 ORDER BY m.id LIMIT %(limit)s""",
                booked=BOOKED,
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        todo = self.env._(
            "If this was meant, say here why. If not, undo what made the entry and have it booked again, or reset the entry to "
            "draft and give it back what it had."
        )
        for move_id, was, now in rows:
            move = self.env["account.move"].browse(move_id)
            then, there, sentence, amount = self._tell_change(move, was, now)
            yield self._compare("edited", move, then, there, sentence, todo, amount=amount)

    def _tell_change(self, move, was, now):
        """(a number as it was booked, as it is now, the sentence about them, the amount) of an entry that was changed."""
        whole = abs(move.amount_total_signed)
        if was["date"] != now["date"]:
            sentence = self.env._(
                "%(entry)s was booked on %(then)s, and stands on %(now)s now.",
                entry=move.display_name,
                then=format_date(self.env, was["date"]),
                now=format_date(self.env, now["date"]),
            )
            return _as_number(was["date"]), _as_number(now["date"]), sentence, whole
        if was["journal"] != now["journal"]:
            journals = self.env["account.journal"].browse((was["journal"], now["journal"])).mapped("display_name")
            sentence = self.env._(
                "%(entry)s was booked in the journal %(then)s, and stands in %(now)s now.",
                entry=move.display_name,
                then=journals[0],
                now=journals[1],
            )
            return was["journal"], now["journal"], sentence, whole
        rows = [
            (key, self._get_sums(was, key), self._get_sums(now, key))
            for key in sorted({key.partition(":")[::2] for key in (was["accounts"] | now["accounts"])})
        ]
        (account, foreign), then, there = max(
            rows,
            key=lambda row: (abs(row[2][0] - row[1][0]), abs(row[2][1] - row[1][1]), abs(row[1][0]) > abs(row[2][0])),
        )
        own = then[0] != there[0]
        currency = move.company_currency_id if own else self.env["res.currency"].browse(int(foreign))
        then, there = (sums[0 if own else 1] for sums in (then, there))
        sentence = self.env._(
            "%(entry)s was booked with %(then)s on %(account)s, and has %(now)s there now.",
            entry=move.display_name,
            account=self.env["account.account"].browse(int(account)).display_name,
            then=currency.format(then),
            now=currency.format(there),
        )
        if others := {int(key[0]) for key, before, after in rows if before != after} - {int(account)}:
            names = self.env["account.account"].browse(sorted(others)).mapped("display_name")
            sentence = self.env._(
                "%(sentence)s Also changed: %(accounts)s.", sentence=sentence, accounts=", ".join(names)
            )
        return then, there, sentence, None

    @staticmethod
    def _get_sums(booked, key):
        return tuple(booked["accounts"].get(":".join(key), (0, 0)))

    def _find_moved_in_time(self, company, scope):
        """Invoices and payments that stand on another day than their document. Later is right where the books were closed."""
        rows = self._query_pages(
            lambda last: SQL(
                """SELECT m.id, m.date, d.day
                     FROM account_move m
             CROSS JOIN LATERAL (SELECT m.invoice_date AS day, 0 AS near
                                  WHERE m.move_type IN ('out_invoice', 'out_refund') AND m.oms_channel_id IS NOT NULL
                                  UNION ALL
                                 -- the day of the company may be another one than that of the clock
                                 SELECT t.last_state_change::date, 1
                                   FROM account_payment p JOIN payment_transaction t ON t.id = p.payment_transaction_id
                                  WHERE p.move_id = m.id AND p.oms_key IS NOT NULL) d
                    WHERE m.company_id = %(company)s AND m.state = 'posted' AND (m.date >= %(since)s OR d.day >= %(since)s)
                      AND ABS(m.date - d.day) > d.near AND m.id > %(last)s
                 ORDER BY m.id""",
                last=last,
                **self._get_parameters(company, scope),
            )
        )
        for move_id, there, then in rows:
            move = self.env["account.move"].browse(move_id)
            if there > then and company._get_violated_lock_dates(then, True, move.journal_id):
                continue
            yield self._compare(
                *("edited", move, _as_number(there), _as_number(then)),
                self.env._(
                    "%(entry)s stands on %(now)s in the books, and its document is of %(then)s.",
                    entry=move.display_name,
                    now=format_date(self.env, there),
                    then=format_date(self.env, then),
                ),
                self.env._(
                    "Reset it to draft, give it the day of its document, and post it again; where that is closed, say here why "
                    "it stands on another day."
                ),
                amount=abs(move.amount_total_signed),
            )

    def _find_moved_payments(self, company, scope):
        """Payments without an item on one of the two accounts that they are about."""
        rows = self._query(
            SQL(
                """SELECT m.id, a.id, p.amount
                     FROM account_payment p
                     JOIN account_move m ON m.id = p.move_id AND m.state = 'posted'
             CROSS JOIN LATERAL unnest(ARRAY[p.outstanding_account_id, p.destination_account_id]) a(id)
                    WHERE p.company_id = %(company)s AND m.date >= %(since)s AND p.oms_key IS NOT NULL AND a.id IS NOT NULL
                      AND NOT EXISTS (SELECT 1 FROM account_move_line l WHERE l.move_id = m.id AND l.account_id = a.id)
                 ORDER BY m.id, a.id LIMIT %(limit)s""",
                **self._get_parameters(company, scope),
            )
        )
        for move_id, account_id, amount in rows:
            move = self.env["account.move"].browse(move_id)
            yield self._compare(
                *("edited", move, amount, 0),
                self.env._(
                    "%(entry)s has nothing on %(account)s, where its payment belongs.",
                    entry=move.display_name,
                    account=self.env["account.account"].browse(account_id).display_name,
                ),
                self.env._("Reset the payment to draft and post it again, so that Odoo makes its items anew."),
            )

    # ----------------------------------------------------------------------------------------------------------- TAXES

    @api.model
    def _check_taxes(self, company, scope):
        """Override: the amount may be right and the tax another one, of another country or rate; the tax report is wrong then."""
        told = set()
        for violation in super()._check_taxes(company, scope):
            told.update(document for document in violation.documents if document[0] == "sale.order.line")
            yield violation
        charged = self.env["sale.order.line"]._fields["tax_ids"]
        rows = self._query(
            SQL(
                """SELECT l.id, m.id, booked.ids, charged.ids, i.price_total - i.price_subtotal
                     FROM account_move m
                     JOIN account_move_line i ON i.move_id = m.id AND i.display_type = 'product'
                     JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = i.id
                     JOIN sale_order_line l ON l.id = r.order_line_id AND l.oms_external_id IS NOT NULL
             CROSS JOIN LATERAL (SELECT ARRAY_AGG(t.account_tax_id ORDER BY 1) AS ids
                                   FROM account_move_line_account_tax_rel t WHERE t.account_move_line_id = i.id) booked
             CROSS JOIN LATERAL (SELECT ARRAY_AGG(t.account_tax_id ORDER BY 1) AS ids
                                   FROM %(charged)s t WHERE t.sale_order_line_id = l.id) charged
                    WHERE m.company_id = %(company)s AND m.state = 'posted' AND m.date >= %(since)s
                      AND m.move_type = 'out_invoice' AND m.oms_channel_id IS NOT NULL
                      AND booked.ids IS DISTINCT FROM charged.ids
                 ORDER BY l.id, m.id LIMIT %(limit)s""",
                charged=SQL.identifier(charged.relation),
                **self._get_parameters(company, scope),
            )
        )
        for line_id, move_id, booked, due, amount in rows:
            line, move = self.env["sale.order.line"].browse(line_id), self.env["account.move"].browse(move_id)
            if (line._name, line.id) in told:
                continue
            names = [
                ", ".join(self.env["account.tax"].browse(ids or ()).mapped("name")) or self.env._("no tax")
                for ids in (due, booked)
            ]
            yield Violation(
                ((move._name, move_id), (line._name, line_id), (line.order_id._name, line.order_id.id)),
                self.env._(
                    "The channel charged %(due)s for %(line)s in %(order)s, and %(invoice)s has %(booked)s.",
                    due=names[0],
                    booked=names[1],
                    line=line.product_id.name or line.name,
                    order=line.order_id.display_name,
                    invoice=move.display_name,
                ),
                self.env._(
                    "Reset the invoice to draft, give the line the tax of the order, and post it again; or say here why the "
                    "channel was wrong."
                ),
                abs(move.company_currency_id.round(amount / (line.order_id.currency_rate or 1))),
                line.order_id.id,
            )

    # ----------------------------------------------------------------------------------------------------------- RATES

    @api.model
    def _check_rates(self, company, scope):
        """Day by day: of a rate that was changed, many entries tell the same. A rate often comes after the first entries of its
        day, so that of the last one before is right too."""
        rows = self._query(
            SQL(
                """WITH rate AS (
                          SELECT r.currency_id, r.name AS day, r.rate, r.id,
                                 LAG(r.rate) OVER (PARTITION BY r.currency_id, r.company_id ORDER BY r.name) AS before,
                                 r.company_id
                            FROM res_currency_rate r WHERE r.company_id IS NULL OR r.company_id = %(root)s),
                        booked AS (
                          SELECT m.id, m.currency_id, COALESCE(m.invoice_date, m.date) AS day, COUNT(*) AS items,
                                 SUM(GREATEST(l.balance, 0)) AS own, SUM(GREATEST(l.amount_currency, 0)) AS amount
                            FROM account_move m
                            JOIN account_move_line l ON l.move_id = m.id AND l.display_type IS DISTINCT FROM 'cogs'
                             AND l.currency_id = m.currency_id
                           WHERE m.company_id = %(company)s AND m.state = 'posted' AND m.date >= %(since)s
                             AND m.currency_id != %(own)s AND m.oms_channel_id IS NOT NULL
                             AND (m.move_type = 'out_invoice' OR m.origin_payment_id IS NOT NULL)
                        GROUP BY m.id),
                        told AS (
                          SELECT b.*, f.id AS rate_id, f.rate / COALESCE(o.rate, 1) AS rate,
                                 COALESCE(f.before, f.rate) / COALESCE(o.before, o.rate, 1) AS before
                            FROM booked b
                       JOIN LATERAL (SELECT r.* FROM rate r
                                      WHERE r.currency_id = b.currency_id AND r.day <= b.day
                                   ORDER BY r.company_id, r.day DESC LIMIT 1) f ON f.rate > 0
                       LEFT JOIN LATERAL (SELECT r.* FROM rate r
                                           WHERE r.currency_id = %(own)s AND r.day <= b.day
                                        ORDER BY r.company_id, r.day DESC LIMIT 1) o ON TRUE)
                   SELECT rate_id, day, rate, ARRAY_AGG(id ORDER BY id), SUM(own), SUM(amount), SUM(ABS(own - amount / rate))
                     FROM told
                    WHERE ABS(own - amount / rate) > items * %(cent)s + %(tolerance)s
                      AND ABS(own - amount / before) > items * %(cent)s + %(tolerance)s
                 GROUP BY rate_id, day, rate, currency_id ORDER BY day, rate_id LIMIT %(limit)s""",
                root=company.root_id.id,
                own=company.currency_id.id,
                cent=company.currency_id.rounding,
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        for rate_id, day, rate, move_ids, own, amount, difference in rows:
            moves = self.env["account.move"].browse(move_ids)
            told = self.env["res.currency.rate"].browse(rate_id)
            names = ", ".join(moves[:NAMED_MAX].mapped("name"))
            more = len(moves) - NAMED_MAX
            event = Event(
                *(f"res.currency.rate,{rate_id}", "compared", names, str(day)),
                (moves[0]._name, moves[0].id, moves[0].display_name),
                code="rates",
                amount=exact(own),
                other=exact(amount / rate),
            )
            yield Violation(
                ((moves[0]._name, moves[0].id), (told._name, rate_id)),
                self.env._(
                    "%(entries)s of %(day)s are booked at %(booked)s %(currency)s for 1 %(own)s, and the rate of that day is "
                    "%(rate)s now.",
                    entries=self.env._("%(names)s and %(more)s more", names=names, more=more) if more > 0 else names,
                    day=format_date(self.env, day),
                    booked=f"{amount / own:.6g}" if own else "0",
                    currency=told.currency_id.name,
                    own=company.currency_id.name,
                    rate=f"{rate:.6g}",
                ),
                self.env._(
                    "If the rate was changed since, put it back: what is booked stays as it is. If it is right, say here why "
                    "the entries have another one."
                ),
                company.currency_id.round(difference),
                None,
                ("rates", event.id),
                (event,),
            )


def _as_number(day):
    """A day as a number that people can read: 20261231."""
    return Decimal(str(day)[:10].replace("-", ""))
