from odoo import models
from odoo.tools import SQL

from odoo.addons.oms_core.report.oms_margin_report import ACCOUNT_TYPES

from .till_entries import is_rounding, till_entries


class OmsMarginReport(models.Model):
    """What a till sells is booked with its session, in one entry, or by the invoice that was asked for there.

    Of the entry of a session each line has kept its part when it was made. What is left of it, so that the rows are its items
    to the cent, is a row of the session and of no order: what cash rounds off, and all of what was closed before lines kept
    anything. Differences of cash are no sales, and are not among them.
    """

    _inherit = "oms.margin.report"
    _depends = {
        "account.move": ["reversed_pos_order_id"],
        "oms.channel": ["pos_config_id"],
        "pos.order": ["account_move", "session_id", "is_refund"],
        "pos.order.line": [
            "oms_booked_sales",
            "oms_booked_cost",
            "order_id",
            "product_id",
            "qty",
            "full_product_name",
            "sale_order_line_id",
        ],
        "pos.session": ["move_id", "config_id", "name"],
    }

    def _more_rows_sql(self):
        """Override of ``oms_core``: the lines of sessions, what is left of their entries, and the entries of single sales."""
        return SQL(
            """%(more)s
             UNION ALL
                SELECT sold.id::bigint * 8 + part.rest, part.kind, 'booked', COALESCE(sold.full_product_name, sale.name),
                       part.amount, entry.date, line.order_id, line.id, sold.product_id, entry.company_id, NULL, entry.id,
                       channel.id
                  FROM pos_order_line sold
                  JOIN pos_order sale ON sale.id = sold.order_id
                  JOIN pos_session session ON session.id = sale.session_id
                  JOIN account_move entry ON entry.id = session.move_id AND entry.state = 'posted'
             LEFT JOIN oms_channel channel ON channel.pos_config_id = session.config_id
             LEFT JOIN sale_order_line line ON line.id = sold.sale_order_line_id
            CROSS JOIN LATERAL (
                VALUES (2, CASE WHEN sold.qty < 0 THEN 'refund' ELSE 'sales' END, sold.oms_booked_sales),
                       (3, 'goods', -sold.oms_booked_cost)) part (rest, kind, amount)
                 WHERE part.amount != 0
             UNION ALL
                SELECT session.id::bigint * 8 + part.rest, part.kind, 'booked', session.name, part.amount, entry.date, NULL, NULL,
                       NULL, entry.company_id, NULL, entry.id, channel.id
                  FROM pos_session session
                  JOIN account_move entry ON entry.id = session.move_id AND entry.state = 'posted'
             LEFT JOIN oms_channel channel ON channel.pos_config_id = session.config_id
            CROSS JOIN LATERAL (
                SELECT COALESCE(-SUM(item.balance) FILTER (WHERE NOT %(is_goods)s), 0) AS sales,
                       COALESCE(-SUM(item.balance) FILTER (WHERE %(is_goods)s), 0) AS goods
                  FROM account_move_line item
                  JOIN account_account account ON account.id = item.account_id AND account.account_type IN %(account_types)s
                 WHERE item.move_id = entry.id) whole
            CROSS JOIN LATERAL (
                SELECT COALESCE(SUM(sold.oms_booked_sales), 0) AS sales, COALESCE(-SUM(sold.oms_booked_cost), 0) AS goods
                  FROM pos_order sale
                  JOIN pos_order_line sold ON sold.order_id = sale.id
                 WHERE sale.session_id = session.id) kept
            CROSS JOIN LATERAL (
                VALUES (4, 'sales', whole.sales - kept.sales), (5, 'goods', whole.goods - kept.goods)
                ) part (rest, kind, amount)
                 WHERE part.amount != 0
             UNION ALL
                SELECT item.id::bigint * 8 + 6, CASE WHEN %(is_goods)s THEN 'goods'
                            WHEN of_sale.is_refund OR entry.move_type = 'out_refund' THEN 'refund' ELSE 'sales' END,
                       'booked', COALESCE(item.name, entry.name), -item.balance, item.date, found.order_id, found.line_id,
                       item.product_id, item.company_id, item.id, entry.id, channel.id
                  FROM (SELECT booked.entry_id, MIN(booked.config_id) AS config_id, ARRAY_AGG(sale.id) AS sale_ids,
                               BOOL_OR(sale.is_refund) AS is_refund
                          FROM (%(till_entries)s) booked
                     LEFT JOIN pos_order sale ON sale.id = booked.sale_id
                      GROUP BY booked.entry_id) of_sale
                  JOIN account_move entry ON entry.id = of_sale.entry_id AND entry.state = 'posted'
                  JOIN account_move_line item ON item.move_id = entry.id
                  JOIN account_account account ON account.id = item.account_id AND account.account_type IN %(account_types)s
             LEFT JOIN oms_channel channel ON channel.pos_config_id = of_sale.config_id
            CROSS JOIN LATERAL (
                -- of an entry of several orders, that which alone has the product
                SELECT CASE WHEN COUNT(DISTINCT line.order_id) = 1 THEN MIN(line.order_id)
                            WHEN COUNT(DISTINCT line.order_id) FILTER (WHERE sold.product_id = item.product_id) = 1
                            THEN MIN(line.order_id) FILTER (WHERE sold.product_id = item.product_id) END AS order_id,
                       CASE WHEN COUNT(DISTINCT line.id) FILTER (WHERE sold.product_id = item.product_id) = 1
                            THEN MIN(line.id) FILTER (WHERE sold.product_id = item.product_id) END AS line_id
                  FROM pos_order_line sold
                  JOIN sale_order_line line ON line.id = sold.sale_order_line_id
                 WHERE sold.order_id = ANY(of_sale.sale_ids)) found
                 WHERE %(order_of_entry)s IS NULL
                   AND NOT EXISTS (SELECT FROM sale_order_line_invoice_rel rel
                                    WHERE rel.invoice_line_id = COALESCE(item.cogs_origin_id, item.id))""",
            more=super()._more_rows_sql(),
            is_goods=SQL(
                "(item.display_type = 'cogs' OR entry.move_type = 'entry' AND account.account_type LIKE %s AND NOT %s)",
                "expense%",
                is_rounding(SQL("item")),
            ),
            account_types=ACCOUNT_TYPES,
            till_entries=till_entries(),
            order_of_entry=self._order_of_entry_sql(),
        )
