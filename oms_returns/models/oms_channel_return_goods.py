"""What channels are told of the goods of their returns: what came in, and what becomes of it."""

from decimal import Decimal

from odoo import models

from odoo.addons.oms_core.domain.documents import ReturnStepDoc

from .oms_disposition import APART

#: Kind of a disposition → what a channel is told of the goods. What the customer keeps never came.
GOODS = {
    "restock": "restocked",
    "back": "not_restocked",
    "scrap": "not_restocked",
    "donate": "not_restocked",
    "vendor": "not_restocked",
} | dict.fromkeys(APART, "apart")


class OmsReturn(models.Model):
    _inherit = "oms.return"

    def _tell_arrived(self, before, key):
        """Tell what has come in: all of it so far, and what of it is for sale again without anybody looking at it.

        :param before: {line: pieces that had come in before}.
        """
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.quantity_received > before.get(line, line.quantity_received))
        if not lines:
            return
        self._tell_goods("received", key, {line: line.quantity_received for line in self.line_ids})
        ready = lines.filtered(lambda line: not line.needs_inspection)
        self._tell_goods("disposed", key, {line: line.quantity_received - before[line] for line in ready}, "restocked")

    def _tell_goods(self, step, key, pieces, goods="", later=0.0):
        """:param pieces: {line: how many}.
        :param later: pieces of these lines of which it is known already, and which are told after these.
        """
        told = []
        for sale_line, of_line in self.line_ids.grouped("sale_line_id").items():
            now = Decimal(repr(sum(pieces.get(line, 0.0) for line in of_line)))
            if not sale_line.oms_external_id or not now:
                continue
            known = Decimal(repr(sum(line._get_disposed() for line in of_line) - later)) if step == "disposed" else now
            earlier = max(known - now, Decimal(0))
            if units := sale_line._oms_to_units(now, earlier):
                reason = next((line.reason_id.name for line in of_line if line.reason_id), "")
                told.append((sale_line.oms_external_id, units, reason, sale_line._oms_to_units(earlier)))
        if told:
            self.order_id._oms_tell_return(
                ReturnStepDoc(
                    f"return-{self.id}-{key}",
                    self.external_id,
                    step,
                    tuple(told),
                    goods=goods,
                    warehouse_id=self.warehouse_id.id or self.order_id.warehouse_id.id,
                )
            )


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _get_disposed(self):
        """Pieces of which it is known what becomes of them."""
        self.ensure_one()
        if not self.needs_inspection:
            return self.quantity_received
        rows = self.inspection_ids.filtered(lambda row: row.state in ("done", "corrected") and not row.corrects_id)
        return sum(rows.filtered(lambda row: row.disposition_id.kind in GOODS).mapped("quantity"))


class OmsReturnInspection(models.Model):
    _inherit = "oms.return.inspection"

    def _finish(self):
        """Override: the channel is told what becomes of its goods. A correction is for us: no channel takes one back."""
        rows = self.filtered(lambda row: row.state == "draft" and not row.corrects_id)
        result = super()._finish()
        # sudo: what a channel is told follows from what was found, whoever found it
        told_sudo = rows.sudo().filtered(
            lambda row: row.return_id.external_id and row.line_id.needs_inspection and row.disposition_id.kind in GOODS
        )
        for number, row_sudo in enumerate(told_sudo):
            after = told_sudo[number + 1 :].filtered(
                lambda row, same=row_sudo.line_id.sale_line_id: row.line_id.sale_line_id == same
            )
            row_sudo.return_id._tell_goods(
                "disposed",
                f"i{row_sudo.id}",
                {row_sudo.line_id: row_sudo.quantity},
                GOODS[row_sudo.disposition_id.kind],
                sum(after.mapped("quantity")),
            )
        return result


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        """Override: channels are told what has come back of their returns."""
        # sudo: whoever receives goods has channels told; returns are for those who work them
        lines_sudo = self.sudo().move_ids.oms_return_line_id.filtered(lambda line: line.return_id.external_id)
        before = {line: line.quantity_received for line in lines_sudo}
        result = super()._action_done()
        for return_sudo in lines_sudo.return_id:
            return_sudo._tell_arrived(before, f"p{min(self.ids)}")
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def _oms_get_channel_return_ref(self):
        """Override of ``oms_core``: of a return that is still open on its channel, and paid for with one credit note alone."""
        returns = self.invoice_line_ids.oms_return_line_id.return_id
        told = returns.filtered(lambda one: one.external_id and one.channel_state in ("requested", "open"))
        return told.external_id if len(returns) == len(told) == 1 else super()._oms_get_channel_return_ref()
