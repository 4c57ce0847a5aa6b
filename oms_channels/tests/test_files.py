import os
import tempfile
import time
from base64 import b64decode, b64encode
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from odoo.addons.oms_channels.domain import edifact, x12
from odoo.addons.oms_channels.domain.adapter import CREDENTIAL_FIELDS
from odoo.addons.oms_channels.models import oms_message_files
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.files import split
from odoo.addons.oms_channels.tests.servers.sftp import PASSWORD, USER, SftpServer
from odoo.addons.oms_core.tests.common import OmsCommon

HEADER = "order;sku;quantity;price;currency;tax rate;name;street;city;zip;country\n"
WHERE = "EUR;20;Zoé Martin;1 rue de Rivoli;Paris;75001;FR\n"

ORDERS = """UNB+UNOC:3+4000001000005:14+4000001000012:14+261102:0915+{control}'
UNH+1+ORDERS:D:96A:UN'
BGM+220+{number}+9'
DTM+137:20261102:102'
NAD+BY+4000001000005::9'
NAD+DP+4000001000104::9++Handel Sud+1 rue de Rivoli+Paris++75001+FR'
TAX+7+VAT+++:::20+S'
CUX+2:EUR:9'
LIN+10++4006381333931:EN'
PIA+1+STD:SA+77001:IN'
QTY+21:2:PCE'
PRI+AAA:20.00'
UNS+S'
CNT+2:1'
UNT+14+1'
UNZ+1+{control}'
"""


