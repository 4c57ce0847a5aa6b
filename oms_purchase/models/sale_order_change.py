"""A new address and what vendors send: Odoo writes it on a purchase that is for one address, and nobody hears of it."""

from odoo import models

from odoo.addons.oms_core.alone import leave_task


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_open_dropships(self):
        """The purchases by which vendors have still to send something of these orders."""
        # sudo: whoever changes an order need not see what is bought for it
        bought_sudo = self.sudo().order_line.purchase_line_ids
        return bought_sudo.filtered(
            lambda line: line.state != "cancel" and line._is_dropshipped() and line._oms_get_open() > 0
        ).order_id

    def _oms_get_allowed_changes(self, asked_by="customer"):
        """Override of ``oms_core``: a purchase goes to one address, so one that is for several orders keeps it."""
        verdicts = super()._oms_get_allowed_changes(asked_by)
        if not verdicts["address"][0]:
            return verdicts
        shared_sudo = self._oms_get_open_dropships().filtered(
            lambda purchase: purchase.order_line.sale_line_id.order_id - self
        )
        if shared_sudo and asked_by == "customer":
            verdicts["address"] = (False, "picking", self.env._("It is being packed together with other goods."))
        elif shared_sudo:
            sentence = self.env._(
                "%s is bought for other orders too, and goes to one address. Buy what is for this order by a purchase of its "
                "own, then change the address.",
                ", ".join(shared_sudo.mapped("name")),
            )
            verdicts["address"] = (False, "shared_purchase", sentence)
        return verdicts

    def _oms_set_delivery_address(self, values):
        """Override of ``oms_core``: a vendor that was told the old address, only a person can tell the new one."""
        address_sudo = super()._oms_set_delivery_address(values)
        for purchase_sudo in self._oms_get_open_dropships().filtered(lambda purchase: purchase._oms_is_vendor_told()):
            leave_task(
                purchase_sudo,
                self.env._("Tell the vendor the new address"),
                self.env._(
                    "The address of %(order)s was changed after %(vendor)s was asked to send it. Send %(purchase)s again, and "
                    "have the vendor confirm: %(address)s",
                    order=self.display_name,
                    vendor=purchase_sudo.partner_id.display_name,
                    purchase=purchase_sudo.name,
                    address=address_sudo._display_address(without_company=True),
                ),
                purchase_sudo.user_id or self.oms_channel_id.user_id,
            )
        return address_sudo


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    def _oms_is_vendor_told(self):
        """Whether the vendor has read this, or may have."""
        self.ensure_one()
        return self.state != "draft"


class OmsOrderChange(models.Model):
    _inherit = "oms.order.change"

    def _get_preview(self):
        """Override of ``oms_core``: what becomes of what vendors send."""
        preview = super()._get_preview()
        if self.kind != "address":
            return preview
        parts = [preview]
        for purchase_sudo in self.order_id._origin._oms_get_open_dropships():
            words = {"vendor": purchase_sudo.partner_id.display_name, "purchase": purchase_sudo.name}
            if purchase_sudo._oms_is_vendor_told():
                parts.append(
                    self.env._(
                        "%(purchase)s gets the new address; %(vendor)s knows the old one, and the buyer has the task to tell it.",
                        **words,
                    )
                )
            else:
                parts.append(
                    self.env._("%(purchase)s gets the new address before %(vendor)s is asked to send.", **words)
                )
        return "\n".join(parts)
