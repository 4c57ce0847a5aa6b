from odoo import api, models
from odoo.exceptions import UserError


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_returns(self):
        """What was paid back for a return is no cash move that a till takes back by itself."""
        # sudo: whoever deletes cash moves need have no right to returns
        for line in self.sudo().filtered(lambda line: line.pos_session_id and line.move_id.oms_return_id):
            raise UserError(
                self.env._(
                    "%(amount)s were paid back for the return %(name)s. Ask an accountant to reverse it.",
                    amount=line.currency_id.format(-line.amount),
                    name=line.move_id.oms_return_id.name,
                )
            )
