from odoo import fields, models

from odoo.addons.oms_core.domain.promise import Promise


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    oms_vendor_rejection_ids = fields.One2many("oms.vendor.rejection", "sale_line_id", string="Rejected by Vendors")

    def _prepare_procurement_values(self):
        """Override of ``sale_stock``: after a rejection the next vendor is asked, whoever changes the line later."""
        values = super()._prepare_procurement_values()
        # sudo: whoever changes an order need not see what vendors said
        if self.sudo().oms_vendor_rejection_ids and (seller := self._oms_get_next_seller()):
            values["oms_seller"] = seller
        return values

    def _oms_get_next_seller(self):
        """The vendor of the product that comes next, of those that have not rejected this line."""
        self.ensure_one()
        product = self.product_id.with_company(self.company_id)
        sellers = product._prepare_sellers(False).filtered(
            lambda seller: (
                (not seller.company_id or seller.company_id == self.company_id)
                # sudo: as above
                and seller.partner_id not in self.sudo().oms_vendor_rejection_ids.partner_id
            )
        )
        today = fields.Date.context_today(self)
        # Those that are no vendor (any more, or yet) are not asked.
        return sellers.filtered(
            lambda seller: (
                (not seller.date_start or seller.date_start <= today)
                and (not seller.date_end or seller.date_end >= today)
            )
        )[:1]

    def _oms_follow_vendors(self):
        """Promise the customers what the vendors say who send to them, and tell them when the day has changed.

        :return: the orders that were promised another day.
        """
        changed = {}
        for line in self:
            # sudo: whoever writes a purchase need not see the orders that it is for, and the other way round
            bought_sudo = line.sudo().purchase_line_ids.filtered(
                lambda bought: (
                    bought._is_dropshipped() and bought.state != "cancel" and bought.product_qty > bought.qty_received
                )
            )
            dates = [date for date in bought_sudo.mapped("date_planned") if date]
            line_sudo = line.sudo()  # sudo: as above
            before, after = line_sudo.oms_promised_at, max(dates, default=False)
            if not after or before == after or line_sudo.order_id.state != "sale":
                continue
            line_sudo.oms_promised_at = after
            if not before or before.date() != after.date():
                by = ", ".join(bought_sudo.order_id.mapped("name"))
                changed[line_sudo] = (before, Promise(at=after, by=by))
        orders_sudo = self.sudo()._oms_write_promise_history(changed)  # sudo: as above
        for order_sudo in orders_sudo:
            order_sudo._oms_notify("promise_changed")
        return orders_sudo

    def _oms_ask_next_vendor(self, rejected):
        """Buy what a vendor rejected of these lines from the vendor that comes next; without any the order stops and says so.

        :param rejected: the ``oms.vendor.rejection`` rows of now.
        """
        for order, lines in self.grouped("order_id").items():
            if order.state != "sale":
                continue
            # What was sourced meanwhile, or is wanted no longer, is not bought again: Odoo reckons with what is missing.
            # A line whose product is not always bought was decided to come from that vendor, and is decided anew.
            asked = lines.filtered(lambda line: line._oms_get_next_seller() or line._oms_is_from_shelf())
            with order._oms_unlocked():
                asked._action_launch_stock_rule()
            for line in lines:
                of_line = rejected.filtered(lambda rejection, line=line: rejection.sale_line_id == line)
                words = {
                    "vendor": of_line[:1].partner_id.display_name,
                    "quantity": sum(of_line.mapped("quantity")),
                    "product": line.product_id.display_name,
                    "purchase": of_line[:1].purchase_id.name,
                    "reason": of_line[:1].reason or self.env._("no reason given"),
                }
                if line in asked and line._oms_is_from_shelf():
                    order.message_post(
                        body=self.env._(
                            "%(vendor)s rejected %(quantity)g × %(product)s (%(purchase)s, %(reason)s). It was sourced again: "
                            "see Sourcing for where it comes from, or why it waits.",
                            **words,
                        )
                    )
                elif line in asked:
                    text = self.env._(
                        "%(vendor)s rejected %(quantity)g × %(product)s (%(purchase)s, %(reason)s). It was ordered from "
                        "%(next)s.",
                        next=line._oms_get_next_seller().partner_id.display_name,
                        **words,
                    )
                    order.message_post(body=text)
                else:
                    text = self.env._(
                        "%(vendor)s rejected %(quantity)g × %(product)s (%(purchase)s, %(reason)s), and no other vendor sells "
                        "it. Find one, deliver it from stock, or take it off the order; then release.",
                        **words,
                    )
                    order._oms_hold("stock", text)
        self._oms_follow_vendors()
