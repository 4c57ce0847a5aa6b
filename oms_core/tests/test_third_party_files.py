import os
import tempfile
import time
from base64 import b64decode, b64encode
from pathlib import Path
from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import AccessError, ValidationError
from odoo.tools import mute_logger

from odoo.addons.oms_core.exchange import Folder, FolderProblem
from odoo.addons.oms_core.tests.test_third_party import ThirdPartyCommon

HEADER = "reference;sku;quantity;tracking\n"


class FilesCommon(ThirdPartyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.oms_3pl_exchange = "files"

    def _told_order(self, *lines):
        order = self._order(*lines)
        self.env["stock.picking"]._oms_write_third_party()
        return order, order.picking_ids.oms_3pl_reference

    def _take(self, name, text):
        return self.env["oms.message"]._oms_take_file(self.warehouse, name, text.encode())

    def _statements(self, kind="3pl_shipment"):
        return self.env["oms.message"].search([("channel_id", "=", self.messages.id), ("kind", "=", kind)])


class TestThirdPartyFiles(FilesCommon):
    """FUL-06: a logistics partner that exchanges files says the same as one that posts messages."""

    def test_good_rows_ship_and_bad_ones_are_named(self):
        (good, good_ref), (bad, bad_ref) = self._told_order(("STD", 2)), self._told_order(("STD", 1))
        message = self._take("shipment-1.csv", f"{HEADER}{good_ref};STD;2;T1\n{bad_ref};STD;one;\nWH/OUT/999;STD;1;\n")
        self.assertEqual((good.picking_ids.state, good.picking_ids.carrier_tracking_ref), ("done", "T1"))
        self.assertEqual(bad.picking_ids.state, "assigned")
        self.assertEqual(message.state, "dead")
        self.assertIn("Row 3: “one” is no quantity", message.error)
        self.assertIn("Row 4: No delivery of", message.error)

    def test_a_corrected_file_does_what_is_new_and_settles_the_bad_one(self):
        (first, first_ref), (second, second_ref) = self._told_order(("STD", 3)), self._told_order(("STD", 1))
        bad = self._take("shipment-1.csv", f"{HEADER}{first_ref};STD;1;\n{second_ref};STD;5;\n")
        self.assertEqual(bad.state, "dead")
        good = self._take("shipment-1.csv", f"{HEADER}{first_ref};STD;1;\n{second_ref};STD;1;\n")
        self.assertEqual((good.state, good.error), ("done", "2 statements."))
        self.assertEqual((first.order_line.qty_delivered, second.order_line.qty_delivered), (1, 1))
        self.assertEqual(bad.state, "dismissed")
        self.assertEqual(sorted(self._statements().mapped("state")), ["dismissed", "done", "done"])

    def test_the_same_file_twice_does_nothing(self):
        order, reference = self._told_order(("STD", 3))
        text = f"{HEADER}{reference};STD;1;\n"
        first = self._take("shipment-1.csv", text)
        self.assertEqual(self._take("shipment-copy.csv", text), first)
        self.assertEqual(order.order_line.qty_delivered, 1)

    def test_a_clerk_corrects_the_file_where_it_lies(self):
        order, reference = self._told_order(("STD", 1))
        message = self._take("shipment-1.csv", f"{HEADER}{reference};STD;l;\n")
        message.corrected_body = message.body_text.replace(";l;", ";1;")
        message.action_retry()
        message._process()
        self.assertEqual((message.state, order.picking_ids.state), ("done", "done"))

    def test_stock_and_returns_come_as_files_too(self):
        order, reference = self._told_order(("STD", 2))
        self._ship(order)
        self.assertEqual(self._take("stock.csv", "\ufeffSKU,Quantity\nSTD,7\nAVG,many\n").state, "dead")
        feed = self.env["oms.stock.feed"].search([("warehouse_id", "=", self.warehouse.id)])
        self.assertEqual((feed.product_id, feed.quantity), (self.product_standard, 7))
        message = self._take("return.csv", f"reference,sku,quantity,note\n{reference},STD,1,torn\n")
        self.assertEqual(message.state, "done", message.error)
        self.assertEqual(order.order_line.qty_delivered, 1)

    def test_goods_that_are_unknown_here_are_named_on_the_file(self):
        message = self._take("stock.csv", "sku,quantity\nSTD,7\nNO-SUCH,3\n")
        self.assertEqual(message.state, "done")
        self.assertIn("NO-SUCH", message.error)

    def test_orders_wait_for_whoever_downloads_them_and_go_out_once(self):
        order, reference = self._told_order(("STD", 2))
        self._send()
        self.assertEqual(self._statements("3pl_order").state, "pending")
        wizard = self.env["oms.third.party.exchange"].create({"warehouse_id": self.warehouse.id})
        self.assertEqual(wizard.waiting_count, 1)
        wizard.action_write()
        text = b64decode(wizard.out_file).decode("utf-8-sig")
        self.assertIn(reference, text)
        self.assertIn(order.oms_number, text)
        self.assertEqual((self._statements("3pl_order").state, wizard.waiting_count), ("done", 0))
        self.assertEqual(self.messages.message_ids[0].attachment_ids.mimetype, "text/csv")

    def test_a_channel_manager_uploads_a_file(self):
        order, reference = self._told_order(("STD", 1))
        manager = self._create_user("files_manager", "oms_core.group_oms_channel")
        wizards = self.env["oms.third.party.exchange"].with_user(manager)
        text = f"{HEADER}{reference};STD;1;\n".encode()
        wizard = wizards.create(
            {"warehouse_id": self.warehouse.id, "file": b64encode(text), "file_name": "shipment.csv"}
        )
        action = wizard.action_take_in()
        self.assertEqual(action["res_model"], "oms.message")
        self.assertEqual(order.picking_ids.state, "done")
        with self.assertRaises(AccessError):
            wizards.with_user(self.channel_user).create({"warehouse_id": self.warehouse.id})


class FolderCase:
    """Mixin: a folder of the server, for the place of ``FilesCommon``."""

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = Path(directory.name) / "exchange"
        self.base.mkdir()
        environment = patch.dict(os.environ, {"OMS_EXCHANGE_DIRECTORY": str(self.base)})
        environment.start()
        self.addCleanup(environment.stop)
        self.warehouse.oms_3pl_folder = "north"
        self.folder = self.base / self.env.cr.dbname / "north"

    def _drop(self, name, text, age_s=60):
        path = self.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (time.time() - age_s,) * 2)

    def _names(self, part):
        return sorted(path.name for path in (self.folder / part).iterdir())


