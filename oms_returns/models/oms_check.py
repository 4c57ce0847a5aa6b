"""What the auditor looks for in returns: store credit is what is owed for it, and costs go back as they came."""

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.oms_core.checks import Check, Violation
from odoo.addons.oms_core.domain.books import COST_TOLERANCE

#: Sums of float columns are off by less than this.
TOLERANCE = 0.005


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_checks(self):
        """Override of ``oms_core``: two more."""
        return super()._get_checks() + [
            Check(
                "store_credit",
                self.env._("Store credit is what is owed for it"),
                self.env._("The liability for store credit is the sum of the customers' balances, entry by entry."),
            ),
            Check(
                "reversed_cost",
                self.env._("Costs go back as they came"),
                self.env._("A credit note takes back the cost at which its goods were booked when they were sold."),
            ),
        ]

    @api.model
    def _get_sources(self):
        """Override of ``oms_core``: keys of what returns book."""
        return super()._get_sources() | {
            "refund": "oms.return",
            "channel_refund": "oms.channel.refund",
            "undo": "account.move",
            "return-vendor": "stock.picking",
        }

    # ---------------------------------------------------------------------------------------------------- STORE CREDIT

    @api.model
    def _check_store_credit(self, company, scope):
        """The whole ledger, whatever its age: a balance is a sum over all time."""
        yield from self._find_credit_that_is_not_owed(company, scope)
        yield from self._find_wrong_rests(company, scope)

    def _find_credit_that_is_not_owed(self, company, scope):
        """Entry by entry of the books: what the ledger says, and what stands on the account."""
        # Not made here where there is none yet: a check changes nothing.
        journal = self.env.ref(f"oms_core.company_{company.id}_store_credit_journal", raise_if_not_found=False)
        account_id = journal.default_account_id.id if journal else 0
        rows = self._query(
            SQL(
                """SELECT COALESCE(ledger.move_id, booked.move_id), ledger.id, COALESCE(ledger.amount, 0),
                          COALESCE(booked.amount, 0), COALESCE(ledger.currency_id, booked.currency_id)
                     FROM (SELECT e.move_id, CASE WHEN e.move_id IS NULL THEN e.id END AS lone, e.currency_id,
                                  MIN(e.id) AS id, SUM(e.amount) AS amount
                             FROM oms_store_credit_entry e WHERE e.company_id = %(company)s
                         GROUP BY e.move_id, CASE WHEN e.move_id IS NULL THEN e.id END, e.currency_id) ledger
                FULL JOIN (SELECT l.move_id, l.currency_id, -SUM(l.amount_currency) AS amount
                             FROM account_move_line l
                            WHERE l.account_id = %(account)s AND l.company_id = %(company)s AND l.parent_state = 'posted'
                         GROUP BY l.move_id, l.currency_id) booked
                       ON booked.move_id = ledger.move_id AND booked.currency_id = ledger.currency_id
                    WHERE ABS(COALESCE(ledger.amount, 0) - COALESCE(booked.amount, 0)) > %(tolerance)s
                 ORDER BY 1, 2 LIMIT %(limit)s""",
                account=account_id,
                tolerance=TOLERANCE,
                company=company.id,
                limit=scope.limit,
            )
        )
        for move_id, entry_id, owed, booked, currency_id in rows:
            currency = self.env["res.currency"].browse(currency_id)
            move = self.env["account.move"].browse(move_id)
            entry = self.env["oms.store.credit.entry"].browse(entry_id)
            words = {
                "entry": move.display_name if move else "",
                "customer": (entry or move).partner_id.display_name or "",
                "owed": currency.format(owed),
                "booked": currency.format(booked),
            }
            if not entry:
                text = self.env._(
                    "%(entry)s books %(booked)s as store credit, and no customer has a change of balance for it.",
                    **words,
                )
            elif not move:
                text = self.env._(
                    "%(customer)s's store credit changed by %(owed)s, and nothing is booked for it.", **words
                )
            else:
                text = self.env._(
                    "%(customer)s's store credit changed by %(owed)s, and %(entry)s books %(booked)s.", **words
                )
            todo = self.env._(
                "Find out which of the two is right: the customer's balance is put right by a correction, the account by an "
                "entry of its own."
            )
            violation = self._compare(
                "store_credit", entry or move, owed, booked, text, todo, entry.order_id.id or None
            )
            yield self._with_documents(violation, entry, move)

    def _find_wrong_rests(self, company, scope):
        """Lots of which not so much is left as was not taken."""
        rows = self._query(
            SQL(
                """SELECT e.id, e.amount_left, e.amount + COALESCE(SUM(t.amount), 0)
                     FROM oms_store_credit_entry e LEFT JOIN oms_store_credit_entry t ON t.lot_id = e.id
                    WHERE e.company_id = %(company)s AND e.amount > 0
                 GROUP BY e.id HAVING ABS(e.amount_left - e.amount - COALESCE(SUM(t.amount), 0)) > %(tolerance)s
                 ORDER BY e.id LIMIT %(limit)s""",
                company=company.id,
                tolerance=TOLERANCE,
                limit=scope.limit,
            )
        )
        for entry_id, left, due in rows:
            entry = self.env["oms.store.credit.entry"].browse(entry_id)
            text = self.env._(
                "%(customer)s can spend %(left)s of %(lot)s, and %(due)s of it were not taken yet.",
                customer=entry.partner_id.display_name,
                left=entry.currency_id.format(left),
                lot=entry.display_name,
                due=entry.currency_id.format(due),
            )
            todo = self.env._("Nobody can change this by hand: it was changed past Odoo, and has to be restored.")
            violation = self._compare("store_credit", entry, left, due, text, todo, entry.order_id.id or None)
            yield self._with_documents(violation, entry, entry.move_id)

    def _with_documents(self, violation, *records):
        return Violation(
            tuple((record._name, record.id) for record in records if record),
            violation.sentence,
            violation.todo,
            violation.amount,
            violation.order_id,
            violation.fault,
            violation.events,
        )

    # --------------------------------------------------------------------------------------------------- REVERSED COST

    @api.model
    def _check_reversed_cost(self, company, scope):
        """Line by line of the credit notes, against the line of the same order line and product on the reversed invoice."""
        rows = self._query(
            SQL(
                """SELECT i.id, cost.credited, origin.cost * i.quantity / origin.quantity, origin.move_id
                     FROM account_move m
                     JOIN account_move_line i ON i.move_id = m.id AND i.display_type = 'product' AND i.quantity > 0
                     JOIN (SELECT cl.cogs_origin_id AS id, SUM(cl.credit) AS credited FROM account_move_line cl
                            WHERE cl.display_type = 'cogs' GROUP BY cl.cogs_origin_id) cost ON cost.id = i.id
                     JOIN LATERAL (
                          SELECT o.move_id, SUM(c.debit) AS cost, MIN(o.quantity) AS quantity
                            FROM sale_order_line_invoice_rel r
                            JOIN sale_order_line_invoice_rel s ON s.order_line_id = r.order_line_id
                            JOIN account_move_line o ON o.id = s.invoice_line_id AND o.move_id = m.reversed_entry_id
                             AND o.product_id = i.product_id AND o.product_uom_id = i.product_uom_id AND o.quantity > 0
                            JOIN account_move_line c ON c.cogs_origin_id = o.id AND c.display_type = 'cogs'
                           WHERE r.invoice_line_id = i.id
                        GROUP BY o.move_id HAVING COUNT(DISTINCT o.id) = 1) origin ON TRUE
                    WHERE m.company_id = %(company)s AND m.state = 'posted' AND m.move_type = 'out_refund'
                      AND m.date >= %(since)s AND m.oms_channel_id IS NOT NULL
                      AND ABS(cost.credited - origin.cost * i.quantity / origin.quantity) > %(cent)s + %(tolerance)s
                 ORDER BY i.id LIMIT %(limit)s""",
                tolerance=TOLERANCE,
                cent=float(COST_TOLERANCE),
                **self._get_parameters(company, scope),
            )
        )
        money = company.currency_id.format
        for item_id, credited, due, invoice_id in rows:
            item = self.env["account.move.line"].browse(item_id)
            order = item.sale_line_ids.order_id[:1]
            yield Violation(
                ((item.move_id._name, item.move_id.id), (item._name, item.id), ("account.move", invoice_id)),
                self.env._(
                    "%(entry)s takes back %(credited)s of cost for %(product)s, which %(invoice)s booked at %(due)s.",
                    entry=item.move_id.display_name,
                    credited=money(credited),
                    due=money(due),
                    product=item.product_id.name,
                    invoice=self.env["account.move"].browse(invoice_id).display_name,
                ),
                self.env._(
                    "Reset the credit note to draft and make it from the invoice, so that it takes back the same cost."
                ),
                company.currency_id.round(abs(credited - due)),
                order.id,
                ("reversed_cost", f"account.move.line,{item.id}"),
            )
