"""Orders that no message brought: typed by a person, or placed in Odoo's own shop. They are looked at like any other."""

from datetime import timezone

from odoo import api, fields, models

from ..const import COLLECTED_METHODS
from ..domain.documents import AddressDoc

#: Code of the channel that a company's typed orders get when it has chosen none.
DESK_CODE = "desk"


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    typed_orders = fields.Boolean(
        string="Orders Typed Here",
        copy=False,
        tracking=True,
        help="Orders that somebody types in Sales and that name no channel get this one.",
    )

    _typed_orders_uniq = models.UniqueIndex(
        "(company_id) WHERE typed_orders AND active", "Another channel of this company gets the orders that are typed."
    )

    @api.model
    def _get_desk(self, company):
        """The channel of a company's typed orders; made when the first one is typed, empty when somebody has switched it off."""
        channels_sudo = self.sudo()  # sudo: who types an order need not be allowed to set up channels
        if desk_sudo := channels_sudo.search([("company_id", "=", company.id), ("typed_orders", "=", True)], limit=1):
            return desk_sudo.with_env(self.env)
        known = [("company_id", "=", company.id), ("code", "=", DESK_CODE)]
        if channels_sudo.with_context(active_test=False).search_count(known, limit=1):
            return self.browse()
        desk_sudo = channels_sudo.create(
            {
                "name": self.env._("Sales desk"),
                "code": DESK_CODE,
                "company_id": company.id,
                "platform": "manual",
                "typed_orders": True,
                "user_id": self.env.ref("base.user_root").id,
                "invoice_policy": "manual",  # as in Odoo without channels: by the policies of the products
            }
        )
        return desk_sudo.with_env(self.env)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``sale``: what a person types belongs to the company's own channel, unless it names another."""
        if self._oms_is_by_person():
            companies = self.env["res.company"]
            for vals in vals_list:
                if not vals.get("oms_channel_id"):
                    company = companies.browse(vals.get("company_id") or self.env.company.id)
                    vals["oms_channel_id"] = self.env["oms.channel"]._get_desk(company).id
        return super().create(vals_list)

    def action_confirm(self):
        """Override of ``sale``: what a person typed is looked at before it is confirmed; what is found is told, not lost."""
        placed = self.browse()
        self.filtered("oms_channel_id")._oms_look_at_lists()
        if self._oms_is_by_person():
            placed = self._oms_to_place()._oms_place()
        stopped = placed.filtered(lambda order: order.oms_on_hold or order.state == "cancel")
        going = self - stopped
        result = super(SaleOrder, going).action_confirm() if going or not stopped else True
        if stopped and not going:
            return stopped[0]._oms_tell_stopped(self.env._("%s is on hold", stopped[0].display_name))
        return result

    def _oms_due_for_release(self):
        """Override: a quotation that nobody has confirmed yet is no order, even when its last hold goes."""
        offers = self.filtered(lambda order: order.oms_channel_id.typed_orders and not order.oms_ordered_at)
        return super(SaleOrder, self - offers)._oms_due_for_release()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _oms_to_place(self):
        """Hook: those of these orders that a person's confirmation places."""
        return self.filtered("oms_channel_id.typed_orders")

    def _oms_place(self):
        """These quotations are ordered now: look at them as at an order that a message brought, each once.

        :return: those that were placed by this.
        """
        new = self.filtered(
            lambda order: (
                order.oms_channel_id
                and order.state in ("draft", "sent")
                and not order.oms_ordered_at
                and not order.oms_external_id
            )
        )
        if not new:
            return new
        now = fields.Datetime.now()
        new.write({"oms_ordered_at": now})
        for order in new:
            order.oms_release_at = order.oms_channel_id._oms_release_at(
                order.oms_delivery_method or "ship", now.replace(tzinfo=timezone.utc)
            )
            for kind, reason in order._oms_placed_reasons():
                order._oms_hold(kind, reason)
        new._oms_run_rules("captured")
        new._oms_notify("received")
        return new

    def _oms_placed_reasons(self):
        """What keeps this order from being worked, read from the order itself: yields (kind of hold, sentence)."""
        self.ensure_one()
        if not any(line._is_oms_goods() and line.product_uom_qty > 0 for line in self.order_line):
            return
        if self.oms_delivery_method in COLLECTED_METHODS:
            if not self.oms_pickup_warehouse_id:
                yield "address", self.env._("Choose the place where the customer will pick it up, then release.")
            return
        to = self.partner_shipping_id
        parts = {"street": to.street or "", "city": to.city or "", "zip": to.zip or ""}
        if not AddressDoc(country_code=to.country_id.code or "", **parts).is_postal():
            yield (
                "address",
                self.env._("There is no complete delivery address. Ask the customer, fill it in, then release."),
            )
        elif self.oms_channel_id.check_addresses:
            for problem in self._oms_get_address_problems():
                yield "address", self.env._("%s Correct the address, or keep it and release.", problem.sentence)
