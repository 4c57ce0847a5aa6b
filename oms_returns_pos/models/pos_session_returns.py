"""Goods of any channel that a customer brings to the till: found, taken in and paid back, as the till's screen asks for it."""

import re
from decimal import Decimal

from odoo import models
from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_core.domain.scan import CODE_MAX_CHARS
from odoo.addons.oms_returns.models.sale_order_refund import dec

#: What quantities differ by when they differ.
QUANTITY_STEP = 1e-6
#: What names a payment: the till's own key, a UUID.
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PosSession(models.Model):
    _inherit = "pos.session"

    # ------------------------------------------------------------------------------------------- CALLED BY THE SCREEN

    def oms_find_returns(self, text):
        """What a code, a number, a mail or a name means: a return, or orders and returns to choose from."""
        desk_sudo = self._oms_get_desk_sudo()
        desk_sudo._find(str(text or "").strip()[:CODE_MAX_CHARS])
        if desk_sudo.return_id:
            return self._oms_tell_return(desk_sudo.return_id)
        return {
            "message": "" if desk_sudo.choice_ids else desk_sudo.message or "",
            "choices": [
                {
                    "order_id": choice.order_id.id,
                    "return_id": choice.return_id.id,
                    "name": choice.return_id.name or choice.name,
                    "day": str(choice.day or ""),
                    "customer": choice.customer or "",
                    "what": choice.what or "",
                }
                for choice in desk_sudo.choice_ids
            ],
        }

    def oms_start_return(self, order_id):
        """A customer brings goods of an order that nobody announced: everything of it that may come back."""
        desk_sudo = self._oms_get_desk_sudo()
        # sudo: as the desk; of any channel and place of this company
        order_sudo = self.env["sale.order"].sudo().browse(int(order_id)).exists()
        if order_sudo.company_id != self.company_id:
            raise UserError(self.env._("This order is not known here. Search again."))
        if order_sudo.oms_pos_order_id:
            raise UserError(
                self.env._(
                    "%s was sold at a till. Choose it under “Orders”, and press “Refund”.", order_sudo.display_name
                )
            )
        order_sudo._oms_take_turn_to_return()
        known_sudo = self.env["oms.return"].sudo()._get_open_of(order_sudo)  # sudo: as the desk
        return self._oms_tell_return(known_sudo[:1] or desk_sudo._start(order_sudo))

    def oms_show_return(self, return_id):
        self._oms_check_till()
        return self._oms_tell_return(self._oms_get_return_sudo(return_id))

    def oms_take_back(self, return_id, counted):
        """Take in what lies on the counter.

        :param counted: ``[{"line_id", "expected", "quantity", "grade_id", "numbers"}]``; ``expected`` as it was shown, so that
            what was taken in already, here or elsewhere, is not taken in twice.
        """
        desk_sudo = self._oms_get_desk_sudo()
        record_sudo = self._oms_get_return_sudo(return_id)
        record_sudo._take_turn()
        desk_sudo._open(record_sudo)
        for told in counted:
            row = desk_sudo.line_ids.filtered(lambda row, told=told: row.line_id.id == told["line_id"])
            expected, quantity = row.expected, float(told["quantity"] or 0)
            if abs(expected - float(told["expected"])) > QUANTITY_STEP or not 0 <= quantity <= expected:
                raise UserError(
                    self.env._(
                        "%(expected)g × %(name)s are expected by now. Look at %(return)s again; what is beyond is taken in "
                        "at the Returns Desk.",
                        expected=expected,
                        name=row.product_id.display_name or self.env._("of it"),
                        **{"return": record_sudo.name},
                    )
                )
            values = {"counted": quantity, "scanned": str(told.get("numbers") or "")}
            if told.get("grade_id"):
                values["grade_id"] = int(told["grade_id"])
            row.write(values)
        desk_sudo.action_receive()
        return self._oms_tell_return(record_sudo)

    def oms_pay_back(self, return_id, method_id, amount, key):
        """Pay a return back, in cash or by card.

        :param key: of this payment, made by the screen; the same one is paid once.
        """
        self._oms_check_till()
        record_sudo = self._oms_get_return_sudo(return_id)
        method = self._oms_get_payback_methods().filtered(lambda method: method.id == method_id)
        if not method:
            raise UserError(self.env._("Choose cash or a card of this till."))
        if not KEY.fullmatch(str(key)):
            raise UserError(self.env._("This payment has no key. Load the till's page again."))
        shown = Decimal(repr(self.currency_id.round(float(amount))))
        record_sudo._pay_back_at_till(self, method, dec(float(shown)), key)
        return self._oms_tell_return(record_sudo)

    # ------------------------------------------------------------------------------------------------------- HELPERS

    def _oms_check_till(self):
        """:raise UserError: when nobody sells here now."""
        self.ensure_one()
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise AccessError(self.env._("You do not work at a till."))
        self.check_access("write")
        if self.state != "opened":
            raise UserError(self.env._("%s is not open.", self.display_name))

    def _oms_get_desk_sudo(self):
        """The desk for returns of the place where this till stands."""
        self._oms_check_till()
        place = self.config_id.picking_type_id.warehouse_id
        # sudo: a cashier takes back what any place sent; what is shown is what is needed for that (see `oms.return.desk`)
        return self.env["oms.return.desk"].sudo().with_company(self.company_id).create({"warehouse_id": place.id})

    def _oms_get_return_sudo(self, return_id):
        # sudo: as the desk
        record_sudo = self.env["oms.return"].sudo().with_company(self.company_id).browse(int(return_id)).exists()
        if record_sudo.company_id != self.company_id:
            raise UserError(self.env._("This return is not known here. Search again."))
        return record_sudo

    def _oms_get_payback_methods(self):
        """Ways in which this till gives money back: out of its drawer, or by a card reader."""
        return self.config_id.payment_method_ids.filtered(
            lambda method: (
                (method.type == "cash" and method.journal_id == self.cash_journal_id)
                or (method.type == "bank" and not method.oms_is_store_credit)
            )
        )

    def _oms_tell_return(self, record_sudo):
        """A return as the screen shows it."""
        money, others, why_not = record_sudo._foresee_at_till(self)
        rows = record_sudo.line_ids.filtered(lambda line: line.expects_goods and line.quantity_missing > 0)
        desk_sudo = record_sudo.env["oms.return.desk"]
        currency = record_sudo.currency_id
        return {
            "id": record_sudo.id,
            "name": record_sudo.name,
            "customer": record_sudo.partner_id.name or "",
            "orders": ", ".join(order.oms_number or order.name for order in record_sudo.order_ids),
            "todo": record_sudo.todo or "",
            "lines": [
                {
                    "line_id": line.id,
                    "name": line.product_id.display_name,
                    "expected": line.quantity_missing,
                    "has_numbers": line.product_id.tracking != "none",
                    "grade_id": desk_sudo._prepare_line(line)["grade_id"],
                }
                for line in (rows if record_sudo.state == "open" else rows.browse())
            ],
            "grades": [
                {"id": grade.id, "name": grade.name} for grade in record_sudo.env["oms.return.grade"].search([])
            ],
            "amount": float(money),
            "others": [f"{way}: {currency.format(float(amount))}" for way, amount in others.items()],
            "why_not": why_not,
            "methods": [
                {"id": method.id, "name": method.name, "is_cash": method.type == "cash"}
                for method in self._oms_get_payback_methods()
            ],
            "paid": record_sudo._get_paid_at_tills().sorted("id").mapped("oms_why"),
        }

    # ------------------------------------------------------------------------------------------------------- BOOKING

    def _oms_pay_out(self, method, repayment, credits, key):
        """Book what leaves this till for credit notes, at once, and match it with them.

        ::

            cash    Dr receivable   Cr the drawer               a cash move of the session, counted at its closing
            card    Dr receivable   Cr outstanding payments     a payment of the session

        :param repayment: the transaction that records it, negative.
        :return: the entry.
        """
        self.ensure_one()
        owed = credits.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
        account = owed.account_id[:1]
        amount, partner = abs(repayment.amount), credits.commercial_partner_id[:1]
        words = self.env._("Paid back: %s", ", ".join(credits.mapped("name")))
        if method.type == "cash":
            values = self._prepare_account_bank_statement_line_vals(
                self, -1, amount, words, partner.id, {"translatedType": self.env._("out")}
            )
            moves = self.env["account.bank.statement.line"].with_context(no_retrieve_partner=True)
            entry = moves.create({**values, "counterpart_account_id": account.id}).move_id
        else:
            lines = method.journal_id.outbound_payment_method_line_ids
            entry = (
                repayment.with_context(force_payment_move=True)
                ._create_payment(
                    journal_id=method.journal_id.id,
                    company_id=self.company_id.id,
                    payment_method_line_id=lines[:1].id,
                    partner_id=partner.id,
                    destination_account_id=account.id,
                    force_outstanding_account_id=method.outstanding_account_id.id,
                    date=self.company_id._oms_get_today(),
                    memo=words,
                    pos_session_id=self.id,
                    pos_payment_method_id=method.id,
                    oms_key=key,
                )
                .move_id
            )
        (owed | entry.line_ids).filtered(lambda line: line.account_id == account and not line.reconciled).reconcile()
        return entry

    def get_closing_control_data(self):
        """Override of ``point_of_sale``: what was paid back by card is off what the card reader has taken."""
        data = super().get_closing_control_data()
        paid_sudo = self.sudo().bank_payment_ids.filtered(  # sudo: who closes a till need not read payments
            lambda payment: payment.payment_type == "outbound" and (payment.oms_key or "").startswith("till:")
        )
        for row in data["non_cash_payment_methods"]:
            of_method_sudo = paid_sudo.filtered(lambda payment, row=row: payment.pos_payment_method_id.id == row["id"])
            row["amount"] = self.currency_id.round(row["amount"] - sum(of_method_sudo.mapped("amount")))
            row["number"] += len(of_method_sudo)
        return data
