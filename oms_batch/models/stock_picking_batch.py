from odoo import models


class StockPickingBatch(models.Model):
    _inherit = "stock.picking.batch"

    def action_oms_scan(self, code):
        """Count what was scanned for the first delivery of this wave that wants it, and say which one that is.

        :return: as of ``action_oms_scan`` of a delivery
        """
        self.ensure_one()
        self.check_access("write")
        in_order = self.picking_ids.sorted(lambda picking: (picking.batch_sequence, picking.id))
        before = {line: line.oms_scanned for line in in_order.move_line_ids}
        answer = in_order.action_oms_scan(code)
        counted = in_order.filtered(
            lambda picking: any(line.oms_scanned != before.get(line) for line in picking.move_line_ids)
        )
        if not counted:
            return answer
        where = ", ".join(f"{picking.batch_sequence}. {picking.name}" for picking in counted)
        return {**answer, "message": f"{where}: {answer['message']}"}

    def _oms_let_go(self, pickings, why):
        """Take deliveries out of this wave, and say why there and here. A wave that is empty ends."""
        self.ensure_one()
        if not pickings:
            return
        pickings.batch_id = False
        for picking in pickings:
            picking.message_post(body=self.env._("Left wave %(wave)s: %(why)s", wave=self.name, why=why))
        names = ", ".join(pickings.mapped("name"))
        self.message_post(body=self.env._("%(deliveries)s left: %(why)s", deliveries=names, why=why))
        if not self.picking_ids and self.state != "cancel":
            self.action_cancel()
