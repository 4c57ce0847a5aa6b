"""What is owed to customers as store credit: a ledger that is only added to, and an account that is its sum."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine

from ..const import CREDIT_EXPIRY_BATCH_MAX, CREDIT_KINDS
from ..domain.store_credit import Lot, NotEnough, expired, spend, spendable


class OmsStoreCreditEntry(models.Model):
    """One change of a customer's store credit. Entries are never changed; a mistake is put right by another one.

    What adds credit is a lot with a last day of its own; what takes credit away says of which lot. So the balance of a
    customer is the sum of the entries, and what is left of a lot is the lot and what was taken of it.

    ::

        given                 Dr receivable (of a credit note)     Cr store credit
        bonus, correction     Dr store credit given (an expense)   Cr store credit
        spent                 Dr store credit                      Cr receivable
        expired               Dr store credit                      Cr store credit expired (an income)
    """

    _name = "oms.store.credit.entry"
    _description = "Store Credit Entry"
    _order = "id desc"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    kind = fields.Selection(CREDIT_KINDS, required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True, help="Above zero: more is owed to the customer.")
    key = fields.Char(
        required=True, readonly=True, help="Names the business event that this entry tells of; none is told twice."
    )
    reason = fields.Char(readonly=True)
    lot_id = fields.Many2one(
        "oms.store.credit.entry",
        string="Taken From",
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
        help="The credit that this entry takes something of.",
    )
    back_of_id = fields.Many2one(
        "oms.store.credit.entry",
        string="Gives Back",
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
        help="The purchase that came back.",
    )
    taken_ids = fields.One2many("oms.store.credit.entry", "lot_id")
    amount_left = fields.Monetary(
        string="Left", compute="_compute_amount_left", store=True, help="Of what was given: what is not gone yet."
    )
    expires_at = fields.Date(string="Good Until", readonly=True, help="The last day. Empty: it does not expire.")
    move_id = fields.Many2one(
        "account.move", string="Entry", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    transaction_id = fields.Many2one("payment.transaction", readonly=True, index="btree_not_null", ondelete="restrict")
    order_id = fields.Many2one("sale.order", readonly=True, index="btree_not_null", ondelete="restrict")
    return_id = fields.Many2one("oms.return", readonly=True, index="btree_not_null", ondelete="restrict")

    _key_uniq = models.Constraint("UNIQUE(company_id, key)", "This change of store credit is in the ledger already.")
    _amount_not_zero = models.Constraint("CHECK(amount <> 0)", "An entry of store credit changes something.")
    _lot_check = models.Constraint(
        "CHECK((amount > 0) = (lot_id IS NULL))", "What is taken of store credit says of which."
    )
    _left_check = models.Constraint("CHECK(amount_left >= 0)", "There is not so much store credit left.")
    _open_idx = models.Index("(expires_at, id) WHERE amount_left > 0")

    @api.depends("amount", "taken_ids.amount")
    def _compute_amount_left(self):
        for entry in self:
            entry.amount_left = max(entry.amount, 0) and entry.currency_id.round(
                entry.amount + sum(entry.taken_ids.mapped("amount"))
            )

    @api.depends("kind", "amount", "currency_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for entry in self:
            entry.display_name = f"{kinds.get(entry.kind, '')} {entry.currency_id.format(entry.amount)}"

    def write(self, vals):
        """Override: what happened has happened."""
        if vals:
            raise UserError(self.env._("An entry of store credit is not changed. Add another one that puts it right."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("An entry of store credit is not deleted. Add another one that puts it right."))

    # ------------------------------------------------------------------------------------------------------ BALANCES

    @api.model
    def _get_lots(self, partner, company, currency):
        """What a customer has, as the pure part knows it."""
        # sudo: how much a customer may spend must not depend on who looks
        lots_sudo = self.sudo().search(
            [
                ("partner_id", "=", partner.commercial_partner_id.id),
                ("company_id", "=", company.id),
                ("currency_id", "=", currency.id),
                ("amount_left", ">", 0),
            ],
            order="id",
        )
        return [Lot(lot.id, _exact(currency, lot.amount_left), lot.expires_at or None) for lot in lots_sudo]

    @api.model
    def _get_spendable(self, partner, company, currency):
        """:rtype: Decimal"""
        return spendable(self._get_lots(partner, company, currency), company._oms_get_today())

    @api.model
    def _take_turn(self, partners):
        """Let only one at a time change the credit of these customers. Who comes second does not see what the first one did;
        the database tells it to begin anew, as the first one has written the same rows."""
        if ids := partners.commercial_partner_id.ids:
            self.env.cr.execute(
                SQL(
                    "UPDATE res_partner SET id = id WHERE id IN (SELECT id FROM res_partner WHERE id IN %s ORDER BY id "
                    "FOR NO KEY UPDATE)",
                    tuple(ids),
                )
            )

    # ------------------------------------------------------------------------------------------------------- CHANGES

    @api.model
    def _give(self, partner, company, currency, amount, key, account, kind="issue", **values):
        """Add credit, and book it.

        :param Decimal amount: above zero.
        :param account: what is debited.
        :return: the entry; the one that is there when this key was given before.
        """
        known = self._find(company, key)
        if known:
            return known
        values.setdefault("expires_at", company._oms_get_credit_end())
        move = self._book(partner, company, currency, amount, key, account, values.get("reason"))
        return self._add([self._prepare(partner, company, currency, kind, amount, key, move_id=move.id, **values)])

    @api.model
    def _take(self, partner, company, currency, amount, key, account, kind, lots=None, **values):
        """Take credit away, what expires first from the first one, and book it.

        :param Decimal amount: above zero.
        :param account: what is credited.
        :param lots: of which lots only; all that are good by default.
        :raise UserError: when there is not so much.
        """
        if known := self._find(company, key):
            return known
        parts = self._get_parts(partner, company, currency, amount, lots)
        move = self._book(partner, company, currency, -amount, key, account, values.get("reason"))
        return self._add_taken(partner, company, currency, kind, parts, key, move_id=move.id, **values)

    @api.model
    def _get_parts(self, partner, company, currency, amount, lots=None):
        """Of which lots an amount is taken.

        :raise UserError: when there is not so much.
        """
        self._take_turn(partner)
        there = [lot for lot in self._get_lots(partner, company, currency) if lots is None or lot.key in lots.ids]
        try:
            return spend(there, amount, company._oms_get_today())
        except NotEnough as refusal:
            raise UserError(
                self.env._(
                    "%(customer)s has %(there)s of store credit to spend, and not %(amount)s.",
                    customer=partner.display_name,
                    there=currency.format(float(refusal.there_is)),
                    amount=currency.format(float(amount)),
                )
            ) from refusal

    @api.model
    def _add_taken(self, partner, company, currency, kind, parts, key, **values):
        """The entries of what was taken, one for each lot."""
        return self._add(
            [
                self._prepare(
                    *(partner, company, currency, kind, -part.amount, f"{key}:{part.key}"),
                    lot_id=part.key,
                    **values,
                )
                for part in parts
            ]
        )

    @api.model
    def _find(self, company, key):
        """The entries of an event that is known."""
        # sudo: the ledger knows everything, whoever asks
        return self.sudo().search(
            [("company_id", "=", company.id), "|", ("key", "=", key), ("key", "=like", f"{key}:%")]
        )

    @api.model
    def _prepare(self, partner, company, currency, kind, amount, key, **values):
        return {
            "partner_id": partner.commercial_partner_id.id,
            "company_id": company.id,
            "currency_id": currency.id,
            "kind": kind,
            "amount": float(amount),
            "key": key,
            **values,
        }

    @api.model
    def _add(self, rows):
        """sudo: nobody writes the ledger by hand; what is added follows from an event that was allowed."""
        entries_sudo = self.sudo().create(rows)
        self.env.flush_all()  # so that the database refuses here what must not be
        return entries_sudo.with_env(self.env)

    @api.model
    def _book(self, partner, company, currency, amount, key, account, reason):
        """Post a change of what is owed.

        :param Decimal amount: above zero, more is owed.
        :param account: the other side.
        """
        # sudo: who may settle a return need have no right to entries; what is booked follows from the event alone
        company_sudo = company.sudo()
        moves_sudo = self.env["account.move"].sudo().with_company(company_sudo)  # sudo: the same
        journal_sudo = company_sudo._oms_get_tender_journal("store_credit").sudo()
        today = company_sudo._oms_get_today()
        balance = _exact(
            company_sudo.currency_id,
            currency._convert(float(amount), company_sudo.currency_id, company_sudo, today),
        )
        text = reason or self.env._("Store credit")
        lines = tuple(
            PostingLine(
                account_id,
                sign * balance,
                text,
                partner.commercial_partner_id.id,
                currency=currency.name,
                currency_amount=sign * amount,
            )
            for account_id, sign in ((account.id, 1), (journal_sudo.default_account_id.id, -1))
        )
        # What a customer has got or spent cannot wait until the books are open.
        day = moves_sudo._oms_get_open_day(today, journal_sudo)
        return moves_sudo._oms_post(
            [PostingDraft(f"store-credit:{company.id}:{key}", day, journal_sudo.id, text, lines)]
        )

    def action_revoke(self):
        """Take away what is left of credit that was given by mistake."""
        self.check_access("read")
        if not self.env.user.has_group("oms_core.group_oms_manager"):
            raise AccessError(self.env._("Only a manager takes store credit away."))
        for lot in self:
            self._take_turn(lot.partner_id)
            lot.invalidate_recordset(["amount_left"])
            if lot.amount <= 0 or not lot.amount_left:
                raise UserError(self.env._("Nothing is left of this."))
            self._take(
                *(lot.partner_id, lot.company_id, lot.currency_id),
                _exact(lot.currency_id, lot.amount_left),
                f"revoke:{lot.id}",
                lot.company_id._oms_get_credit_account("given"),
                "revoke",
                lots=lot,
                reason=self.env._("Revoked by %s", self.env.user.name),
            )

    # -------------------------------------------------------------------------------------------------------- EXPIRY

    @api.model
    def _cron_expire(self):
        """Book out what has expired, a customer and a savepoint at a time."""
        cron = self.env["ir.cron"]
        last_id = 0
        while lots := self.search(
            [*self._expired_domain(), ("id", ">", last_id)], order="id", limit=CREDIT_EXPIRY_BATCH_MAX
        ):
            last_id = lots[-1].id
            for (partner, company, currency), of_one in lots.grouped(
                lambda lot: (lot.partner_id, lot.company_id, lot.currency_id)
            ).items():
                with on_its_own(of_one[0], lambda error, lot=of_one[0]: lot._tell_unexpired(error)):
                    self._expire(partner, company, currency)
            remaining = self.search_count([*self._expired_domain(), ("id", ">", last_id)], limit=10_000)
            if not cron._commit_progress(len(lots), remaining=remaining):
                break

    @api.model
    def _expired_domain(self):
        # The day of each company is looked at when its turn comes; this is the last day that is over anywhere.
        over = fields.Date.today() + timedelta(days=1)
        return [("amount_left", ">", 0), ("expires_at", "!=", False), ("expires_at", "<", over)]

    @api.model
    def _expire(self, partner, company, currency):
        """Book out what has expired of a customer's credit, in one entry."""
        self._take_turn(partner)
        today = company._oms_get_today()
        parts = expired(self._get_lots(partner, company, currency), today)
        if not parts:
            return self.browse()
        amount = sum((part.amount for part in parts), Decimal(0))
        key = f"expire:{parts[-1].key}:{today}:{partner.id}"
        reason = self.env._("Store credit expired")
        move = self._book(partner, company, currency, -amount, key, company._oms_get_credit_account("expired"), reason)
        return self._add_taken(*(partner, company, currency, "expire", parts, key), move_id=move.id, reason=reason)

    def _tell_unexpired(self, error):
        self.partner_id.message_post(body=self.env._("Expired store credit could not be booked out: %s", error))


