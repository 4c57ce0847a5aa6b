"""Checks of entries: that they balance, are as they were made, are all there, and each once."""

from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..checks import Violation
from ..const import CHECK_PAGE_ROWS
from ..domain.books import Event
from .oms_check_history import exact

#: Quantities and amounts in float columns are off by less than this.
TOLERANCE = 0.005


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    # -------------------------------------------------------------------------------------------------------- BALANCED

    @api.model
    def _check_balanced(self, company, scope):
        """All entries, however old: one sum over the items is cheap, and somebody with the database at hand can change any."""
        torn = SQL(
            """BOOL_OR(l.parent_state IS DISTINCT FROM m.state OR l.company_id != m.company_id OR l.date IS DISTINCT FROM m.date
                       OR l.journal_id != m.journal_id OR ABS(l.debit - l.credit - l.balance) > %s)""",
            TOLERANCE,
        )
        rows = self._query(
            SQL(
                """SELECT m.id, COALESCE(SUM(l.debit), 0), COALESCE(SUM(l.credit), 0), %(torn)s
                     FROM account_move m JOIN account_move_line l ON l.move_id = m.id
                    WHERE m.company_id = %(company)s AND m.state = 'posted'
                 GROUP BY m.id
                   HAVING ABS(SUM(l.debit) - SUM(l.credit)) > %(tolerance)s OR ABS(SUM(l.balance)) > %(tolerance)s OR %(torn)s
                 ORDER BY m.id LIMIT %(limit)s""",
                torn=torn,
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        todo = self.env._(
            "Nobody can book this by hand: the entry was changed past Odoo. Compare it with its document and with a backup, "
            "and have it restored."
        )
        money = company.currency_id.format
        for move_id, debit, credit, torn in rows:
            move = self.env["account.move"].browse(move_id)
            words = {"entry": move.display_name, "debit": money(debit), "credit": money(credit)}
            if torn and abs(debit - credit) <= TOLERANCE:
                sentence = self.env._(
                    "Items of %(entry)s say of themselves something else than their entry: its day, state, journal, company "
                    "or balance.",
                    **words,
                )
            else:
                sentence = self.env._("%(entry)s does not balance: debits are %(debit)s, credits %(credit)s.", **words)
            yield self._compare("balanced", move, debit, credit, sentence, todo)

    # ---------------------------------------------------------------------------------------------------------- EDITED

    @api.model
    def _check_edited(self, company, scope):
        """Invoices of channels, and the payments of what was taken."""
        todo = self.env._(
            "Compare the document with what was sent to the customer. If the entry was changed by mistake, reset it to draft "
            "and post it again; if not, say here why it is right."
        )
        for move, name, said, sums in self._find_edited_invoices(company, scope):
            sentence = self.env._(
                "%(entry)s says %(said)s as its %(what)s, and its items come to %(sum)s.",
                entry=move.display_name,
                what=name,
                said=move.currency_id.format(said),
                sum=move.currency_id.format(sums),
            )
            yield self._compare("edited", move, said, sums, sentence, todo)
        rows = self._query(
            SQL(
                """SELECT m.id, MIN(p.amount), MIN(ABS(t.amount)), SUM(GREATEST(l.amount_currency, 0)), MIN(p.currency_id),
                          MIN(t.id)
                     FROM account_payment p
                     JOIN account_move m ON m.id = p.move_id AND m.state = 'posted'
                     JOIN payment_transaction t ON t.id = p.payment_transaction_id
                     JOIN account_move_line l ON l.move_id = m.id AND l.currency_id = p.currency_id
                    WHERE p.company_id = %(company)s AND m.date >= %(since)s AND p.oms_key IS NOT NULL
                 GROUP BY m.id
                   HAVING ABS(SUM(GREATEST(l.amount_currency, 0)) - MIN(ABS(t.amount))) > %(tolerance)s
                       OR ABS(MIN(p.amount) - MIN(ABS(t.amount))) > %(tolerance)s
                 ORDER BY m.id LIMIT %(limit)s""",
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        for move_id, paid, taken, booked, currency_id, transaction_id in rows:
            move = self.env["account.move"].browse(move_id)
            money = self.env["res.currency"].browse(currency_id).format
            order = self.env["payment.transaction"].browse(transaction_id).sale_order_ids[:1]
            wrong = booked if abs(booked - taken) > TOLERANCE else paid
            yield Violation(
                ((move._name, move.id),),
                self.env._(
                    "%(entry)s books %(booked)s for a payment of %(taken)s.",
                    entry=move.display_name,
                    booked=money(wrong),
                    taken=money(taken),
                ),
                todo,
                abs(move.company_currency_id.round(wrong - taken)),
                order.id,
                ("edited", f"account.move,{move.id}"),
            )

    def _find_edited_invoices(self, company, scope):
        """(invoice, what, what it says, what its items come to)

        Where Odoo takes taxes out of the prices, or rounds them over the whole document, the amount of each item may be a cent
        off what is shown as its price; amounts that we pinned are exact.
        """
        rows = self._query(
            SQL(
                """SELECT m.id, m.amount_total, sums.total, m.amount_untaxed, sums.net, sums.priced, m.amount_tax, sums.tax,
                          c.rounding * (0.5 + sums.rounded)
                     FROM account_move m
                     JOIN res_currency c ON c.id = m.currency_id
                     JOIN res_company o ON o.id = m.company_id
             CROSS JOIN LATERAL (
                   SELECT COALESCE(SUM(-sign * l.amount_currency) FILTER (WHERE l.display_type = 'payment_term'), 0) AS total,
                          COALESCE(SUM(sign * l.amount_currency) FILTER (WHERE l.display_type IN ('product', 'rounding')), 0)
                            AS net,
                          COALESCE(SUM(l.price_subtotal) FILTER (WHERE l.display_type = 'product'), 0)
                            + COALESCE(SUM(sign * l.amount_currency) FILTER (WHERE l.display_type = 'rounding'), 0) AS priced,
                          COALESCE(SUM(sign * l.amount_currency) FILTER (WHERE l.display_type = 'tax'), 0) AS tax,
                          COUNT(*) FILTER (WHERE l.display_type = 'product' AND l.extra_tax_data IS NULL
                                           AND (o.tax_calculation_rounding_method = 'round_globally' OR %(has_included)s)
                          ) AS rounded
                     FROM account_move_line l, (SELECT CASE m.move_type WHEN 'out_invoice' THEN -1 ELSE 1 END AS sign) s
                    WHERE l.move_id = m.id) sums
                    WHERE m.company_id = %(company)s AND m.state = 'posted' AND m.date >= %(since)s
                      AND m.move_type IN ('out_invoice', 'out_refund') AND m.oms_channel_id IS NOT NULL
                      AND (ABS(m.amount_total - sums.total) > c.rounding / 2 OR ABS(m.amount_untaxed - sums.net) > c.rounding / 2
                           OR ABS(m.amount_untaxed - sums.priced) > c.rounding * (0.5 + sums.rounded)
                           OR ABS(m.amount_tax - sums.tax) > c.rounding / 2)
                 ORDER BY m.id LIMIT %(limit)s""",
                has_included=SQL(
                    """EXISTS (SELECT 1 FROM account_move_line_account_tax_rel r JOIN account_tax t ON t.id = r.account_tax_id
                                WHERE r.account_move_line_id = l.id
                                  AND COALESCE(t.price_include_override, o.account_price_include) = 'tax_included')"""
                ),
                **self._get_parameters(company, scope),
            )
        )
        names = (self.env._("total"), self.env._("amount without tax"), self.env._("tax"))
        for move_id, total, total_sum, net, net_sum, priced, tax, tax_sum, rounded in rows:
            move = self.env["account.move"].browse(move_id)
            half = move.currency_id.rounding / 2
            pairs = (
                (names[1], net, net_sum, half),
                (names[1], net, priced, rounded),
                (names[2], tax, tax_sum, half),
                (names[0], total, total_sum, half),
            )
            name, said, sums = next((name, said, sums) for name, said, sums, most in pairs if abs(said - sums) > most)
            yield move, name, said, sums

    # --------------------------------------------------------------------------------------------------------- MISSING

    @api.model
    def _check_missing(self, company, scope):
        yield from self._find_unbooked_money(company, scope)
        yield from self._find_unbooked_repayments(company, scope)
        yield from self._find_unposted(company, scope)
        yield from self._find_uninvoiced(company, scope)

    def _get_bookable_money(self, company, scope):
        """Domain of the transactions that should have been booked by now, with or without a payment."""
        sold = Domain("sale_order_ids.state", "=", "sale") | (
            Domain("sale_order_ids.state", "=", "cancel") & Domain("sale_order_ids.oms_called_off", "=", False)
        )
        return (
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "done")
            & Domain("amount", "!=", 0)
            & Domain("provider_id.code", "=", "none")
            & Domain("sale_order_ids.oms_channel_id", "!=", False)
            & Domain("create_date", "<", scope.before)
            & Domain("create_date", ">=", scope.since)
            & sold
            & self.env["sale.order"]._oms_bookable_tenders()
        )

    def _find_unbooked_repayments(self, company, scope):
        """Repayments that nobody has booked: neither the system, nor an accountant whose entry is matched with the order's."""
        unbooked = Domain("payment_id", "=", False) & Domain("operation", "=", "refund")
        transactions = self.env["payment.transaction"].search(
            self._get_bookable_money(company, scope) & unbooked, order="id"
        )
        found = 0
        for order, repayments in transactions.grouped(lambda tx: tx.sale_order_ids[:1]).items():
            left = sum(exact(-tx.amount) for tx in repayments) - order._oms_get_repaid_by_hand()
            for tx in repayments.sorted("id", reverse=True):
                amount = min(left, exact(-tx.amount))
                if amount <= TOLERANCE or found >= scope.limit:
                    break
                left -= amount
                found += 1
                yield Violation(
                    ((order._name, order.id), (tx._name, tx.id)),
                    self.env._(
                        "%(amount)s that went back for %(order)s (%(reference)s) are not booked.",
                        amount=tx.currency_id.format(-tx.amount),
                        order=order.display_name,
                        reference=tx.provider_reference or tx.reference,
                    ),
                    self.env._(
                        "Register the payment on the credit note of the order, or on what had been paid too much. Where "
                        "somebody has booked it, match that entry with them."
                    ),
                    company.currency_id.round(float(amount) / (order.currency_rate or 1)),
                    order.id,
                    ("missing", f"payment.transaction,{tx.id}"),
                )

    def _find_unbooked_money(self, company, scope):
        unbooked = Domain("payment_id", "=", False) & Domain("operation", "!=", "refund")
        no_entry = Domain("payment_id.state", "in", ("in_process", "paid")) & (
            Domain("payment_id.move_id", "=", False) | Domain("payment_id.move_id.state", "!=", "posted")
        )
        transactions = self.env["payment.transaction"].search(
            self._get_bookable_money(company, scope) & (unbooked | no_entry), order="id", limit=scope.limit
        )
        for tx in transactions:
            order = tx.sale_order_ids[:1]
            rate = order.currency_rate or 1
            yield Violation(
                ((order._name, order.id), (tx._name, tx.id)),
                self.env._(
                    "%(amount)s that were taken for %(order)s (%(reference)s) are not booked.%(why)s",
                    amount=tx.currency_id.format(tx.amount),
                    order=order.display_name,
                    reference=tx.provider_reference or tx.reference,
                    why=f" {order.oms_booking_error}" if order.oms_booking_error else "",
                ),
                self.env._(
                    "Open the order, remove what is in the way and press “Book Again”. Where the entry was deleted, register the "
                    "payment once more."
                ),
                company.currency_id.round(abs(tx.amount) / rate),
                order.id,
                ("missing", f"payment.transaction,{tx.id}"),
            )

    def _find_unposted(self, company, scope):
        """Entries of ours that were prepared, and that nobody posted."""
        moves = self.env["account.move"].search(
            [
                ("company_id", "=", company.id),
                ("oms_key", "!=", False),
                ("state", "=", "draft"),
                ("create_date", "<", scope.before),
                ("date", ">=", scope.since),
            ],
            order="id",
            limit=scope.limit,
        )
        for move in moves:
            yield self._compare(
                *("missing", move, abs(move.amount_total_signed), 0),
                self.env._("%s was prepared and is not posted.", move.display_name),
                self.env._("Post it, or delete it if somebody has booked the same by hand."),
            )

    def _find_uninvoiced(self, company, scope):
        rows = self._query_pages(
            lambda last: SQL(
                """SELECT l.id, o.id, l.qty_to_invoice,
                          l.price_total * l.qty_to_invoice / l.product_uom_qty / COALESCE(NULLIF(o.currency_rate, 0), 1)
                     FROM sale_order o
                     JOIN oms_channel c ON c.id = o.oms_channel_id AND c.invoice_policy != 'manual'
                     JOIN sale_order_line l ON l.order_id = o.id AND l.qty_to_invoice > 0 AND l.product_uom_qty > 0
                    WHERE o.company_id = %(company)s AND o.state = 'sale' AND o.create_date < %(before)s AND %(recent)s
                      AND l.id > %(last)s
                      AND NOT EXISTS (SELECT 1 FROM stock_move s
                                       WHERE s.sale_line_id = l.id AND s.state = 'done' AND s.write_date >= %(before)s)
                 ORDER BY l.id""",
                last=last,
                before=scope.before,
                recent=self._get_recent_sql(scope),
                **self._get_parameters(company, scope),
            )
        )
        for line_id, order_id, quantity, amount in rows:
            order = self.env["sale.order"].browse(order_id)
            if not order._oms_is_to_invoice():
                continue  # its discount is more than what has left so far
            line = self.env["sale.order.line"].browse(line_id)
            yield Violation(
                ((order._name, order_id), (line._name, line_id)),
                self.env._(
                    "%(quantity)g × %(product)s of %(order)s should have been invoiced, and no invoice has it.%(why)s",
                    quantity=quantity,
                    product=line.product_id.name,
                    order=order.display_name,
                    why=f" {order.oms_booking_error}" if order.oms_booking_error else "",
                ),
                self.env._("Open the order, remove what is in the way and press “Book Again”, or invoice it by hand."),
                company.currency_id.round(amount),
                order_id,
                ("missing", str(line_id)),
                (
                    Event(
                        *(f"due-{line_id}", "compared", self.env._("%g due to be invoiced", quantity)),
                        *("", (order._name, order_id, order.display_name)),
                        line=str(line_id),
                        code="missing",
                        amount=exact(quantity),
                    ),
                ),
            )

    # --------------------------------------------------------------------------------------------------------- DOUBLED

    @api.model
    def _check_doubled(self, company, scope):
        rows = self._query(
            SQL(
                """SELECT t.id, ARRAY_AGG(m.id ORDER BY m.id), MIN(p.amount)
                     FROM account_payment p
                     JOIN account_move m ON m.id = p.move_id AND m.state = 'posted'
                     JOIN payment_transaction t ON t.id = p.payment_transaction_id
                    WHERE p.company_id = %(company)s AND t.company_id = %(company)s AND m.date >= %(since)s
                 GROUP BY t.id HAVING COUNT(*) > 1 ORDER BY t.id LIMIT %(limit)s""",
                **self._get_parameters(company, scope),
            )
        )
        for transaction_id, move_ids, amount in rows:
            tx = self.env["payment.transaction"].browse(transaction_id)
            moves = self.env["account.move"].browse(move_ids)
            order = tx.sale_order_ids[:1]
            yield Violation(
                tuple((move._name, move.id) for move in moves[1:] | moves[0]),
                self.env._(
                    "The payment %(reference)s of %(amount)s is booked %(times)s times: %(entries)s.",
                    reference=tx.provider_reference or tx.reference,
                    amount=tx.currency_id.format(tx.amount),
                    times=len(moves),
                    entries=", ".join(moves.mapped("name")),
                ),
                self.env._("Reverse all of these entries but the one that is matched with the invoice."),
                company.currency_id.round(abs(amount) / (order.currency_rate or 1)) * (len(moves) - 1),
                order.id,
                ("doubled", f"payment.transaction,{tx.id}"),
            )

    # ---------------------------------------------------------------------------------------------------------- ORPHAN

    @api.model
    def _get_sources(self):
        """Hook: {first word of a posting key: model whose id is the second one}."""
        return {"invoice": "sale.order", "accrual": "res.company"}

    @api.model
    def _check_orphan(self, company, scope):
        """Keys whose first word nobody knows are other people's; what was booked and reversed has each other for a cause."""
        sources = [
            SQL(
                """SELECT m.id FROM account_move m
                    WHERE m.company_id = %(company)s AND m.state = 'posted' AND m.oms_key LIKE %(like)s
                      AND m.oms_key ~ '^[^:]+:[0-9]+(:|$)'
                      -- a credit note is a reversal too, and an event of its own
                      AND NOT EXISTS (SELECT 1 FROM account_move r
                                       WHERE m.move_type = 'entry' AND r.move_type = 'entry' AND r.state = 'posted'
                                         AND (r.reversed_entry_id = m.id OR r.id = m.reversed_entry_id))
                      AND NOT EXISTS (SELECT 1 FROM %(table)s s
                                       WHERE s.id = substring(m.oms_key FROM '^[^:]+:([0-9]+)')::bigint)""",
                company=company.id,
                like=f"{word.replace('_', chr(92) + '_')}:%",
                table=SQL.identifier(self.env[model]._table),
            )
            for word, model in self._get_sources().items()
        ]
        sources.append(
            SQL(
                """SELECT m.id FROM account_payment p JOIN account_move m ON m.id = p.move_id AND m.state = 'posted'
                    WHERE p.company_id = %(company)s AND p.oms_key LIKE 'payment:%%'
                      AND NOT EXISTS (SELECT 1 FROM payment_transaction t WHERE t.reference = substr(p.oms_key, 9))""",
                company=company.id,
            )
        )
        rows = self._query(
            SQL("%s ORDER BY 1 LIMIT %s", SQL(" UNION ").join(sources), scope.limit),
        )
        for (move_id,) in rows:
            move = self.env["account.move"].browse(move_id)
            key = move.oms_key or move.origin_payment_id.oms_key
            yield Violation(
                ((move._name, move.id),),
                self.env._("%(entry)s books “%(key)s”, and there is no such thing.", entry=move.display_name, key=key),
                self.env._("Find out who deleted what it books. If it never happened, reverse the entry."),
                abs(move.amount_total_signed),
                None,
                ("orphan", f"account.move,{move.id}"),
                (
                    Event(
                        *(f"account.move,{move.id}", "posted", self.env._("Booked: %s", move.ref or move.name)),
                        *(move.create_date.isoformat(timespec="seconds"), (move._name, move.id, move.display_name)),
                        of=key,
                        amount=exact(abs(move.amount_total)),
                    ),
                ),
            )

    # --------------------------------------------------------------------------------------------------------- HELPERS

    @api.model
    def _query(self, sql):
        """Rows of a query with numbers as Odoo has them."""
        return [
            tuple(float(value) if isinstance(value, Decimal) else value for value in row)
            for row in self.env.execute_query(sql)
        ]

    @api.model
    def _query_pages(self, get_query):
        """Rows of a query that are judged again one by one. A limit would count those that turn out to be right, too.

        :param get_query: the query of what comes after the row that begins with this id, in the order of these ids.
        """
        last = 0
        while rows := self._query(SQL("%s LIMIT %s", get_query(last), CHECK_PAGE_ROWS)):
            yield from rows
            if len(rows) < CHECK_PAGE_ROWS:
                break
            last = rows[-1][0]

    @api.model
    def _get_parameters(self, company, scope):
        return {"company": company.id, "since": scope.since, "limit": scope.limit}

    @api.model
    def _get_recent_sql(self, scope):
        """Orders ``o`` that something has happened to since."""
        return SQL("(o.date_order >= %s OR o.write_date >= %s)", scope.since, scope.since)

    @api.model
    def _compare(self, code, record, number, other, sentence, todo, order_id=None, amount=None):
        """A violation of a document that says two numbers where there should be one.

        Where they are equal, what does not agree is no number: the violation is told without an event.

        :param amount: of the violation, where the numbers are no amounts.
        """
        name = f"{record._name},{record.id}"
        event = Event(
            *(name, "compared", sentence, record.create_date.isoformat(timespec="seconds")),
            (record._name, record.id, record.display_name),
            code=code,
            amount=exact(number),
            other=exact(other),
        )
        differs = event.amount != event.other
        return Violation(
            ((record._name, record.id),),
            sentence,
            todo,
            record.company_id.currency_id.round(float(abs(number - other)) if amount is None else amount),
            order_id,
            (code, name) if differs else ("", ""),
            (event,),
        )
