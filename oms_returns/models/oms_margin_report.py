from odoo import models
from odoo.tools import SQL


class OmsMarginReport(models.Model):
    _inherit = "oms.margin.report"

    def _order_of_entry_sql(self):
        """Override: a credit note for goods that stay with the customer names its order, and no line of it."""
        return SQL("entry.oms_order_id")
