from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..domain.availability import Threshold
from .oms_stock_rule import _decimal


class OmsStockBuffer(models.Model):
    """What is not published although it is there: safety stock of a place, or the threshold of a channel.

    The safety stock is kept back at each place, before the places are summed; the threshold once from the sum that a
    channel sees. Neither keeps routing from using the goods: published and brokering safety stock are two things.
    """

    _name = "oms.stock.buffer"
    _description = "Stock Buffer"
    _inherit = "oms.stock.rule"
    _order = "kind, warehouse_id, channel_id, product_id, categ_id, id desc"

    kind = fields.Selection(
        [("safety", "Safety stock of a place"), ("threshold", "Threshold of a channel")],
        required=True,
        default="safety",
        help="Safety stock is kept back at each place, a threshold once from all that a channel could sell.",
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Place",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Empty: every place.",
    )
    quantity = fields.Float(
        string="Keep Back",
        digits="Product Unit",
        help="In the product's own unit. With a share, the larger one counts.",
    )
    percent = fields.Float(
        string="Keep Back (%)", digits=(5, 2), help="Of what is on hand; whole units are rounded up to whole units."
    )
    exclude = fields.Boolean(string="Do Not Offer", help="Nothing of it is offered here, however much there is.")
    note = fields.Char(help="Why, for whoever wonders.")

    _amounts_check = models.Constraint(
        "CHECK(quantity >= 0 AND percent >= 0 AND percent <= 100)",
        "What is kept back is not below zero, and a share not above 100 %.",
    )

    @api.depends("kind", "product_id", "categ_id", "warehouse_id", "channel_id")
    def _compute_display_name(self):
        for rule in self:
            where = rule.warehouse_id.name or rule.channel_id.name
            about = rule._get_about()
            rule.display_name = f"{about} · {where}" if where else about

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.kind == "safety":
            self.channel_id = False
        else:
            self.warehouse_id = False

    @api.constrains("kind", "warehouse_id", "channel_id")
    def _check_place(self):
        for rule in self:
            if (rule.channel_id and rule.kind == "safety") or (rule.warehouse_id and rule.kind == "threshold"):
                raise ValidationError(
                    self.env._("Safety stock belongs to a place, and a threshold to a channel: choose only that one.")
                )

    def _get_value(self):
        return Threshold(_decimal(self.quantity), _decimal(self.percent), self.exclude)

    @api.model
    def _get_safety(self, company):
        """The rules about safety stock, by warehouse."""
        return self._get_book(company, [("kind", "=", "safety")], place="warehouse_id")

    @api.model
    def _get_thresholds(self, company):
        """The rules about thresholds, by channel."""
        return self._get_book(company, [("kind", "=", "threshold")])
