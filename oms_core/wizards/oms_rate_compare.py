from odoo import fields, models
from odoo.exceptions import UserError


class OmsRateCompare(models.TransientModel):
    """All delivery methods for an order or a delivery side by side, each with its price, its day and why not."""

    _name = "oms.rate.compare"
    _description = "Compare Rates"

    order_id = fields.Many2one("sale.order", readonly=True)
    picking_id = fields.Many2one("stock.picking", string="Transfer", readonly=True)
    deliver_by = fields.Datetime(string="Promised For", readonly=True)
    line_ids = fields.One2many("oms.rate.compare.line", "compare_id", readonly=True)

    def _open(self, source):
        """Ask all carriers and show what they said."""
        verdicts = self.env["oms.rate.shopper"]._shop(source)
        is_order = source._name == "sale.order"
        compare = self.create(
            {
                "order_id": source.id if is_order else source.sale_id.id,
                "picking_id": False if is_order else source.id,
                "deliver_by": (source if is_order else source.sale_id).oms_deliver_by,
                "line_ids": [
                    fields.Command.create(
                        {
                            "sequence": place,
                            "carrier_id": verdict.option.carrier_id,
                            "service_code": verdict.option.service_code,
                            "service": verdict.option.service,
                            "price": float(verdict.option.price),
                            "has_price": not verdict.option.problem and bool(verdict.option.service),
                            "currency_id": source.company_id.currency_id.id,
                            "expected_at": verdict.option.expected_at,
                            "carbon": float(verdict.option.carbon or 0),
                            "ok": verdict.ok,
                            "chosen": verdict.code == "chosen",
                            "reason": verdict.reason,
                        }
                    )
                    for place, verdict in enumerate(verdicts)
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Compare Rates of %s", source.display_name),
            "res_model": self._name,
            "res_id": compare.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }


class OmsRateCompareLine(models.TransientModel):
    _name = "oms.rate.compare.line"
    _description = "Rate"
    _order = "sequence, id"

    compare_id = fields.Many2one("oms.rate.compare", required=True, ondelete="cascade")
    sequence = fields.Integer()
    carrier_id = fields.Many2one("delivery.carrier", string="Delivery Method", readonly=True)
    service_code = fields.Char(readonly=True)
    service = fields.Char(readonly=True)
    price = fields.Monetary(readonly=True)
    has_price = fields.Boolean(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    expected_at = fields.Datetime(string="Expected", readonly=True)
    carbon = fields.Float(string="CO₂e (g)", digits=(12, 0), readonly=True)
    ok = fields.Boolean(string="Possible", readonly=True)
    chosen = fields.Boolean(readonly=True)
    reason = fields.Char(string="Why, or Why Not", readonly=True)

    def action_choose(self):
        """Take this one, also against the advice; the reason stays in the history of the document."""
        self.ensure_one()
        if not self.has_price:
            raise UserError(self.env._("There is no price for this: %s", self.reason))
        compare = self.compare_id
        values = {"carrier_id": self.carrier_id.id, "oms_service_code": self.service_code}
        if picking := compare.picking_id:
            picking.check_access("write")
            if picking.oms_label_ids.filtered(lambda label: label.state in ("bought", "unknown", "requested")):
                raise UserError(
                    self.env._("This delivery has a label already. Cancel it before you choose another carrier.")
                )
            picking.write({**values, "oms_quoted_cost": self.price, "oms_expected_at": self.expected_at})
            document = picking
        else:
            order = compare.order_id
            order.check_access("write")
            if order.state in ("draft", "sent"):
                price = self.currency_id._convert(
                    self.price, order.currency_id, order.company_id, fields.Date.context_today(self)
                )
                order.set_delivery_line(self.carrier_id, self.carrier_id._apply_margins(price, order))
            order.write(values)
            document = order
        document.message_post(
            body=self.env._(
                "%(carrier)s, %(service)s was chosen for %(price)s. %(reason)s",
                carrier=self.carrier_id.name,
                service=self.service or "",
                price=self.currency_id.format(self.price),
                reason=self.reason or "",
            )
        )
        return {"type": "ir.actions.act_window_close"}
