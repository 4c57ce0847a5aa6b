import importlib.util
from io import BytesIO
from unittest.mock import patch

from reportlab.pdfgen.canvas import Canvas

from odoo.exceptions import UserError
from odoo.tests import BaseCase
from odoo.tools import pdf

from ..carriers.karrio import client, const
from .common_carriers import CarrierCommon
from .servers.ups import UpsServer


class KarrioCommon(CarrierCommon):
    def _karrio(self, server, **values):
        return self._create_carrier(
            "UPS",
            const.CODE,
            **{
                "oms_api_url": server.url,
                "oms_api_key": "client",
                "oms_api_secret": "secret",
                "oms_account_number": "A1B2C3",
                "oms_network": "ups",
                "oms_service_code": "ups_standard",
                **values,
            },
        )

    def setUp(self):
        super().setUp()
        self.server = UpsServer().__enter__()
        self.addCleanup(self.server.__exit__)
        self.carrier = self._karrio(self.server)


class TestDocuments(BaseCase):
    """SHP-07: karrio brings packages that Odoo uses too, and not each version of them works for Odoo."""

    def test_documents_are_still_merged_and_turned(self):
        document = BytesIO()
        sheet = Canvas(document)
        sheet.drawString(50, 50, "Delivery slip")
        sheet.save()
        merged = pdf.merge_pdf([document.getvalue()] * 2)
        self.assertEqual(pdf.OdooPdfFileReader(BytesIO(pdf.rotate_pdf(merged)), strict=False).getNumPages(), 2)


class TestWithoutKarrio(KarrioCommon):
    """SHP-07: the add-on does without karrio, and says so where somebody wants it."""

    def test_whoever_wants_a_label_is_told_what_to_install_and_nothing_is_bought(self):
        picking = self._delivery(self.carrier)
        with patch.object(client.importlib.util, "find_spec", return_value=None):
            self._fails(UserError, "pip install karrio", picking.action_oms_get_label)
        self.assertFalse(picking.carrier_tracking_ref)
        self.assertNotIn("bought", picking.oms_label_ids.mapped("state"))


if importlib.util.find_spec(const.PACKAGE):  # a soft dependency: whoever has it tests it

    class TestKarrio(KarrioCommon):
        """SHP-07: UPS through karrio, from the delivery to the label and back."""

        def test_a_label_is_bought_and_what_ups_charges_is_what_was_paid(self):
            """SHP-11: by contract it is less than by the list."""
            picking = self._delivery(self.carrier)
            picking.button_validate()
            self._reread()
            label = picking.oms_label_ids
            self.assertEqual(
                (picking.state, label.state, label.tracking_number), ("done", "bought", "1Z999AA10000000001")
            )
            self.assertEqual((label.cost, label.currency_id.name), (11.16, "EUR"))
            self.assertEqual((picking.sale_id.oms_shipping_cost, picking.carrier_price), (11.16, 11.16))
            self.assertTrue(label.attachment_id.raw.startswith(b"%PDF"))

        def test_its_services_are_compared_with_all_others(self):
            picking = self._delivery(self.table)
            compare = self.env["oms.rate.compare"].browse(picking.action_oms_compare_rates()["res_id"])
            found = {(line.service_code, line.price) for line in compare.line_ids if line.carrier_id == self.carrier}
            self.assertEqual(len(found), 2)
            self.assertEqual({price for _code, price in found}, {12.4, 31.9})

        def test_an_answer_that_is_lost_waits_for_a_person_and_is_not_bought_again(self):
            picking = self._delivery(self.carrier)
            self.carrier.rate_shipment(picking.sale_id)
            self.server.fail_next("lost")
            self._fails(UserError, "lost", picking.action_oms_get_label)
            self.assertEqual(picking.oms_label_ids.state, "unknown")
            self._wait(picking)
            self._fails(UserError, "Look into its account", picking.action_oms_get_label)
            self.assertEqual(len(self.server.shipments), 1)
            picking.oms_label_ids.action_give_up()
            self._reread()
            self.assertEqual(self._get_label(picking).state, "bought")

        def test_a_label_is_given_back(self):
            picking = self._delivery(self.carrier)
            label = self._get_label(picking)
            picking.cancel_shipment()
            self._reread()
            self.assertEqual((label.state, picking.oms_shipping_cost), ("cancelled", 0))
            self.assertEqual([shipment["state"] for shipment in self.server.shipments.values()], ["void"])

        def test_an_address_that_ups_refuses_is_told_on_the_delivery(self):
            picking = self._delivery(self.carrier)
            picking.partner_id.zip = "00000"
            self.env.flush_all()
            self._fails(UserError, "Address Validation Error", picking.action_oms_get_label)
            self.assertIn("Address Validation Error", picking.oms_label_error)