class FilesCommon(OmsCommon):
    """The small merchant with a trading partner that sends files: ``partner_channel``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_channel = cls._create_channel(
            "PARTNER", platform="files", account_ref="4000001000005:14", site_ref="4000001000012:14"
        )

    def _row(self, number, sku="STD", quantity="1", price="20.00"):
        return f"{number};{sku};{quantity};{price};{WHERE}"

    def _take(self, text, name="orders.csv"):
        data = text if isinstance(text, bytes) else text.encode()
        message = self.env["oms.message"]._take_file(self.partner_channel, name, data)
        if message.state in ("pending", "retry"):
            message._process()
        self._work()
        return message

    def _work(self):
        """What the inbox job does."""
        self._orders_of(state="pending")._process()

    def _orders_of(self, **values):
        domain = [("channel_id", "=", self.partner_channel.id), ("kind", "in", ("order", "order_deleted"))]
        return self.env["oms.message"].search(domain + [(key, "=", value) for key, value in values.items()], order="id")

    def _sales(self):
        return self.env["sale.order"].search(
            [("oms_channel_id", "=", self.partner_channel.id)], order="oms_external_id"
        )


class TestFiles(FilesCommon):
    """CAP-01, CAP-09, CAP-14: orders come as files; no order of a file waits for another, and nothing comes twice."""

    def test_rows_of_one_number_are_one_order_with_exact_amounts(self):
        message = self._take(HEADER + self._row("A1", quantity="2") + self._row("A1", "AVG") + self._row("A2", "FIFO"))
        self.assertEqual((message.state, message.file_orders, message.file_rows), ("done", 2, 3), message.error)
        first, second = self._sales()
        self.assertEqual((first.oms_external_id, first.amount_total, first.state), ("A1", 72, "sale"))
        self.assertEqual(first.order_line.mapped("product_id.default_code"), ["STD", "AVG"])
        self.assertEqual((second.amount_total, second.partner_shipping_id.city), (24, "Paris"))
        self.assertFalse(first.oms_hold_reason)
        self.assertEqual((message.file_worked, message.file_bad_count), (2, 0))

    def test_one_bad_order_keeps_no_other_waiting_and_is_named_row_by_row(self):
        message = self._take(HEADER + self._row("A1") + self._row("A2", quantity="two") + self._row("A3", "AVG"))
        self.assertEqual(self._sales().mapped("oms_external_id"), ["A1", "A3"])
        self.assertEqual((message.state, message.file_bad_count), ("dead", 1))
        self.assertIn("Row 3: Quantity: “two” is no number", message.error)

    def test_the_same_file_twice_changes_nothing(self):
        text = HEADER + self._row("A1") + self._row("A2")
        first = self._take(text)
        before = self._sales().mapped("write_date")
        self.assertEqual(self._take(text, "copy.csv"), first)
        self.assertEqual(len(self._orders_of()), 2)
        self.assertEqual(self._sales().mapped("write_date"), before)

    def test_a_corrected_file_brings_only_what_was_corrected_and_settles_the_bad_one(self):
        bad = self._take(HEADER + self._row("A1") + self._row("A2", quantity="two"))
        good = self._take(HEADER + self._row("A1") + self._row("A2", quantity="2"), "again.csv")
        self.assertEqual((good.state, good.error), ("done", "2 orders, of which 1 are new or changed."))
        self.assertEqual(bad.state, "dismissed")
        self.assertEqual(self._sales().mapped("oms_external_id"), ["A1", "A2"])
        self.assertEqual(len(self._orders_of()), 2)

    def test_an_order_that_says_something_else_in_a_later_file_is_changed(self):
        self._take(HEADER + self._row("A1", "NO-SUCH"))
        order = self._sales()
        self.assertEqual((order.state, order.amount_total), ("draft", 24))
        self.env["oms.message"].search([]).flush_recordset()
        self.env.cr.execute("UPDATE oms_message SET create_date = create_date - interval '1 hour'")
        self.env.invalidate_all()
        self._take(HEADER + self._row("A1", "STD", quantity="3"), "later.csv")
        self.assertEqual((self._sales(), order.amount_total, order.state), (order, 72, "sale"))

    def test_a_total_that_differs_holds_the_order_with_both_numbers(self):
        self._take(
            "order;sku;quantity;price;currency;total;name;street;city;zip;country\nA1;STD;1;20;EUR;21.00;Z;1 r;P;75001;FR\n"
        )
        order = self._sales()
        self.assertEqual(order.state, "draft")
        self.assertIn("21.00", order.oms_hold_reason)
        self.assertIn("20", order.oms_hold_reason)

    def test_an_order_that_is_refused_later_is_among_the_bad_rows_with_its_reason(self):
        row = self._row("A1").replace("EUR", "THB")
        message = self._take(HEADER + row + self._row("A2"))
        self.assertEqual(message.state, "done")
        [bad] = message._get_file_bad()
        self.assertEqual((bad.row, bad.number), (2, "A1"))
        self.assertIn("THB", bad.reason)

    def test_a_large_file_is_taken_in_portions_and_a_killed_job_repeats_one(self):
        text = HEADER + "".join(self._row(f"B{number:03}") for number in range(25))
        with patch.object(oms_message_files, "FILE_PORTION_MAX", 10):
            message = self.env["oms.message"]._take_file(self.partner_channel, "large.csv", text.encode())
            message._process()
            self.assertEqual((message.state, len(self._orders_of())), ("retry", 10))
            with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
                message._process()
                self.assertEqual(len(self._orders_of()), 20)
                raise ZeroDivisionError  # killed
            self.env.invalidate_all()
            self.assertEqual(len(self._orders_of()), 10)
            message._process()
            message._process()
        self.assertEqual((message.state, len(self._orders_of())), ("done", 25))
        self.assertEqual(message.file_worked, 0)
        self._work()
        message.invalidate_recordset()
        self.assertEqual(message.file_worked, 25)

    def test_two_thousand_orders_cost_few_queries(self):
        text = HEADER + "".join(self._row(f"B{number:04}") for number in range(1000))
        message = self.env["oms.message"]._take_file(self.partner_channel, "large.csv", text.encode())
        self.env.flush_all()
        with self.assertQueryCount(40):
            message._process()
        self.assertEqual(message.state, "done")

    # ------------------------------------------------------------------------------------------------------- EDI

    def test_an_edifact_order_is_captured_and_acknowledged(self):
        message = self._take(ORDERS.format(control=55, number="PO-1"), "orders.edi")
        order = self._sales()
        self.assertEqual((order.oms_external_id, order.amount_total, order.state), ("PO-1", 48, "sale"))
        [sent] = self._send()
        [contrl] = edifact.read(sent[1])
        self.assertEqual((sent[0], contrl.fault), ("contrl-000000001.edi", None))
        [uci, ucm] = contrl.messages[0].segments
        self.assertEqual((uci.get(0), uci.get(3)), ("55", "7"))
        self.assertEqual((ucm.get(0), ucm.get(2)), ("1", "7"))
        self.assertEqual(message.state, "done")

    def test_a_damaged_message_is_refused_in_the_acknowledgement_and_no_other(self):
        data = ORDERS.format(control=55, number="PO-1").replace("UNT+14", "UNT+15")
        self.assertEqual(self._take(data, "x.edi").state, "dead")
        [contrl] = edifact.read(self._send()[0][1])
        ucm = contrl.messages[0].segments[1]
        self.assertEqual((ucm.get(2), ucm.get(3)), ("4", "29"))

    def test_an_order_that_is_called_off_by_a_file_is_cancelled(self):
        self._take(ORDERS.format(control=55, number="PO-1"))
        text = ORDERS.format(control=56, number="PO-1").replace("+9'", "+1'", 1)
        self.assertIn("BGM+220+PO-1+1'", text)
        self._take(text)
        self.assertEqual(self._sales().state, "cancel")

    def test_a_change_that_names_only_differences_is_one_task_on_its_order_until_the_whole_order_comes(self):
        self._take(ORDERS.format(control=55, number="PO-1"))
        change = (
            "UNB+UNOC:3+4000001000005:14+4000001000012:14+261102:0915+56'UNH+1+ORDCHG:D:96A:UN'BGM+230+C-9+4'RFF+ON:PO-1'"
            "UNT+4+1'UNZ+1+56'"
        )
        message = self._take(change, "change.edi")
        self.assertEqual(message.state, "dead")
        [task] = self._sales().activity_ids
        self.assertIn("wants this order changed", task.summary)
        self.assertIn("Change the order here", task.note)
        self.assertIn("change.edi", task.note)
        message._set_state("retry")
        message._process()
        self.assertEqual((message.state, len(self._sales().activity_ids)), ("dead", 1))
        self._take(ORDERS.format(control=57, number="PO-1").replace("+9'", "+5'", 1).replace("QTY+21:2", "QTY+21:3"))
        self.assertEqual(message.state, "dismissed")
        self.assertFalse(self._sales().activity_ids)

    def test_places_and_articles_that_are_only_numbers_are_looked_up(self):
        buyer = self.env["res.partner"].create(
            {"name": "Handel", "ref": "4000001000005", "is_company": True, "email": "buy@handel.example"}
        )
        self.env["res.partner"].create(
            {
                **{"name": "Markt 104", "ref": "4000001000104", "parent_id": buyer.id, "type": "delivery"},
                **{
                    "street": "104 Hafenstr.",
                    "zip": "20457",
                    "city": "Hamburg",
                    "country_id": self.env.ref("base.de").id,
                },
            }
        )
        self.product_standard.barcode = "4006381333931"
        text = (
            ORDERS.format(control=55, number="PO-1").replace("PIA+1+STD:SA+77001:IN'\n", "").replace("UNT+14", "UNT+13")
        )
        text = text.replace("++Handel Sud+1 rue de Rivoli+Paris++75001+FR'", "'")
        self._take(text)
        order = self._sales()
        self.assertEqual(order.partner_id, buyer)
        self.assertEqual(order.partner_shipping_id.city, "Hamburg")
        self.assertEqual(order.order_line.product_id, self.product_standard)

    def test_a_shipment_is_told_in_the_partners_words_and_numbers(self):
        self.partner_channel.write({"file_format": "edifact", "file_acknowledge": False})
        self._take(ORDERS.format(control=55, number="PO-1"))
        self._ship(self._sales()).carrier_tracking_ref = "6A123"
        files = self._send()
        self.assertEqual([name for name, _data in files], ["desadv-000000001.edi", "desadv-000000002.edi"])
        functions = [edifact.read(data)[0].messages[0].segments[0].get(2) for _name, data in files]
        self.assertEqual(functions, ["9", "5"], "the second one, with the number, stands in the place of the first")
        [desadv] = edifact.read(files[-1][1])
        self.assertIsNone(desadv.fault)
        [message] = desadv.messages
        self.assertIsNone(message.fault)
        told = [(segment.tag, *(segment.get(index) for index in range(2))) for segment in message.segments]
        self.assertIn(("LIN", "10", ""), told)
        self.assertIn(("NAD", "BY", "4000001000005"), told)
        self.assertIn(("NAD", "DP", "4000001000104"), told)
        pairs = {(segment.tag, segment.get(0), segment.get(0, 1)) for segment in message.segments}
        self.assertLessEqual({("RFF", "ON", "PO-1"), ("RFF", "CN", "6A123"), ("QTY", "12", "2")}, pairs)
        codes = {segment.get(1, 1): segment.get(1) for segment in message.segments if segment.tag == "PIA"}
        self.assertLessEqual({("IN", "77001")}, set(codes.items()))

    def test_an_x12_partner_is_told_an_asn_and_stock(self):
        self.partner_channel.write({"file_format": "x12", "account_ref": "BIG:ZZ", "site_ref": "US:ZZ"})
        self._take(HEADER + self._row("A1"))
        self._ship(self._sales())
        self.partner_channel.action_tell_stock()
        (asn_name, asn), (stock_name, stock) = self._send()
        self.assertEqual((asn_name, stock_name), ("856-000000001.x12", "846-000000002.x12"))
        for data, kind, control in ((asn, "856", "000000001"), (stock, "846", "000000002")):
            [interchange] = x12.read(data)
            self.assertEqual((interchange.fault, interchange.control), (None, control))
            self.assertEqual((interchange.messages[0].kind, interchange.messages[0].fault), (kind, None))
        [interchange] = x12.read(stock)
        self.assertIn("99", [segment.get(1) for segment in interchange.messages[0].segments if segment.tag == "QTY"])

    def test_a_csv_partner_is_told_lines_with_carrier_and_number(self):
        self._take(HEADER + self._row("A1", quantity="2"))
        self._ship(self._sales())
        [(name, data)] = self._send()
        self.assertEqual(name, "shipment-000000001.csv")
        header, row = (line.split(";") for line in data.decode("utf-8-sig").splitlines())
        told = dict(zip(header, row, strict=True))
        self.assertEqual((told["order_number"], told["sku"], told["quantity"], told["last"]), ("A1", "STD", "2", "yes"))

    def test_control_numbers_have_no_gaps_and_a_lost_write_keeps_its_number(self):
        self._take(HEADER + self._row("A1") + self._row("A2", "AVG"))
        for order in self._sales():
            self._ship(order)
        store = _Store(fail=1)
        self._send(store)
        self.assertEqual(self.partner_channel.file_control, 1)
        self._send(store)
        self.assertEqual([name for name, _data in store.written], ["shipment-000000001.csv", "shipment-000000002.csv"])
        self.assertEqual(self.partner_channel.file_control, 2)

    def test_what_a_partner_could_not_read_is_a_task(self):
        self.partner_channel.write({"file_format": "edifact", "file_acknowledge": False})
        self._take(ORDERS.format(control=55, number="PO-1"))
        picking = self._ship(self._sales())
        self._send()
        body = [
            edifact.segment("UCI", "1", ("4000001000012", "14"), ("4000001000005", "14"), "7"),
            edifact.segment("UCM", "1", ("DESADV", "D", "96A", "UN"), "4", "12"),
        ]
        now = fields.Datetime.now()
        sender = ("4000001000005", "14")
        self._take(
            edifact.write(("CONTRL", "D", "3", "UN"), body, sender, ("4000001000012", "14"), 9, now), "contrl.edi"
        )
        self.assertIn("was refused (CONTRL 12)", picking.activity_ids.note)
        self.assertFalse(self._send())

    def _send(self, store=None):
        """What the outbox job writes; without a store into our hands."""
        store = store or _Store()
        waiting = self.env["oms.message"].search(
            [
                ("channel_id", "=", self.partner_channel.id),
                ("direction", "=", "out"),
                ("state", "in", ("pending", "retry")),
            ]
        )
        waiting.write({"next_attempt_at": fields.Datetime.subtract(fields.Datetime.now(), seconds=1)})
        self.partner_channel.ask_again_at = False
        with (
            patch.object(type(self.partner_channel), "_get_file_store", lambda channel, values=None: store),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("oms_channels.cron_outbox").method_direct_trigger()
        self.env.invalidate_all()
        return store.written


class _Store:
    """A store in memory that can fail."""

    def __init__(self, fail=0):
        self.written, self.fail = [], fail

    def put(self, part, name, data):
        if self.fail:
            self.fail -= 1
            raise OSError(28, "No space left on device")
        self.written.append((name, data))

    def close(self):
        """Nothing is open."""


class TestFileFolder(FilesCommon):
    """CAP-13, CAP-14: a folder is read safely, and what is written there is complete."""

    def setUp(self):
        super().setUp()
        base = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(patch.dict(os.environ, {"OMS_EXCHANGE_DIRECTORY": base}))
        self.partner_channel.write({"file_transport": "folder", "file_folder": "acme"})
        self.folder = self.partner_channel._get_file_store().path

    def _lay(self, name, text, old=True):
        path = self.folder / "in" / name
        path.write_text(text, encoding="utf-8")
        if old:
            os.utime(path, (time.time() - 60,) * 2)
        return path

    def _look(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_files").method_direct_trigger()
        self.env.invalidate_all()
        self._work()

    def _names(self, part):
        return sorted(path.name for path in (self.folder / part).iterdir())

    def test_what_is_laid_down_is_taken_and_moved_away_and_what_is_bad_has_its_reasons_beside_it(self):
        self._lay("good.csv", HEADER + self._row("A1"))
        self._lay("bad.csv", HEADER + self._row("A2", quantity="two") + self._row("A3"))
        self._look()
        self.assertEqual(self._sales().mapped("oms_external_id"), ["A1", "A3"])
        self.assertEqual(self._names("in"), [])
        [done] = self._names("done")
        self.assertTrue(done.startswith("good."))
        reasons = next(path for path in (self.folder / "error").iterdir() if path.name.endswith("reasons.txt"))
        self.assertIn("“two” is no number", reasons.read_text("utf-8-sig"))

    def test_a_half_written_file_a_link_and_a_hidden_one_are_left_alone(self):
        secret = Path(self.folder).parent / "secret.csv"
        secret.write_text(HEADER + self._row("A1"))
        os.utime(secret, (time.time() - 60,) * 2)
        (self.folder / "in" / "link.csv").symlink_to(secret)
        self._lay("half.csv", HEADER, old=False)
        self._lay(".hidden.csv", HEADER + self._row("A2"))
        self._lay("orders.csv.part", HEADER + self._row("A3"))
        self._look()
        self.assertFalse(self._sales())
        self.assertEqual(len(self._names("in")), 4)
        self._lay("half.csv", HEADER + self._row("A4"))
        self._look()
        self.assertEqual(self._sales().oms_external_id, "A4")

    def test_a_job_that_was_killed_before_it_moved_a_file_takes_nothing_twice(self):
        path = self._lay("good.csv", HEADER + self._row("A1"))
        self._take(path.read_bytes(), "good.csv")
        self._look()
        self.assertEqual((len(self._sales()), self._names("in")), (1, []))

    def test_a_shipment_lies_in_the_folder_under_its_number(self):
        self._lay("good.csv", HEADER + self._row("A1"))
        self._look()
        self._ship(self._sales())
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_outbox").method_direct_trigger()
        self.assertEqual(self._names("out"), ["shipment-000000001.csv"])

    def test_stock_is_told_when_it_is_due_and_not_before(self):
        self.partner_channel.file_stock_hours = 4
        for _look in range(2):
            self._look()
        reports = self.env["oms.message"].search(
            [("channel_id", "=", self.partner_channel.id), ("kind", "=", "stock_report")]
        )
        self.assertEqual(len(reports), 1)

    def test_a_folder_is_one_name_and_of_one_channel_and_inside_of_the_directory(self):
        for name in ("../up", "a/b", "in", ".x", "a..b"):
            with self.subTest(name=name), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.partner_channel.file_folder = name

    def test_without_a_directory_the_channel_says_what_is_missing(self):
        with patch.dict(os.environ):
            del os.environ["OMS_EXCHANGE_DIRECTORY"]
            with self.assertRaisesRegex(UserError, "oms_exchange_directory"):
                self.partner_channel.action_fetch_files()
        self.assertFalse(self._sales())


class TestFileSftp(FilesCommon):
    """CAP-13: a partner's SFTP server, a real one on this machine."""

    def setUp(self):
        super().setUp()
        self.server = self.enterContext(SftpServer(Path(self.enterContext(tempfile.TemporaryDirectory()))))
        self.partner_channel.write(
            {
                **{"file_transport": "sftp", "api_url": self.server.url, "api_key": USER, "api_secret": PASSWORD},
                "sftp_host_key": self.server.known_as,
            }
        )

    def _run(self, cron):
        self.partner_channel.ask_again_at = False
        with self.enter_registry_test_mode():
            self.env.ref(f"oms_channels.{cron}").method_direct_trigger()
        self.env.invalidate_all()

    def test_orders_come_and_shipments_go(self):
        (self.server.root / "in" / "orders.csv").write_text(HEADER + self._row("A1"))
        self._run("cron_files")
        self.assertFalse(self._orders_of())
        self._run("cron_files")
        self._work()
        order = self._sales()
        self.assertEqual((order.oms_external_id, order.state), ("A1", "sale"))
        self.assertEqual(os.listdir(self.server.root / "in"), [])
        self._ship(order)
        self._run("cron_outbox")
        self.assertEqual(os.listdir(self.server.root / "out"), ["shipment-000000001.csv"])
        self.assertEqual(order.picking_ids.oms_told_state, "told")

    def test_a_test_of_the_connection_names_the_key_that_the_server_shows(self):
        self.partner_channel.sftp_host_key = False
        values = {name: self.partner_channel[name] or "" for name in CREDENTIAL_FIELDS}
        findings, shop = self.partner_channel._find_out(PLATFORMS["files"], values)
        self.assertFalse(shop)
        self.assertIn(self.server.known_as, "".join(finding.text for finding in findings))
        self.partner_channel.sftp_host_key = self.server.known_as
        _findings, shop = self.partner_channel._find_out(PLATFORMS["files"], values)
        self.assertEqual(shop.name, "4000001000005")

    def test_a_server_with_another_key_gets_nothing_and_what_waits_goes_later(self):
        self._take(HEADER + self._row("A1"))
        self._ship(self._sales())
        self.partner_channel.sftp_host_key = "ssh-ed25519 AAAA"
        self._run("cron_outbox")
        self._run("cron_files")
        self.assertIn("another key", self.partner_channel.connection_error)
        self.assertEqual(os.listdir(self.server.root / "out"), [])
        self.partner_channel.sftp_host_key = self.server.known_as
        waiting = self.env["oms.message"].search(
            [("channel_id", "=", self.partner_channel.id), ("state", "=", "retry")]
        )
        waiting.next_attempt_at = fields.Datetime.now()
        self._run("cron_outbox")
        self.assertEqual(os.listdir(self.server.root / "out"), ["shipment-000000001.csv"])


