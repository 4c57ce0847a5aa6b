"""A carrier's or partner's bill as a native vendor bill: refused, or matched and posted, or held with its disputed lines."""

from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.domain.documents import Problem
from odoo.addons.oms_core.text import as_html

from ..const import SETTLEMENT_TASKS_TOLD_MAX
from ..domain.bill import tax_rate
from ..domain.currencies import step
from .oms_bill_line import OWED
from .oms_settlement_booked import exact


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_biller_id = fields.Many2one(
        "oms.biller", string="Billed By", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    oms_bill_line_ids = fields.One2many("oms.bill.line", "move_id", string="Lines of the Bill", readonly=True)
    oms_disputed_count = fields.Integer(string="Disputed Lines", compute="_compute_oms_disputed_count")

    @api.depends("oms_bill_line_ids.state")
    def _compute_oms_disputed_count(self):
        counts = dict(
            self.env["oms.bill.line"]._read_group(
                [("move_id", "in", self.ids), ("state", "=", "disputed")], ["move_id"], ["__count"]
            )
            if self.env["oms.bill.line"].has_access("read")
            else ()
        )
        for move in self:
            move.oms_disputed_count = counts.get(move._origin, 0)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_view_bill_lines(self):
        """The lines of this bill, each with what was quoted, booked and billed."""
        self.ensure_one()
        self.env["oms.bill.line"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_bill_line_action")
        action.update(domain=[("move_id", "=", self.id)], context={"create": False})
        return action

    def action_oms_match_bill(self):
        """Compare what nobody has decided yet again with what was booked: a label may have come later."""
        self.check_access("write")
        for bill in self.filtered(lambda move: move.state == "draft" and move.oms_biller_id):
            bill._oms_match_bill()
            bill._oms_render_bill()

    def action_oms_post_undisputed(self):
        """Post the bill without its disputed lines; what is accepted of them later is booked then."""
        self.check_access("write")
        for bill in self.filtered(lambda move: move.state == "draft" and move.oms_disputed_count):
            if bill.oms_disputed_count == len(bill.oms_bill_line_ids):
                raise UserError(
                    self.env._("Every line of %s is disputed; nothing can be posted without them.", bill.ref)
                )
            bill._oms_render_bill(OWED)
            bill.action_post()

    def _post(self, soft=True):
        """Override of ``account``: a bill with disputed lines is held until somebody has decided about them."""
        for move in self:
            if held := move.oms_bill_line_ids.filtered(lambda line: line.state == "disputed" and line.item_id):
                raise UserError(
                    self.env._(
                        "%(count)s lines of bill %(bill)s are disputed. Accept them, have them taken off, or choose “Post "
                        "without Disputed”.",
                        count=len(held),
                        bill=move.ref,
                    )
                )
        return super()._post(soft=soft)

    # --------------------------------------------------------------------------------------------------------- TAKE

    @api.model
    def _oms_bill_problems(self, biller, docs):
        """Why each of these bills cannot be taken; nothing is changed by asking.

        :return: a list of ``Problem`` values for each.
        """
        numbers = Counter(doc.number for doc in docs)
        booked = self.search(
            [
                ("company_id", "=", biller.company_id.id),
                ("commercial_partner_id", "=", biller.partner_id.commercial_partner_id.id),
                ("move_type", "in", ("in_invoice", "in_refund")),
                ("ref", "in", list(numbers)),
                ("state", "!=", "cancel"),
            ]
        ).grouped("ref")
        journal = self._oms_get_bill_journal(biller)
        return [
            [
                *doc.problems(),
                *self._oms_known_problems(doc, numbers, booked),
                *self._oms_place_problems(biller, doc, journal),
                *self._oms_tax_problems(biller, doc),
            ]
            for doc in docs
        ]

    def _oms_known_problems(self, doc, numbers, booked):
        if doc.number in booked:
            yield Problem(
                "again",
                self.env._(
                    "Bill %(number)s of this vendor is there already: %(entry)s. Nothing is booked twice.",
                    number=doc.number,
                    entry=booked[doc.number][0].display_name,
                ),
            )
        if numbers[doc.number] > 1:
            yield Problem(
                "mixed", self.env._("Bill %s has lines in several currencies. Ask for one bill for each.", doc.number)
            )

    def _oms_place_problems(self, biller, doc, journal):
        """Of the accounts, the currency and the period."""
        account = biller._get_account()
        if not account:
            yield Problem(
                "no_account", self.env._("“%s” has no expense account. Set one.", biller.product_id.display_name)
            )
        elif not account.active:
            yield Problem(
                "archived_account",
                self.env._(
                    "Account %(account)s of “%(product)s” is archived. Unarchive it, or choose another one.",
                    account=account.display_name,
                    product=biller.product_id.display_name,
                ),
            )
        if not journal:
            yield Problem("no_journal", self.env._("%s has no purchase journal. Create one.", biller.company_id.name))
        elif doc.billed_on:
            yield from self._oms_lock_problems(doc.billed_on, journal, True, self.env._("Bill %s", doc.number))
        if not self.env["res.currency"].search([("name", "=", doc.currency)], limit=1):
            yield Problem(
                "currency",
                self.env._("Currency %s is not active here. Activate it in Accounting first.", doc.currency or "?"),
            )

    def _oms_tax_problems(self, biller, doc):
        taxes = self._oms_get_bill_taxes(biller)
        unit = step(doc.currency)
        for line in doc.lines:
            if line.tax and tax_rate(line.amount, line.tax, taxes, unit) is None:
                yield Problem(
                    "tax",
                    self.env._(
                        "Line %(row)s: %(tax)s is the tax of %(amount)s by none of your purchase taxes. Create the tax, or "
                        "correct the column.",
                        row=line.row,
                        tax=line.tax,
                        amount=line.amount,
                    ),
                )

    @api.model
    def _oms_get_bill_journal(self, biller):
        return self.env["account.journal"].search(
            [("type", "=", "purchase"), ("company_id", "=", biller.company_id.id)], limit=1
        )

    @api.model
    def _oms_get_bill_taxes(self, biller):
        """{rate in percent: purchase tax}, that of the service first."""
        company = biller.company_id
        own = biller.product_id.supplier_taxes_id.filtered(lambda tax: tax.company_id == company)
        usual = self.env["account.tax"].search(
            [
                ("company_id", "=", company.id),
                ("type_tax_use", "=", "purchase"),
                ("country_id", "=", company.account_fiscal_country_id.id),
            ]
        )
        found = {}
        for tax in (*own, *usual):
            if tax.amount_type == "percent" and not tax.price_include and not tax.has_negative_factor:
                found.setdefault(exact(tax.amount, "BHD"), tax)
        return found

    @api.model
    def _oms_take_bills(self, biller, docs):
        """Make vendor bills of these documents, match their lines and post those without a dispute.

        :raise UserError: with every reason, when one of them cannot be taken; nothing is made then.
        """
        biller._take_turn()
        if told := [problem.message for found in self._oms_bill_problems(biller, docs) for problem in found]:
            raise UserError("\n".join(list(dict.fromkeys(told))[:SETTLEMENT_TASKS_TOLD_MAX]))
        bills = self._oms_create_bills([self._oms_bill_values(biller, doc) for doc in docs])
        for bill, doc in zip(bills, docs, strict=True):
            bill._oms_match_bill(doc)
            bill._oms_render_bill()
            bill._oms_tell_disputed()
        if biller.is_posted:
            bills.filtered(lambda bill: not bill.oms_disputed_count).action_post()
        return bills

    def _oms_create_bills(self, vals_list):
        """Bills, by whoever may make these very bills.

        :raise AccessError: when this user may not make bills, or not of this company.
        """
        self.check_access("create")
        bills = self.sudo().create(vals_list).with_env(self.env)  # sudo: the key of a bill is given by us, to everybody
        bills.check_access("create")
        return bills

    def _oms_bill_values(self, biller, doc):
        key = f"bill:{biller.id}:{doc.number}"
        if cancelled := self.search_count([("oms_key", "=like", f"{key}%"), ("ref", "=", doc.number)]):
            key = f"{key}:again-{cancelled}"
        return {
            "move_type": self._oms_get_bill_type(doc.sum()),
            "oms_key": key,
            "oms_biller_id": biller.id,
            "company_id": biller.company_id.id,
            "partner_id": biller.partner_id.id,
            "journal_id": self._oms_get_bill_journal(biller).id,
            "currency_id": self.env["res.currency"].search([("name", "=", doc.currency)], limit=1).id,
            "ref": doc.number,
            "invoice_date": doc.billed_on,
            "date": doc.billed_on,
        }

    @api.model
    def _oms_get_bill_type(self, total):
        """:param total: what is charged, with its tax. What the vendor owes us on the whole is its credit note."""
        return "in_invoice" if total >= 0 else "in_refund"

    # ------------------------------------------------------------------------------------------------------- PEOPLE

    def _oms_tell_disputed(self):
        """One task for everything of a bill that is disputed, with both numbers of each line."""
        lines = self.oms_bill_line_ids.filtered(lambda line: line.state == "disputed")
        if not lines:
            return
        sentences = [self.env._("Line %(row)s: %(why)s", row=line.row, why=line.sentence) for line in lines]
        more = len(sentences) - SETTLEMENT_TASKS_TOLD_MAX
        if more > 0:
            sentences = [*sentences[:SETTLEMENT_TASKS_TOLD_MAX], self.env._("… and %s more, under Lines.", more)]
        # sudo: the system leaves tasks to those who have the rights
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("%(count)s disputed lines of bill %(bill)s", count=len(lines), bill=self.ref),
            note=as_html("\n".join(sentences)),
            user_id=(self.oms_biller_id.user_id or self.env.user).id,
        )
