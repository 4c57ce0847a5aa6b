from odoo import api, fields, models
from odoo.tools import SQL


class OmsCutOff(models.Model):
    """Also labels that were bought by then and that no carrier had billed: the carriage to accrue when a month is closed."""

    _inherit = "oms.cut.off"

    kind = fields.Selection(selection_add=[("label_not_billed", "Label bought, not billed")])

    @api.model
    def _get_advice(self):
        """Override."""
        advice = {"label_not_billed": self.env._("Import the carrier's bill, or accrue the carriage.")}
        return super()._get_advice() | advice

    def _more_sql(self, day):
        """Override: of companies that somebody bills, at the rate of the day on which the label was bought."""
        return SQL(
            """
            %s UNION ALL
            SELECT label.id::bigint * 8 + 5, 'label_not_billed', move.sale_id, NULL, NULL, NULL, NULL, sale.partner_id,
                   sale.oms_channel_id, label.company_id, company.currency_id, bought.day, NULL,
                   -ROUND((label.cost / COALESCE(rate.rate, 1) * COALESCE(own.rate, 1))::numeric, currency.decimal_places), NULL
              FROM oms_shipment_label label
              JOIN res_company company ON company.id = label.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
        CROSS JOIN LATERAL %s zone
        CROSS JOIN LATERAL (SELECT (label.bought_at AT TIME ZONE 'UTC' AT TIME ZONE zone.tz)::date AS day) bought
         LEFT JOIN stock_picking move ON move.id = label.picking_id
         LEFT JOIN sale_order sale ON sale.id = move.sale_id
         LEFT JOIN LATERAL (SELECT known.rate FROM res_currency_rate known
                             WHERE known.currency_id = label.currency_id AND known.name <= bought.day
                               AND COALESCE(known.company_id, company.id) = company.id
                          ORDER BY known.name DESC LIMIT 1) rate ON label.currency_id != company.currency_id
         LEFT JOIN LATERAL (SELECT known.rate FROM res_currency_rate known
                             WHERE known.currency_id = company.currency_id AND known.name <= bought.day
                               AND COALESCE(known.company_id, company.id) = company.id
                          ORDER BY known.name DESC LIMIT 1) own ON label.currency_id != company.currency_id
             WHERE label.state = 'bought' AND label.cost != 0 AND NOT COALESCE(label.pay_on_use, FALSE)
               AND bought.day <= %s
               AND EXISTS (SELECT 1 FROM oms_biller biller WHERE biller.company_id = label.company_id)
               AND NOT EXISTS (SELECT 1 FROM oms_bill_line line
                                 JOIN account_move_line item ON item.id = line.item_id AND item.parent_state = 'posted'
                                WHERE line.label_id = label.id AND line.kind = 'transport' AND item.date <= %s)
            """,
            super()._more_sql(day),
            self.env["res.company"]._oms_zone_sql("company"),
            day,
            day,
        )
