"""Thin stand-ins for what the other parts of returns bring: each goes when its owner has landed."""

from decimal import Decimal
from types import SimpleNamespace

from odoo import fields, models


class OmsReturn(models.Model):
    _inherit = "oms.return"

    exchange_until = fields.Date()
    exchange_order_ids = fields.Many2many("sale.order", compute="_compute_standin")

    def _compute_standin(self):
        self.exchange_order_ids = False

    def _judge(self):
        lines = [line._standin_judge(line.id, line.sale_line_id, line.return_id) for line in self.line_ids]
        return SimpleNamespace(lines=lines, approval="by hand")

    def _keep_terms(self, judgement):
        pass

    def _authorize_if_allowed(self):
        return self.browse()

    def _reserve_exchange(self):
        return self.env["sale.order"]


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    exchange_product_id = fields.Many2one("product.product")
    window_end = fields.Datetime()

    def _standin_judge(self, key, sale_line, but=None):
        quantity = Decimal(str(sale_line._oms_get_returnable(but) if but else sale_line._oms_get_returnable()))
        sentence = "" if quantity else "Nothing of it is left that could come back."
        ok = SimpleNamespace(ok=quantity > 0, code="" if quantity else "none_left", sentence=sentence, until=None)
        return SimpleNamespace(
            key=key, outcomes={"refund": ok}, max_quantity=quantity, fee_percent=Decimal(0), fee_amount=Decimal(0),
            label_paid_by="merchant", expects_goods=True, refusals=(),
        )  # fmt: skip


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_exchange_return_id = fields.Many2one("oms.return")

    def _oms_judge_return(self, lines=None, now=None):
        lines = [
            self.env["oms.return.line"]._standin_judge(line.id, line)
            for line in self.order_line
            if line.product_id.type == "consu" and line.qty_delivered > 0
        ]
        return SimpleNamespace(lines=lines, approval="by hand")
