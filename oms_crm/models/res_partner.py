from markupsafe import Markup

from odoo import models

#: Orders of a contact whose goods are looked at.
ORDERS_MAX = 20


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_oms_opportunity(self):
        """Open a prefilled opportunity for this contact; nothing is kept until it is saved. Those that there are, Odoo shows
        itself, behind its own button."""
        self.ensure_one()
        self.check_access("read")
        self.env["crm.lead"].check_access("create")
        orders = self.env["sale.order"].search(
            [
                ("partner_id", "child_of", self.commercial_partner_id.id),
                ("state", "=", "sale"),
                ("company_id", "=", self.env.company.id),
            ],
            order="date_order desc, id desc",
            limit=ORDERS_MAX,
        )
        goods = orders.order_line.product_id.filtered(lambda product: product.type == "consu")
        # sudo: the numbers are about all orders, and say nothing about any single one
        orders_sudo = orders.sudo()
        _products, note = orders_sudo._oms_say_together(orders_sudo._oms_get_baskets(self.env.company), goods)
        context = {
            "default_type": "opportunity",
            "default_name": self.env._("%s: what else", self.name),
            "default_partner_id": self.id,
            "default_user_id": self.env.uid,
        }
        if note:
            context["default_description"] = Markup("<p>%s %s</p>") % (self.env._("Often bought together:"), note)
        return self.env["crm.lead"]._oms_open(self.env["crm.lead"], context)
