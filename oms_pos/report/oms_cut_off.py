from odoo import models
from odoo.tools import SQL


class OmsCutOff(models.Model):
    """What a till ships later is charged by the entry of its session, or by the invoice that was asked for there."""

    _inherit = "oms.cut.off"

    def _more_charges_sql(self, day):
        """Override: of orders of tills, each line that leaves; what was not divided on the first of its product.

        What is taken over the counter is charged as it leaves, and has no transfer of the order: it is never open, and neither
        is what is given back there. Where the transfer was called off for what was given back, that is credited.
        """
        paid = self.env["pos.order"]._oms_paid_sql
        return SQL(
            """
            %(more)s UNION ALL
            SELECT sent.id, booked.date, CASE WHEN part.qty > 0 THEN part.qty END, CASE WHEN part.qty < 0 THEN -part.qty END
              FROM (SELECT l.id, l.order_id, l.product_id,
                           COALESCE(SUM(m.product_qty) FILTER (WHERE m.state != 'cancel'), 0) AS asked,
                           l.id = MIN(l.id) OVER (PARTITION BY l.order_id, l.product_id) AS is_first
                      FROM line l
                      JOIN stock_move m ON m.sale_line_id = l.id
                  GROUP BY l.id, l.order_id, l.product_id) sent
              JOIN sale_order o ON o.id = sent.order_id
              JOIN pos_order sale ON sale.id = o.oms_pos_order_id AND sale.shipping_date IS NOT NULL
              JOIN pos_order_line sold ON sold.order_id = sale.id AND sold.product_id = sent.product_id
               AND sold.sale_order_origin_id IS NULL
               AND (sold.sale_order_line_id = sent.id
                    OR sent.is_first
                   AND NOT EXISTS (SELECT FROM stock_move own WHERE own.sale_line_id = sold.sale_order_line_id))
              JOIN pos_order_line part ON part.id = sold.id
                OR (part.refunded_orderline_id = sold.id AND sent.asked <= sold.qty + (
                        SELECT SUM(back.qty) FROM pos_order_line back
                          JOIN pos_order given ON given.id = back.order_id AND %(given)s
                         WHERE back.refunded_orderline_id = sold.id))
              JOIN pos_order till ON till.id = part.order_id AND %(paid)s
              JOIN pos_session session ON session.id = till.session_id
         LEFT JOIN account_move entry ON entry.id = session.move_id AND entry.state = 'posted'
         LEFT JOIN account_move invoice ON invoice.id = till.account_move AND invoice.state = 'posted'
        CROSS JOIN LATERAL (SELECT LEAST(entry.date, invoice.date) AS date) booked
             WHERE booked.date <= %(day)s
            """,
            more=super()._more_charges_sql(day),
            paid=paid("till"),
            given=paid("given"),
            day=day,
        )
