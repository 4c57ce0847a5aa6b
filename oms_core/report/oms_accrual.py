"""What left before a day and was not invoiced by its end is revenue of that day's month: accrued then, and taken back the day
after, when its invoices begin to come. Channels that invoice at their payouts need it each month.

::

    at the end of the day   Dr shipped, not invoiced   Cr income        Dr cost of goods   Cr stock
    the day after           the other way round

Odoo's own wizard (``account.accrued.orders.wizard``) takes orders of one currency that somebody has chosen, as they stand when it
is used, and books their cost at the price of sale; this takes the rows of the cut-off, as they were at the end of the day.
"""

from collections import defaultdict
from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..domain.money import ZERO
from ..domain.posting import PostingDraft, PostingLine
from ..models.sale_order_money import exact

#: What an entry's key begins with; the company's id and the day follow.
KEY = "accrual"
#: Causes of its items.
REVENUE, COST = "accrued", "accrued_cost"


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_accrue(self, day):
        """Book what had left and was not invoiced at the end of a day, once, and take it back the day after.

        :return: the two entries; those that are there, where the day is accrued already.
        :raise UserError: where the day is not over, there is nothing, or the books of one of the two days are closed.
        """
        self.ensure_one()
        # sudo: who may create entries is asked by the caller; what is booked follows from the cut-off
        moves_sudo = self.env["account.move"].sudo()
        key = f"{KEY}:{self.id}:{day}"
        if known := moves_sudo.search([("oms_key", "in", (key, f"{key}:back"))]):
            return known.with_env(self.env)
        words = {"day": format_date(self.env, day)}
        if day >= self._oms_get_today():
            raise UserError(
                self.env._("%(day)s is not over: more may leave or be invoiced. Accrue it on the day after.", **words)
            )
        lines = self._oms_get_accrued(day)
        if not lines:
            raise UserError(self.env._("Nothing that had left by %(day)s was waiting for its invoice then.", **words))
        journal = self._oms_get_deferral_journal()
        drafts = [
            PostingDraft(
                key=name,
                date=date,
                journal=journal.id,
                ref=text,
                lines=tuple(PostingLine(account, sign * amount, text, cause=cause) for account, amount, cause in lines),
            )
            for name, date, sign, text in (
                (key, day, 1, self.env._("Shipped, not invoiced by %(day)s", **words)),
                (
                    f"{key}:back",
                    day + timedelta(days=1),
                    -1,
                    self.env._("Shipped, not invoiced by %(day)s: taken back", **words),
                ),
            )
        ]
        moves_sudo = moves_sudo._oms_post(drafts)
        moves_sudo[1].reversed_entry_id = moves_sudo[0]
        return moves_sudo.with_env(self.env)

    def _oms_get_accrued(self, day):
        """[(account id, amount, cause)] of the rows of the cut-off at the end of a day, account by account.

        What goods cost is booked where Odoo books it with the invoice.
        """
        # sudo: what is accrued does not depend on who looks
        rows_sudo = self.env["oms.cut.off"].sudo().with_company(self).with_context(oms_cut_off=str(day))
        rows_sudo = rows_sudo.search([("company_id", "=", self.id), ("kind", "=", "shipped_not_invoiced")])
        sums = defaultdict(lambda: ZERO)

        def rounded(amounts):
            return exact(self.currency_id.round(sum(amounts)))

        for (product, position), of_product in rows_sudo.grouped(
            lambda row: (row.product_id, row.order_id.fiscal_position_id)
        ).items():
            product = product.with_company(self)
            accounts = product._get_product_accounts()
            income = position.map_account(accounts["income"])
            sums[income.id, REVENUE] -= rounded(of_product.mapped("amount"))
            stock, cost = accounts["stock_valuation"], accounts["expense"]
            if product.valuation == "real_time" and product.is_storable and stock and cost:
                value = rounded(of_product.mapped("cost"))
                sums[position.map_account(cost).id, COST] += value
                sums[stock.id, COST] -= value
        found = [(account, amount, cause) for (account, cause), amount in sums.items() if amount]
        if total := sum(amount for _account, amount, cause in found if cause == REVENUE):
            account = self._oms_get_account(
                "accrual", self.env._("Shipped, not invoiced"), account_type="asset_current", code="418000"
            )
            found.insert(0, (account.id, -total, REVENUE))
        return found