class ResCompany(models.Model):
    _inherit = "res.company"

    oms_credit_days = fields.Integer(
        string="Store Credit Is Good For",
        help="Days from the day on which it is given. 0: it does not expire. Some countries forbid a short time.",
    )

    _oms_credit_days_check = models.Constraint(
        "CHECK(oms_credit_days >= 0)", "Store credit is good for some days, or for ever (0)."
    )

    def _oms_get_credit_end(self):
        """The last day of store credit that is given today; ``False``: it does not expire."""
        self.ensure_one()
        company_sudo = self.sudo()  # sudo: how long credit is good depends on nobody's rights
        days = company_sudo.oms_credit_days
        return bool(days) and company_sudo._oms_get_today() + timedelta(days=days)

    def _oms_get_credit_account(self, side):
        """:param side: ``given``, an expense: bonuses and corrections; ``expired``, an income."""
        if side == "given":
            name, account_type, code = self.env._("Store credit given"), "expense", "600000"
        else:
            name, account_type, code = self.env._("Store credit expired"), "income_other", "700000"
        return self._oms_get_account(f"store_credit_{side}", name, account_type=account_type, code=code)

    def _oms_check_store_credit(self):
        """Where the account of store credit is not the sum of the balances of the customers.

        :return: [(currency, owed to customers, on the account)] of what differs, in that currency; empty when all is well.
        """
        self.ensure_one()
        # sudo: a check sees everything
        company_sudo = self.sudo()
        account = company_sudo._oms_get_tender_journal("store_credit").sudo().default_account_id
        sums = defaultdict(lambda: [0.0, 0.0])
        entries_sudo = company_sudo.env["oms.store.credit.entry"]
        for currency, amount in entries_sudo._read_group(
            [("company_id", "=", self.id)], ["currency_id"], ["amount:sum"]
        ):
            sums[currency][0] = amount
        booked = [("account_id", "=", account.id), ("parent_state", "=", "posted"), ("company_id", "=", self.id)]
        lines_sudo = company_sudo.env["account.move.line"]
        for currency, amount in lines_sudo._read_group(booked, ["currency_id"], ["amount_currency:sum"]):
            sums[currency][1] = -amount
        return [
            (currency, _exact(currency, owed), _exact(currency, there))
            for currency, (owed, there) in sorted(sums.items(), key=lambda item: item[0].id)
            if currency.compare_amounts(owed, there)
        ]


def _exact(currency, amount):
    """An amount as it is meant: to the currency's smallest unit."""
    return Decimal(repr(currency.round(amount)))
