from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.oms_core.const import INSIDE
from odoo.addons.oms_core.domain.order_to_cash import Document, Step
from odoo.addons.oms_core.models.sale_order_money import exact

from .pos_order import PAID_STATES


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_pos_order_id = fields.Many2one(
        "pos.order", string="Sale at the Till", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )

    _oms_pos_order_uniq = models.UniqueIndex(
        "(oms_pos_order_id) WHERE oms_pos_order_id IS NOT NULL",
        "This sale of the till is in the list of orders already.",
    )

    def action_oms_view_sale(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.oms_pos_order_id.display_name,
            "res_model": "pos.order",
            "res_id": self.oms_pos_order_id.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------------------------------------ SETTLED AT THE TILL

    def load_sale_order_from_pos(self, config_id):
        """Override of ``pos_sale``: what is held for another reason than its payment is not handed over the counter."""
        for order in self:
            reasons = order.sudo().oms_hold_ids.filtered(  # sudo: cashiers see no holds, and are told why they stand
                lambda hold: hold.is_open and hold.kind != "payment"
            )
            if reasons:
                raise UserError(
                    self.env._(
                        "%(order)s is on hold: %(reason)s",
                        order=order.display_name,
                        reason=" / ".join(reasons.mapped("reason")),
                    )
                )
        return super().load_sale_order_from_pos(config_id)

    def action_confirm(self):
        """Override of ``sale``: an order that a customer has paid and taken at the till is confirmed, whatever held it."""
        if self.env.context.get("oms_at_till") is not INSIDE:
            return super().action_confirm()
        # sudo: who sells at a till may confirm what was sold there, with all that a confirmation sets off
        orders_sudo = self.sudo()
        for order_sudo in orders_sudo.filtered("oms_on_hold"):
            order_sudo.oms_hold_ids.filtered("is_open").with_context(oms_by_job=INSIDE)._release()
            order_sudo._message_log(body=self.env._("Paid and handed over at the till, which ended what held it."))
        return super(SaleOrder, orders_sudo).action_confirm()

    # ------------------------------------------------------------------------------------------------------------ MONEY

    def _oms_money_steps(self):
        """Override of ``oms_core``: what was settled at a till is charged and paid there, and booked with its session. A sale
        that was invoiced at the till is told by its invoice."""
        yield from super()._oms_money_steps()
        # sudo: sales of tills are closed to accountants; whoever may look at the money of an order sees what of them is its
        parts_sudo = self.order_line.sudo().pos_order_line_ids.filtered(
            lambda part: part.order_id.state in PAID_STATES and not part.order_id.account_move
        )
        for sale_sudo, of_sale_sudo in parts_sudo.grouped("order_id").items():
            amount = sum((exact(part.price_subtotal_incl) for part in of_sale_sudo), Decimal(0))
            entry = sale_sudo.session_id.move_id.filtered(lambda move: move.state == "posted")
            for kind in ("invoiced", "paid") if amount > 0 else ("credited", "repaid"):
                yield Step(
                    sale_sudo.date_order,
                    kind,
                    amount,
                    Document("pos.order", sale_sudo.id, sale_sudo.name),
                    entry=entry._oms_as_document() if entry else None,
                    note=self.env._("At the till")
                    if entry
                    else self.env._("At the till; booked when its session is closed"),
                )

    # ----------------------------------------------------------------------------------------------------------- STATUS

    def _oms_facts_sql(self, alias):
        """Override of ``oms_core``: what left over the counter has left, and what came back over it has come back."""
        facts = super()._oms_facts_sql(alias)
        self.env["pos.order"].flush_model(["state", "shipping_date"])
        self.env["pos.order.line"].flush_model(["order_id", "qty", "sale_order_line_id", "refunded_orderline_id"])
        paid = self.env["pos.order"]._oms_paid_sql
        order = SQL.identifier(alias, "id")
        sold = SQL(
            """SELECT 1 FROM sale_order_line tl
                 JOIN pos_order_line tp ON tp.sale_order_line_id = tl.id
                 JOIN pos_order tpo ON tpo.id = tp.order_id AND %s
                WHERE tl.order_id = %s""",
            paid("tpo"),
            order,
        )
        taken = SQL("EXISTS (%s AND tp.qty > 0 AND tl.qty_delivered > 0 AND tpo.shipping_date IS NULL)", sold)
        is_refund = SQL("EXISTS (%s AND tp.qty < 0)", sold)
        back = SQL(
            """EXISTS (SELECT 1 FROM sale_order_line tl
                         JOIN pos_order_line tp ON tp.sale_order_line_id = tl.id
                         JOIN pos_order_line tr ON tr.refunded_orderline_id = tp.id
                         JOIN pos_order tro ON tro.id = tr.order_id AND %s
                        WHERE tl.order_id = %s)""",
            paid("tro"),
            order,
        )
        kept = SQL(
            """EXISTS (SELECT 1 FROM sale_order_line l
                         JOIN product_product pp ON pp.id = l.product_id
                         JOIN product_template pt ON pt.id = pp.product_tmpl_id AND pt.type = 'consu'
                         JOIN uom_uom pu ON pu.id = pt.uom_id
                         JOIN uom_uom lu ON lu.id = l.product_uom_id
                        WHERE l.order_id = %s AND l.product_uom_qty > 0
                          AND l.qty_delivered + COALESCE((
                                  SELECT SUM(tr.qty) * pu.factor / lu.factor
                                    FROM pos_order_line tp
                                    JOIN pos_order_line tr ON tr.refunded_orderline_id = tp.id
                                    JOIN pos_order tro ON tro.id = tr.order_id AND %s
                                   WHERE tp.sale_order_line_id = l.id), 0) > 0.000001)""",
            order,
            paid("tro"),
        )
        return {
            **facts,
            "goods": SQL("(%s OR %s)", facts["goods"], is_refund),
            "parcels": SQL("(%s OR %s OR %s)", facts["parcels"], taken, is_refund),
            "came_back": SQL("(%s OR %s OR %s)", facts["came_back"], back, is_refund),
            "all_back": SQL("(%s OR (%s AND NOT %s))", facts["all_back"], back, kept),
        }
