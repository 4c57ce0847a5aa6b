from collections import defaultdict

from odoo import models

from odoo.addons.oms_core.domain.money import ZERO, allocate
from odoo.addons.oms_core.models.sale_order_money import exact
from odoo.addons.oms_core.report.oms_margin_report import ACCOUNT_TYPES


class PosSession(models.Model):
    _inherit = "pos.session"

    def _create_picking_at_end_of_session(self):
        """Override of ``point_of_sale``: the stock moves take over from what stood for them while the session was open."""
        result = super()._create_picking_at_end_of_session()
        self.order_ids._oms_sold_pending()._transition("posted")
        return result

    # ------------------------------------------------------------------------------------------------- WHAT IT HAS BOOKED

    def _create_account_move(self, balancing_account=False, amount_to_balance=0, bank_payment_method_diffs=None):
        """Override of ``point_of_sale``: each line keeps what of the entry it is, for the report of margins."""
        data = super()._create_account_move(balancing_account, amount_to_balance, bank_payment_method_diffs)
        session_sudo = self.sudo()  # sudo: whoever may close a session has its entry told apart
        session_sudo._oms_keep_booked_sales()
        if session_sudo.company_id.inventory_valuation == "real_time":
            session_sudo._oms_keep_booked_costs()
        return data

    def _oms_keep_booked_sales(self):
        """Of each line that is not invoiced its sale, converted as ``_accumulate_amounts`` does it."""
        for sale in self._get_closed_orders().filtered(lambda sale: not sale.is_invoiced):
            for base_line in sale._oms_get_base_lines():
                if base_line["account_id"].account_type not in ACCOUNT_TYPES:
                    continue  # a gift card that is sold is a debt
                details = base_line["tax_details"]
                net = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
                if not self.is_in_company_currency:
                    net = self._amount_converter(net, sale.date_order, True)
                base_line["record"].oms_booked_sales = -base_line["sign"] * net

    def _oms_keep_booked_costs(self):
        """Of each line the cost of its goods, of the moves that ``_accumulate_amounts`` counts.

        A move has the goods of all lines of its product: each has as much of its cost as it sold, together the whole.
        """
        currency = self.company_id.currency_id
        costs = defaultdict(lambda: ZERO)
        for pickings, lines in self._oms_get_sold_pickings():
            moves = pickings.move_ids.filtered(
                lambda move: move.product_id.is_storable and move.product_id.categ_id.property_valuation == "real_time"
            )
            for is_back, of_way in moves.grouped(lambda move: bool(move._is_in())).items():
                wanting = lines.filtered(lambda line, is_back=is_back: line.qty and (line.qty < 0) == is_back)
                for move, sold in of_way._oms_get_sold(wanting).items():
                    cost = exact(currency.round(move.quantity * move._get_price_unit()))
                    weights = [exact(abs(line.qty)) for line in sold]
                    for line, part in zip(sold, allocate(cost, weights, exact(currency.rounding)), strict=True):
                        costs[line] += -part if is_back else part
        for line, cost in costs.items():
            line.oms_booked_cost = float(cost)

    def _oms_get_sold_pickings(self):
        """[(transfers, lines of the till whose goods they moved)], of those whose goods the entry has: what is invoiced has
        its cost with its invoice."""
        sales = self._get_closed_orders().filtered(lambda sale: not sale.shipping_date)
        apart = sales.filtered("picking_ids")
        perpetual = self.company_id.anglo_saxon_accounting
        together = (sales - apart).filtered(lambda sale: not (perpetual and sale.is_invoiced))
        of_session = self.picking_ids.filtered(lambda picking: not picking.pos_order_id)
        return [
            *((sale.picking_ids, sale.lines) for sale in apart if not sale.is_invoiced),
            (of_session, together.lines),
        ]
