"""What may come back of an order, for those who have not asked yet: the same answer as on a return."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .oms_return import OUTCOMES
from .oms_return_facts import Request, Wish, as_decimal


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_judge_return(self, lines=None, now=None, kind="return"):
        """What may come back of this order, by the same policies as a return on it; for those who have not asked yet.

        :param lines: what would be asked: {order line: ``{"quantity": …, "reason": …, "outcome": …}``}, each of them
            optional; by default every line with goods, for a refund, without a quantity.
        :param now: when it would be asked, UTC; by default now.
        :rtype: odoo.addons.oms_returns.domain.return_facts.Judgement, with the lines by the ids of the order lines
        :raise UserError: for lines of another order, and outcomes that there are not.
        """
        self.ensure_one()
        return self._oms_judge_returns({self: lines}, now, kind)[self]

    @api.model
    def _oms_judge_returns(self, wanted, now=None, kind="return"):
        """{order: its judgement}, in as many queries for one as for a hundred.

        :param dict wanted: {order: lines as of ``_oms_judge_return``}
        """
        requests = [order._oms_get_return_request(lines, now, kind) for order, lines in wanted.items()]
        return dict(zip(wanted, self.env["oms.return"]._judge_requests(requests), strict=True))

    def _oms_get_return_request(self, lines, now, kind):
        order_sudo = self.sudo()  # sudo: customers look by a link; whoever calls has looked at who asks
        if lines is None:
            goods = order_sudo.order_line.filtered(
                lambda line: not line.display_type and line.product_id.type == "consu"
            )
            lines = dict.fromkeys(goods, {})
        known = dict(OUTCOMES)
        if any(
            line.sudo().order_id != self or (asked.get("outcome") or "refund") not in known
            for line, asked in lines.items()
        ):
            raise UserError(self.env._("%s has no such line, or nobody can ask for that. Ask anew.", order_sudo.name))
        none = self.env["oms.return.reason"]
        return Request(
            company=order_sudo.company_id,
            partner=order_sudo.partner_id,
            currency=order_sudo.currency_id,
            wishes=tuple(
                Wish(
                    line.id,
                    line.sudo(),
                    line.sudo().product_id,
                    asked.get("reason") or none,
                    None if asked.get("quantity") is None else as_decimal(float(asked["quantity"])),
                    asked.get("outcome") or "refund",
                )
                for line, asked in lines.items()
            ),
            now=now or fields.Datetime.now(),
            record=self.env["oms.return"],
            kind=kind,
        )
