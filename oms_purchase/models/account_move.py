"""Bills of vendors that send to our customers: what differs from the order and from what was sent, before they are paid."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.checks import Check, Violation
from odoo.addons.oms_core.text import as_html

from ..domain.vendor_bill import BilledLine, differences


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_vendor_differences = fields.Text(string="Differs from the Order", compute="_compute_oms_vendor_differences")

    @api.depends(
        "invoice_line_ids.price_unit",
        "invoice_line_ids.quantity",
        "invoice_line_ids.discount",
        "invoice_line_ids.tax_ids",
        "invoice_line_ids.purchase_line_id.qty_received",
    )
    def _compute_oms_vendor_differences(self):
        for move in self:
            found = [one for item in move.invoice_line_ids for one in item._oms_get_vendor_differences()]
            move.oms_vendor_differences = "\n".join(one.sentence for one in found) or False

    def _post(self, soft=True):
        """Override of ``account``: what a vendor bills otherwise than it was ordered and sent is a task."""
        posted = super()._post(soft=soft)
        for move in posted.filtered(lambda move: move.move_type == "in_invoice" and move.oms_vendor_differences):
            # sudo: the system leaves tasks to those who have the rights
            move.sudo().activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Billed otherwise than ordered"),
                note=as_html(move.oms_vendor_differences),
                user_id=(move.invoice_user_id or self.env.user).id,
            )
        return posted


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_get_vendor_differences(self):
        """The ``Difference`` values of a line of a vendor's bill; none where it is about no dropshipped goods."""
        self.ensure_one()
        # sudo: an accountant need not be allowed to see orders, and is told what the bill differs by
        bought_sudo = self.purchase_line_id.sudo()
        if not bought_sudo or self.move_id.move_type != "in_invoice" or not bought_sudo._is_dropshipped():
            return []
        unit = bought_sudo.product_uom_id
        currency = self.currency_id
        each = self.product_uom_id._compute_price(self.price_unit * (1 - self.discount / 100), unit)
        ordered_each = bought_sudo.price_unit * (1 - bought_sudo.discount / 100)
        line = BilledLine(
            name=bought_sudo.product_id.display_name,
            ordered=_exact(bought_sudo.product_qty),
            sent=_exact(bought_sudo.qty_received),
            billed=_exact(self.product_uom_id._compute_quantity(self.quantity, unit, round=False)),
            billed_in_all=_exact(bought_sudo.qty_invoiced),
            ordered_price=_exact(ordered_each),
            billed_price=_exact(each),
            ordered_currency=bought_sudo.currency_id.name,
            billed_currency=currency.name,
            ordered_taxes=frozenset(bought_sudo.tax_ids.mapped("name")),
            billed_taxes=frozenset(self.tax_ids.mapped("name")),
        )
        return [one for one in differences(line, _exact(currency.rounding)) if one.cause != "rounding"]


def _exact(value):
    return Decimal(str(round(value, 6))).normalize() + 0


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_checks(self):
        """Override: bills of vendors are of this add-on."""
        return [
            *super()._get_checks(),
            Check(
                "vendor_bills",
                self.env._("Vendors are paid what was ordered and sent"),
                self.env._(
                    "What vendors bill for orders that they send is what was ordered, at its price, and has left."
                ),
                "warning",
            ),
        ]

    @api.model
    def _check_vendor_bills(self, company, scope):
        rows = self._query_pages(
            lambda last: SQL(
                """
                SELECT DISTINCT item.id
                  FROM account_move_line item
                  JOIN account_move bill ON bill.id = item.move_id AND bill.state = 'posted' AND bill.move_type = 'in_invoice'
                  JOIN purchase_order_line bought ON bought.id = item.purchase_line_id AND bought.sale_line_id IS NOT NULL
                 WHERE bill.company_id = %s AND bill.date >= %s AND bill.payment_state != 'reversed' AND item.id > %s
                   AND (ABS(item.price_unit * (1 - item.discount / 100)
                            - bought.price_unit * (1 - bought.discount / 100)) > 0.0005
                        OR bought.qty_invoiced > LEAST(bought.qty_received, bought.product_qty))
              ORDER BY 1
                """,
                company.id,
                scope.since,
                last,
            )
        )
        for item in self.env["account.move.line"].browse(item_id for (item_id,) in rows):
            found = item._oms_get_vendor_differences()
            if found:
                yield Violation(
                    ((item._name, item.id), (item.move_id._name, item.move_id.id)),
                    self.env._(
                        "Bill %(bill)s: %(why)s",
                        bill=item.move_id.ref or item.move_id.name,
                        why=" ".join(one.sentence for one in found),
                    ),
                    self.env._("Ask the vendor for a credit note, or say here why it is right."),
                    float(sum(abs(one.amount) for one in found)),
                    item.purchase_line_id.sale_line_id.order_id.id,
                )