class TestThirdPartyFolder(FolderCase, FilesCommon):
    """FUL-06: files are exchanged through a folder of the server, and nothing outside of it is touched."""

    def test_orders_are_written_and_shipments_are_read(self):
        order, reference = self._told_order(("STD", 2))
        self._send()
        (name,) = self._names("out")
        self.assertIn(reference, (self.folder / "out" / name).read_text())
        self._drop("shipment.csv", f"{HEADER}{reference};STD;2;T1\n")
        self._send()
        self.assertEqual(order.picking_ids.state, "done")
        self.assertEqual(self._names("in"), [])
        (done,) = self._names("done")
        self._drop("shipment.csv", f"{HEADER}{reference};STD;2;T1\n")
        self._send()
        self.assertEqual((self._names("done"), self._names("error")), ([done], []))
        self.assertEqual(len(self._statements()), 1)

    def test_a_bad_file_lies_beside_its_reasons(self):
        self._drop("shipment.csv", f"{HEADER}WH/OUT/9;STD;1;\nWH/OUT/9;STD;-1;\n")
        self._send()
        bad, reasons = self._names("error")
        self.assertTrue(bad.endswith(".csv"))
        text = (self.folder / "error" / reasons).read_text("utf-8-sig")
        self.assertIn("2;Waits for row 3", text)
        self.assertIn("3;“-1” is no quantity", text)

    def test_what_is_not_complete_hidden_too_large_or_a_link_is_not_read(self):
        outside = self.base.parent / "secret.csv"
        outside.write_text("sku,quantity\nSTD,1\n")
        stock = "sku,quantity\nSTD,1\n"
        self._drop("stock.csv.part", stock)
        self._drop(".stock.csv", stock)
        self._drop("stock-new.csv", stock, age_s=0)
        (self.folder / "in" / "stock-link.csv").symlink_to(outside)
        with patch("odoo.addons.oms_core.models.oms_message_files.BODY_MAX_BYTES", 30):
            self._drop("stock-large.csv", stock * 2)
            self._send()
        self.assertEqual(self._names("in"), [".stock.csv", "stock-link.csv", "stock-new.csv", "stock.csv.part"])
        self.assertEqual(self._names("error"), ["stock-large.too-large.csv", "stock-large.too-large.reasons.txt"])
        self.assertFalse(self._statements("3pl_file"))

    def test_no_folder_leads_out_of_the_directory(self):
        for name in ("../north", "a/b", "/etc", "..", ".north"):
            with self.subTest(name), self.assertRaises(FolderProblem):
                Folder(self.base, name)
            with self.subTest(name), self.assertRaises(ValidationError):
                self.warehouse.oms_3pl_folder = name
        (self.base / "out").symlink_to(self.base.parent)
        with self.assertRaisesRegex(FolderProblem, "leads out"):
            Folder(self.base, "out")

    def test_two_places_share_no_folder(self):
        other = self.warehouse.copy({"name": "South", "code": "SOUTH"})
        self.assertFalse(other.oms_3pl_folder)
        with self.assertRaises(psycopg2.errors.UniqueViolation), mute_logger("odoo.sql_db"):
            other.oms_3pl_folder = "north"
            other.flush_recordset()

    def test_a_directory_that_is_gone_is_said_and_nothing_is_lost(self):
        self._told_order(("STD", 1))
        with (
            patch.dict(os.environ, {"OMS_EXCHANGE_DIRECTORY": str(self.base / "gone")}),
            mute_logger("odoo.addons.oms_core.models.oms_message_files"),
        ):
            self._send()
        self.assertIn("is not there", self.warehouse.oms_3pl_problem)
        self.assertEqual(self._statements("3pl_order").state, "retry")
        self._send()
        self.assertFalse(self.warehouse.oms_3pl_problem)
