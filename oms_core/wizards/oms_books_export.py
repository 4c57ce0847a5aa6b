"""The books of the order management for somebody else's program: what we booked, for it to add up."""

import base64
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..const import BOOKS_EXPORT_MAX
from ..domain.beancount import Account, Entry, Item, write

#: How many places the currencies' amounts have at most.
ZERO = Decimal(0)


class OmsBooksExport(models.TransientModel):
    _name = "oms.books.export"
    _description = "Export of the Books"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    date_from = fields.Date(
        string="From", required=True, default=lambda self: fields.Date.today().replace(month=1, day=1)
    )
    date_to = fields.Date(string="To", required=True, default=fields.Date.context_today)
    journal_ids = fields.Many2many(
        "account.journal",
        string="Journals",
        compute="_compute_journal_ids",
        store=True,
        readonly=False,
        check_company=True,
        help="All journals in which something of a channel is booked, if you do not choose others.",
    )
    file = fields.Binary(readonly=True, attachment=False)
    file_name = fields.Char(readonly=True)

    @api.depends("company_id")
    def _compute_display_name(self):
        self.display_name = self.env._("Export of the Books")

    @api.depends("company_id")
    def _compute_journal_ids(self):
        for export in self:
            ours = ["|", ("oms_channel_id", "!=", False), ("oms_key", "!=", False)]
            booked = [("company_id", "=", export.company_id.id), ("state", "=", "posted"), *ours]
            rows = self.env["account.move"]._read_group(booked, ["journal_id"])
            export.journal_ids = self.env["account.journal"].union(*(journal for (journal,) in rows))

    def action_export(self):
        """Write the file; the form stays open with it."""
        self.ensure_one()
        self.check_access("write")
        self.env["account.move.line"].check_access("read")
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("These are not the books of one of your companies."))
        if self.date_from > self.date_to:
            raise UserError(self.env._("The first day is after the last one."))
        if not self.journal_ids:
            raise UserError(self.env._("Choose at least one journal."))
        count = self.env["account.move.line"].search_count(self._get_domain(), limit=BOOKS_EXPORT_MAX + 1)
        if count > BOOKS_EXPORT_MAX:
            raise UserError(
                self.env._(
                    "These are more than %s journal items. Export shorter periods, one after the other.",
                    BOOKS_EXPORT_MAX,
                )
            )
        self.write(
            {
                "file": base64.b64encode(self._get_text().encode()),
                "file_name": f"books-{self.date_from}-{self.date_to}.beancount",
            }
        )
        return self._get_records_action(name=self.display_name, target="new")

    def _get_domain(self):
        return [
            ("company_id", "=", self.company_id.id),
            ("journal_id", "in", self.journal_ids.ids),
            ("parent_state", "=", "posted"),
            ("date", ">=", self.date_from),
            ("date", "<=", self.date_to),
        ]

    def _get_text(self):
        """All items of these journals in the period, and what was on their accounts before."""
        self.env.flush_all()
        company = self.company_id
        opening = self._read_opening()
        entries = list(self._read_entries())
        used = {item.account for entry in entries for item in entry.items} | {item.account for item in opening}
        accounts = [
            Account(account.id, account.code or "", account.name, account.internal_group or "off")
            for account in self.env["account.account"].with_company(company).browse(sorted(used))
        ]
        title = self.env._("%(company)s, books of order management", company=company.name)
        return "\n".join(
            [*write(title, company.currency_id.name, accounts, entries, self.date_from, self.date_to, opening), ""]
        )

    def _read_opening(self):
        before = [("company_id", "=", self.company_id.id), ("journal_id", "in", self.journal_ids.ids)]
        before += [("parent_state", "=", "posted"), ("date", "<", self.date_from)]
        rows = self.env["account.move.line"]._read_group(
            before,
            ["account_id", "currency_id"],
            ["balance:sum", "amount_currency:sum"],
            order="account_id, currency_id",
        )
        own = self.company_id.currency_id
        return [
            Item(account.id, _exact(own, balance), "", currency.name, _exact(currency, amount))
            for account, currency, balance, amount in rows
        ]

    def _read_entries(self):
        # by what whoever exports may read: SQL asks nobody
        mine = self.env["account.move.line"]._search(self._get_domain())
        rows = self.env.execute_query(
            SQL(
                """SELECT m.id, m.date, m.name, m.ref, p.name, COALESCE(m.oms_key, y.oms_key), l.account_id, l.balance, l.name,
                          l.currency_id, l.amount_currency
                     FROM account_move m
                     JOIN account_move_line l ON l.move_id = m.id AND l.account_id IS NOT NULL
                LEFT JOIN res_partner p ON p.id = m.partner_id
                LEFT JOIN account_payment y ON y.id = m.origin_payment_id
                    WHERE l.id IN %s
                 ORDER BY m.date, m.id, l.id""",
                mine.subselect(),
            )
        )
        currencies = {
            currency.id: currency for currency in self.env["res.currency"].with_context(active_test=False).search([])
        }
        own, last, head, items = self.company_id.currency_id, None, None, []
        for move_id, day, name, ref, payee, key, account_id, balance, text, currency_id, amount in rows:
            if move_id != last:
                if head:
                    yield Entry(head[0], head[1], tuple(items), head[2], head[3])
                last, items = move_id, []
                head = (day, f"{name} {ref or ''}".strip(), payee or "", key or "")
            currency = currencies[currency_id]
            items.append(Item(account_id, _exact(own, balance), text or "", currency.name, _exact(currency, amount)))
        if head:
            yield Entry(head[0], head[1], tuple(items), head[2], head[3])


def _exact(currency, amount):
    """An amount as it is meant: to the currency's smallest unit."""
    return Decimal(str(amount or 0)).quantize(Decimal(1).scaleb(-currency.decimal_places))
