"""How far a return is, what is to be done next and what stands in the way; decided in ``domain/progress.py``."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from ..domain.progress import LineFacts, ReturnFacts, get_problems, get_stage, get_todo


class OmsReturn(models.Model):
    _inherit = "oms.return"

    todo = fields.Char(string="To Do", compute="_compute_todo", compute_sudo=True)
    has_unmatched = fields.Boolean(compute="_compute_has_unmatched", help="Whether a line waits for its order.")
    can_settle = fields.Boolean(compute="_compute_can_settle", compute_sudo=True)
    problem = fields.Text(string="What Is Wrong", compute="_compute_todo", compute_sudo=True)

    @api.depends(
        "state",
        "line_ids.quantity",
        "line_ids.expects_goods",
        "line_ids.quantity_received",
        "line_ids.quantity_to_inspect",
        "line_ids.quantity_to_settle",
    )
    def _compute_stage(self):
        for record in self:
            record.stage = get_stage(
                ReturnFacts(record.state, tuple(line._get_progress_facts() for line in record.line_ids))
            )

    @api.depends(
        "stage",
        "amount_to_repay",
        "partner_id",
        "is_blind",
        "line_ids.quantity",
        "line_ids.sale_line_id",
        "line_ids.expects_goods",
        "line_ids.outcome",
        "line_ids.reason_id",
        "line_ids.comment",
    )
    def _compute_todo(self):
        for record in self:
            is_draft = record.state == "draft"
            facts = record._get_progress_facts(is_checked=is_draft)
            record.todo = get_todo(facts)
            problems = get_problems(facts) if is_draft else ()
            record.problem = "\n".join(problem.message for problem in problems)

    @api.depends("state", "line_ids.sale_line_id")
    def _compute_has_unmatched(self):
        for record in self:
            record.has_unmatched = record.state == "open" and any(not line.sale_line_id for line in record.line_ids)

    @api.depends("state", "line_ids.quantity_to_settle")
    def _compute_can_settle(self):
        for record in self:
            record.can_settle = record.state == "open" and any(line.quantity_to_settle > 0 for line in record.line_ids)

    def _get_progress_facts(self, is_checked=True):
        """:param is_checked: whether what the customer has is looked up too, which only problems need."""
        self.ensure_one()
        owed = self.amount_to_repay
        return ReturnFacts(
            self.state,
            tuple(line._get_progress_facts(**line._get_progress_words(is_checked)) for line in self.line_ids),
            is_blind=self.is_blind,
            has_customer=bool(self.partner_id),
            to_repay=format_amount(self.env, owed, self.currency_id) if owed else "",
        )

    def _check_authorizable(self):
        """:raise UserError: when there is nothing on the return, or more than the customer has."""
        for record in self:
            if problems := get_problems(record._get_progress_facts()):
                raise UserError(
                    self.env._(
                        "%(name)s: %(problems)s", name=record.name, problems=" ".join(p.message for p in problems)
                    )
                )


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _get_progress_facts(self, **sold):
        """:param sold: as of :meth:`_get_progress_words`; how far a return is needs none of it."""
        self.ensure_one()
        return LineFacts(
            quantity=_exact(self.quantity),
            expects_goods=self.expects_goods,
            received=_exact(self.quantity_received),
            to_inspect=_exact(self.quantity_to_inspect),
            to_settle=_exact(self.quantity_to_settle),
            **sold,
        )

    def _get_progress_words(self, is_checked):
        """What sentences need: words, and what its order line says about it."""
        self.ensure_one()
        sale_line = self.sale_line_id._origin
        words = {
            "name": self.product_id.display_name or "",
            "key": sale_line.id or None,
            "outcome_code": self.outcome,
            "outcome": dict(self._fields["outcome"]._description_selection(self.env)).get(self.outcome, "").lower(),
            "has_reason": bool(self.reason_id or self.comment),
        }
        if not sale_line or not is_checked:
            return words
        underway = self.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        return words | {
            "underway": _exact(self._sum_moves(underway)),
            "with_customer": _exact(sale_line._oms_get_with_customer(self.return_id._origin)),
            "is_kit": bool(sale_line._oms_get_parts()),
            "is_cancelled": sale_line.order_id.state == "cancel",
        }


def _exact(quantity):
    return Decimal(repr(quantity))