class TestFileImport(FilesCommon):
    """CAP-09: a clerk imports a table, sees what is wrong row by row, downloads it, corrects it and imports it again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("file_clerk", "oms_core.group_oms_user")

    def _wizard(self, text, name="orders.csv", user=None):
        wizards = self.env["oms.file.import"].with_user(user or self.clerk)
        data = text if isinstance(text, bytes) else text.encode()
        return wizards.create({"channel_id": self.partner_channel.id, "file": b64encode(data), "file_name": name})

    def test_the_preview_tells_everything_and_stores_nothing(self):
        wizard = self._wizard(HEADER + self._row("A1") + self._row("A2", quantity="two") + self._row("A3", "NO-SUCH"))
        wizard.action_preview()
        self.assertEqual((wizard.order_count, wizard.new_count, wizard.bad_count, wizard.warning_count), (2, 2, 1, 1))
        self.assertEqual(
            [(line.kind, line.row, line.number) for line in wizard.line_ids.sorted("row")],
            [("order", 2, "A1"), ("error", 3, "A2"), ("warning", 4, "A3")],
        )
        self.assertEqual(wizard.column_ids.filtered(lambda column: column.name == "sku").field, "sku")
        self.assertFalse(self._orders_of())

    def test_good_orders_are_taken_and_the_bad_rows_come_back_to_be_corrected(self):
        wizard = self._wizard(HEADER + self._row("A1") + self._row("A2", quantity="two"))
        wizard.action_preview()
        wizard.action_import()
        self.assertEqual(self._sales().mapped("oms_external_id"), ["A1"])
        self.assertEqual((wizard.state, wizard.bad_count, wizard.progress), ("result", 1, 100))
        self.assertEqual(wizard.bad_name, "orders-to-correct.csv")
        content = b64decode(wizard.with_context(bin_size=False).bad_file)
        self.assertIn("Quantity: “two” is no number", content.decode("utf-8-sig"))
        again = self._wizard(
            content.decode("utf-8-sig").replace("two", "2").encode("utf-8-sig"), "orders-to-correct.csv"
        )
        again.action_preview()
        again.action_import()
        self.assertEqual((again.bad_count, again.order_count), (0, 1))
        self.assertEqual(self._sales().mapped("oms_external_id"), ["A1", "A2"])
        self.assertEqual(wizard.message_id.sudo().state, "dismissed")

    def test_the_bad_rows_of_an_excel_file_come_back_as_excel(self):
        rows = [line.split(";") for line in (HEADER + self._row("A1", quantity="two")).splitlines()]
        wizard = self._wizard(split.sheet.write(rows), "orders.xlsx")
        wizard.action_preview()
        self.assertEqual((wizard.format, wizard.bad_name), ("Excel", "orders-to-correct.xlsx"))
        found = split.read_table(b64decode(wizard.with_context(bin_size=False).bad_file))
        self.assertEqual(found.header[-1], "What is wrong")

    def test_a_column_that_is_chosen_is_kept_for_the_next_file(self):
        manager = self._create_user("file_manager", "oms_core.group_oms_channel")
        text = HEADER.replace("sku", "Our thing") + self._row("A1")
        wizard = self._wizard(text, user=manager)
        wizard.action_preview()
        self.assertEqual((wizard.order_count, wizard.bad_count), (0, 1))
        column = wizard.column_ids.filtered(lambda column: column.name == "Our thing")
        wizard.column_ids = [Command.update(column.id, {"field": "sku"})]
        wizard.action_preview()
        self.assertEqual((wizard.order_count, wizard.bad_count), (1, 0))
        wizard.action_import()
        self.assertEqual(self._sales().order_line.product_id, self.product_standard)
        self.assertEqual(self.partner_channel.file_columns, {"our thing": "sku"})
        following = self._wizard(text.replace("A1", "A2"))
        following.action_preview()
        self.assertEqual(following.order_count, 1)

    def test_many_orders_are_left_to_the_jobs_and_the_import_shows_how_far_they_are(self):
        wizard = self._wizard(HEADER + "".join(self._row(f"C{number:02}") for number in range(25)))
        wizard.action_preview()
        wizard.action_import()
        self.assertEqual((wizard.new_count, wizard.worked_count, wizard.progress), (25, 0, 0))
        self._work()
        wizard.action_refresh()
        self.assertEqual((wizard.worked_count, wizard.progress), (25, 100))

    def test_the_templates_are_offered_and_can_be_imported(self):
        wizard = self._wizard("x")
        for method in ("action_template_csv", "action_template_xlsx"):
            self.assertIn("download=true", getattr(wizard, method)()["url"])
            file = self._wizard(b64decode(wizard.with_context(bin_size=False).bad_file))
            file.action_preview()
            self.assertEqual((file.order_count, file.bad_count), (2, 0))

    def test_a_clerk_imports_into_no_other_channel_and_looks_at_no_other_message(self):
        wizard = self._wizard(HEADER + self._row("A1"))
        wizard.channel_id = self.channel
        for act in (wizard.action_preview, wizard.action_import):
            with self.assertRaisesRegex(UserError, "takes no files"):
                act()
        other = self._create_company("Other merchant")
        elsewhere = self.env["oms.channel"].create(
            {"name": "Elsewhere", "code": "ELSE", "platform": "files", "company_id": other.id}
        )
        message = self.env["oms.message"]._take_file(elsewhere, "x.csv", b"order;sku")
        wizard.message_id = message
        with self.assertRaises(AccessError):
            wizard.action_refresh()

    def test_who_works_no_orders_imports_none(self):
        other = self._create_user("file_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self._wizard(HEADER, user=other)
