"""Where the payouts of a channel are booked: its own accounts, or the company's, made when they are first needed."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

#: Role of an account (``domain/settlement_posting.py``) → its type, and whether its items are reconciled.
ROLES = {
    "in_transit": ("asset_current", True),
    "fee": ("expense", False),
    "fee_tax": ("asset_current", False),
    "reserve": ("asset_current", True),
    "carry_over": ("asset_current", True),
    "chargeback": ("asset_current", True),
    "label": ("expense", False),
    "conversion": ("asset_current", True),
    "unknown": ("asset_current", True),
    "rounding": ("expense", False),
    "dispute_loss": ("expense", False),
}
#: Where a search for a free number begins in a chart that has no account of the type.
FIRST_CODES = {"asset_current": "101000", "expense": "600000"}


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_payout_account(self, role):
        """The company's account of a role of :data:`ROLES`."""
        names = {
            "in_transit": self.env._("Payouts on their way to the bank"),
            "fee": self.env._("Fees of sales channels"),
            "fee_tax": self.env._("Tax on fees of sales channels"),
            "reserve": self.env._("Held back by sales channels"),
            "carry_over": self.env._("Carried over between payouts"),
            "chargeback": self.env._("Disputed payments"),
            "label": self.env._("Postage bought on sales channels"),
            "conversion": self.env._("Exchanged between balances of sales channels"),
            "unknown": self.env._("Payouts to be explained"),
            "rounding": self.env._("Rounding of sales channels"),
            "dispute_loss": self.env._("Lost disputes of sales channels"),
        }
        account_type, reconcile = ROLES[role]
        return self._oms_get_account(f"payout_{role}", names[role], reconcile, account_type, FIRST_CODES[account_type])

    def _oms_get_payout_journal(self):
        """The journal of the entries that book payouts."""
        # sudo: journals belong to accountants; see ``oms_core``
        journals_sudo = self.env["account.journal"].sudo().with_company(self)

        def make():
            taken = journals_sudo.with_context(active_test=False).search(
                [*journals_sudo._check_company_domain(self), ("code", "=like", "PAY%")]
            )
            codes = set(taken.mapped("code"))
            return journals_sudo.create(
                {
                    "name": self.env._("Payouts of sales channels"),
                    "code": next(code for code in ("PAYO", *(f"PAY{n}" for n in range(1, 100))) if code not in codes),
                    "type": "general",
                    "company_id": self.id,
                    "show_on_dashboard": False,
                }
            )

        return self._oms_find_or_make("payout_journal", make)


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    payout_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Payouts",
        check_company=True,
        domain="[('type', '=', 'general')]",
        help="Payouts are booked here. Empty: the company's journal for payouts.",
    )
    payout_auto_post = fields.Boolean(
        string="Book Clean Payouts",
        help="Payouts that the channel tells are booked at once when every cent of them is explained. Others wait for an "
        "accountant, as all do that somebody imports.",
    )
    payout_user_id = fields.Many2one(
        "res.users",
        string="Accountant",
        check_company=True,
        help="Is asked about payouts that need a person. Empty: whoever books them.",
    )
    payout_for_ids = fields.Many2many(
        "oms.channel",
        "oms_channel_payout_for_rel",
        "channel_id",
        "other_id",
        string="Also Pays Out For",
        check_company=True,
        domain="[('id', '!=', id), ('company_id', '=', company_id)]",
        help="Channels whose orders are in the payouts of this one, too: where one account of a payment service takes the money "
        "of several shops. Import its reports here only.",
    )
    payout_fees_as = fields.Selection(
        [("items", "Journal items of the payout"), ("bill", "A vendor bill for each payout")],
        string="Fees Are",
        required=True,
        default="items",
        help="A vendor bill is prepared as a draft, to be compared with the invoice of the channel; posted, it is paid by the "
        "payout.",
    )
    payout_vendor_id = fields.Many2one(
        "res.partner", string="Sends the Invoice for Fees", check_company=True, help="The vendor of the bills for fees."
    )
    payout_fee_tax_id = fields.Many2one(
        "account.tax",
        string="Reverse Charge on Fees",
        check_company=True,
        domain="[('type_tax_use', '=', 'purchase')]",
        help="Computed on the fees of channels abroad that charge no tax: owed and deducted in one.",
    )
    payout_transit_account_id = fields.Many2one(
        "account.account", string="Payouts on Their Way", check_company=True, domain="[('reconcile', '=', True)]"
    )
    payout_fee_account_id = fields.Many2one("account.account", string="Fees", check_company=True)
    payout_fee_tax_account_id = fields.Many2one("account.account", string="Tax on Fees", check_company=True)
    payout_reserve_account_id = fields.Many2one("account.account", string="Reserves", check_company=True)
    payout_chargeback_account_id = fields.Many2one("account.account", string="Disputed Payments", check_company=True)
    payout_loss_account_id = fields.Many2one("account.account", string="Lost Disputes", check_company=True)
    payout_label_account_id = fields.Many2one("account.account", string="Postage", check_company=True)
    payout_unknown_account_id = fields.Many2one(
        "account.account", string="To Be Explained", check_company=True, domain="[('reconcile', '=', True)]"
    )

    def _oms_get_paid_out(self):
        """The channels whose orders payouts of this one name; itself first."""
        return self | self.payout_for_ids

    def _oms_get_clearing_accounts(self):
        """The accounts on which what this channel pays out waits until it does; the one of its payments first."""
        channels = self._oms_get_paid_out()
        own = self.env["account.account"]
        for (
            journal_sudo
        ) in channels.clearing_journal_id.sudo():  # sudo: where a channel's money goes is no secret to who settles it
            methods = journal_sudo.inbound_payment_method_line_ids | journal_sudo.outbound_payment_method_line_ids
            own |= (methods.payment_account_id or journal_sudo.default_account_id).with_env(self.env)
        return own | channels._oms_get_mapped_accounts()

    def _oms_get_mapped_accounts(self):
        """The accounts on which money waits for a payout that came by a payment method with a journal of its own.

        A journal with bank statements is an account of ours at a bank: what is booked there waits for the bank alone.
        """
        # sudo: as above
        mapped_sudo = self.env["oms.channel.mapping"].sudo()
        journals_sudo = mapped_sudo.search(
            [
                ("channel_id", "in", self.ids),
                ("kind", "=", "payment"),
                ("tender", "=", False),
                ("journal_id.type", "=", "bank"),
            ]
        ).journal_id
        lines_sudo = mapped_sudo.env["account.bank.statement.line"]
        journals_sudo = journals_sudo.filtered(
            lambda journal: not lines_sudo.search_count([("journal_id", "=", journal.id)], limit=1)
        )
        methods = journals_sudo.inbound_payment_method_line_ids | journals_sudo.outbound_payment_method_line_ids
        accounts = methods.payment_account_id.filtered("reconcile").with_env(self.env)
        return accounts - self.payout_transit_account_id

    @api.constrains("payout_fees_as", "payout_vendor_id")
    def _check_payout_vendor(self):
        for channel in self:
            if channel.payout_fees_as == "bill" and not channel.payout_vendor_id:
                raise ValidationError(self.env._("Choose who sends the invoice for the fees of “%s”.", channel.name))

    def _oms_get_payout_accounts(self, day=None):
        """{role: id of its account}; see ``domain/settlement_posting.py``.

        :param day: on which the words of the channel are to be known; today by default.
        :raise UserError: when the channel books no payments, so that a payout has nothing to settle.
        """
        self.ensure_one()
        company = self.company_id
        clearing = self._oms_get_clearing_accounts()
        if not clearing:
            raise UserError(
                self.env._(
                    "Channel “%s” has no clearing journal, so its payments are not in the books. Choose one on the channel, "
                    "have its orders booked, and look at the payout again.",
                    self.name,
                )
            )
        if fixed := clearing.filtered(lambda account: not account.reconcile):
            raise UserError(
                self.env._("Allow reconciliation on account %s, on which payouts are settled.", fixed[0].display_name)
            )
        own = {
            "in_transit": self.payout_transit_account_id,
            "fee": self.payout_fee_account_id,
            "fee_tax": self.payout_fee_tax_account_id,
            "reserve": self.payout_reserve_account_id,
            "chargeback": self.payout_chargeback_account_id,
            "dispute_loss": self.payout_loss_account_id,
            "label": self.payout_label_account_id,
            "unknown": self.payout_unknown_account_id,
        }
        company_sudo = company.sudo()  # sudo: which accounts are meant follows from the company's settings alone
        accounts = {role: (own.get(role) or company._oms_get_payout_account(role)).id for role in ROLES}
        gain = company_sudo.income_currency_exchange_account_id or company_sudo.expense_currency_exchange_account_id
        loss = company_sudo.expense_currency_exchange_account_id or company_sudo.income_currency_exchange_account_id
        codes = (
            self.env["oms.payout.code"].sudo()._get_of(self, day or fields.Date.context_today(self))
        )  # sudo: as above
        vendor_sudo = self.payout_vendor_id.sudo().with_company(company)  # sudo: as above
        return {
            **accounts,
            **{f"code:{one.code}": one.account_id.id for one in codes if one.account_id},
            "vendor": vendor_sudo.property_account_payable_id.id,
            "clearing": clearing[0].id,
            "marketplace_tax": company._oms_get_channel_tax_account().id,
            "exchange_gain": gain.id,
            "exchange_loss": loss.id,
        }
