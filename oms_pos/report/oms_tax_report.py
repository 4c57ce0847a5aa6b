from odoo import models
from odoo.tools import SQL

from .till_entries import is_rounding, till_entries


class OmsTaxReport(models.Model):
    """What a till sells is booked with its session, or by the invoice that was asked for there."""

    _inherit = "oms.tax.report"
    _depends = {
        "account.move": ["reversed_entry_id", "reversed_pos_order_id"],
        "account.move.line": ["name"],
        "oms.channel": ["pos_config_id"],
        "pos.config": ["picking_type_id"],
        "pos.order": ["account_move", "session_id", "shipping_date"],
        "pos.session": ["move_id", "config_id"],
        "stock.picking.type": ["warehouse_id"],
        "stock.warehouse": ["partner_id"],
    }

    def _entries_sql(self):
        """Override of ``oms_core``: what is handed over is delivered where the till stands."""
        return SQL(
            """%(entries)s
            UNION ALL
           SELECT entry.id, channel.id,
                  CASE WHEN NOT of_till.is_sent THEN COALESCE(place.country_id, own.country_id) END AS country_id
             FROM (SELECT booked.entry_id, MIN(booked.config_id) AS config_id,
                          COALESCE(BOOL_OR(sale.shipping_date IS NOT NULL), FALSE) AS is_sent
                     FROM (SELECT move_id AS entry_id, NULL::int AS sale_id, config_id
                             FROM pos_session
                            WHERE move_id IS NOT NULL
                            UNION ALL
                           %(till_entries)s) booked
                LEFT JOIN pos_order sale ON sale.id = booked.sale_id
                 GROUP BY booked.entry_id) of_till
             JOIN account_move entry ON entry.id = of_till.entry_id AND entry.oms_channel_id IS NULL
             JOIN oms_channel channel ON channel.pos_config_id = of_till.config_id
             JOIN pos_config till ON till.id = of_till.config_id
             JOIN res_company company ON company.id = entry.company_id
             JOIN res_partner own ON own.id = company.partner_id
        LEFT JOIN stock_picking_type operation ON operation.id = till.picking_type_id
        LEFT JOIN stock_warehouse warehouse ON warehouse.id = operation.warehouse_id
        LEFT JOIN res_partner place ON place.id = warehouse.partner_id""",
            entries=super()._entries_sql(),
            till_entries=till_entries(),
        )

    def _is_untaxed_sale_sql(self):
        """Override of ``oms_core``: of a session, what is booked as income and does not round."""
        return SQL(
            "(%s OR a.account_type IN ('income', 'income_other') AND NOT %s)",
            super()._is_untaxed_sale_sql(),
            is_rounding(SQL("l")),
        )
