from odoo.fields import Command

from odoo.addons.oms_core.tests.common import OmsCommon


class ShopCommon(OmsCommon):
    """The merchant of ``OmsCommon`` with a website, a delivery method, a card provider and bank transfers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].create({"name": "Own shop", "company_id": cls.company.id})
        cls.shop = cls.website._oms_get_channel()
        # Those of the generic chart map every tax to none.
        cls.env["account.fiscal.position"].search([("company_id", "=", cls.company.id)]).active = False
        cls.bank = cls.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", cls.company.id), ("id", "!=", cls.clearing_journal.id)], limit=1
        )
        cls.card = cls._create_provider("payment.payment_provider_demo")
        cls.transfer = cls._create_provider("payment.payment_provider_transfer")
        fee = cls._create_product("FEE", type="service", is_storable=False, lst_price=5)
        cls.delivery = cls.env["delivery.carrier"].create(
            {
                "name": "Parcel",
                "delivery_type": "fixed",
                "fixed_price": 5,
                "product_id": fee.id,
                "company_id": cls.company.id,
                "is_published": True,
            }
        )
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Visitor",
                "email": "visitor@example.com",
                "phone": "+33 1 23 45 67 89",
                "street": "1 rue de Rivoli",
                "zip": "75001",
                "city": "Paris",
                "country_id": cls.country.id,
            }
        )

    @classmethod
    def _create_provider(cls, xmlid):
        provider = cls.env.ref(xmlid).copy({"company_id": cls.company.id})
        provider.write({"state": "test" if provider.code == "demo" else "enabled", "is_published": True})
        if provider.code == "demo":
            provider.journal_id = cls.bank
            line = cls.bank.inbound_payment_method_line_ids.filtered(lambda line: line.payment_provider_id == provider)
            line.payment_account_id = cls.clearing_account
        return provider

    def _cart(self, *products, qty=2, customer=None, **values):
        """A cart on the website with a way of delivery."""
        cart = self.env["sale.order"].create(
            {
                "partner_id": (customer or self.customer).id,
                "website_id": self.website.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": qty})
                    for product in products or (self.product_standard,)
                ],
                **values,
            }
        )
        cart.set_delivery_line(self.delivery, 5)
        return cart

    def _begin_payment(self, cart, provider=None):
        """The customer presses “Pay”: what the shop checks, and the transaction it makes."""
        provider = provider or self.card
        cart._check_cart_is_ready_to_be_paid()
        return self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env["payment.method"].search([], limit=1).id,
                "reference": f"{cart.name}-{next(self._numbers)}",
                "amount": cart.amount_total,
                "currency_id": cart.currency_id.id,
                "partner_id": cart.partner_id.id,
                "operation": "online_direct",
                "sale_order_ids": [Command.set(cart.ids)],
            }
        )

    def _pay(self, cart, provider=None):
        """The customer pays, and the provider says so."""
        transaction = self._begin_payment(cart, provider)
        transaction._set_done()
        transaction._post_process()
        return transaction

    def _atp(self, product=None, channel=None):
        product = product or self.product_standard
        return self.env["oms.availability"]._get_channel_atp(channel or self.channel, product)[product.id]
