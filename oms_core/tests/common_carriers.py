"""What the tests of carriers start from: a delivery method with a rate card, one at EasyParcel, and an order to send."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from .common import OmsCommon
from .servers.easyparcel import EasyParcelServer


class Killed(BaseException):
    """The process died here."""


class CarrierCommon(OmsCommon):
    """Labels are written by a connection of their own; here it is one that sees what the test has made."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.product_standard | cls.product_average).write({"weight": 1.2})
        cls.warehouse.partner_id.write({"phone": "+33 4 72 00 00 00"})
        cls.delivery_product = cls.env["product.product"].create(
            {"name": "Delivery", "type": "service", "taxes_id": [Command.clear()], "company_id": cls.company.id}
        )
        cls.table = cls._create_table_carrier()
        myr = cls.env["res.currency"].with_context(active_test=False).search([("name", "=", "MYR")])
        myr.active = True
        cls.env["res.currency.rate"].create(
            {"currency_id": myr.id, "company_id": cls.company.id, "name": "2026-01-01", "rate": 5.0}
        )

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)

    @classmethod
    def _create_carrier(cls, name, delivery_type, **values):
        return cls.env["delivery.carrier"].create(
            {
                "name": name,
                "delivery_type": delivery_type,
                "product_id": cls.delivery_product.id,
                "company_id": cls.company.id,
                "integration_level": "rate_and_ship",
                **values,
            }
        )

    @classmethod
    def _create_table_carrier(cls, name="Own van", price=6.0, days=2, **values):
        carrier = cls._create_carrier(name, "oms_table", **values)
        cls.env["oms.rate.card"].create(
            {
                "name": f"{name} parcel",
                "carrier_id": carrier.id,
                "currency_id": cls.company.currency_id.id,
                "zone_ids": [
                    Command.create(
                        {
                            "name": "France",
                            "country_ids": [Command.set(cls.country.ids)],
                            "transit_days": days,
                            "step_ids": [Command.create({"up_to_kg": 30, "price": price})],
                        }
                    )
                ],
            }
        )
        return carrier

    def _server(self, **values):
        server = EasyParcelServer(**values).__enter__()
        self.addCleanup(server.__exit__)
        return server

    def _easyparcel(self, server, **values):
        return self._create_carrier(
            "EasyParcel",
            "oms_easyparcel",
            **{
                "oms_api_url": server.url,
                "oms_api_version": server.version,
                "oms_api_key": "client",
                "oms_api_secret": "secret",
                "oms_access_token": server.access_token,
                "oms_refresh_token": server.refresh_token,
                "oms_service_code": "EP-CS0X",
                **values,
            },
        )

    def _delivery(self, carrier, *lines, **values):
        """The delivery of an order, reserved and ready to leave with a carrier."""
        order = self._order(*(lines or (("STD", 1, "20.00", 20),)), **values)
        order.partner_shipping_id.phone = "+33 6 12 34 56 78"
        picking = order.picking_ids
        picking.carrier_id = carrier
        self.env.flush_all()
        return picking

    def _get_label(self, picking):
        """Press the button; what another connection wrote is read anew."""
        picking.action_oms_get_label()
        self._reread()
        return picking.oms_label_ids

    def _fails(self, kind, words, function):
        """Have something fail. Odoo's own ``assertRaises`` takes back all that was written, also by the connection of labels."""
        try:
            function()
        except kind as error:
            self.assertIn(words, str(error))
        else:
            self.fail(f"{kind.__name__} not raised")
        self._reread()

    def _reread(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def _wait(self, picking):
        """Some minutes pass since the carrier was asked."""
        self._reread()
        picking.oms_label_ids.sudo().write({"asked_at": fields.Datetime.now() - timedelta(minutes=10)})
        self.env.flush_all()
