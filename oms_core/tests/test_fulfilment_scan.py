from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_core.tests.common import OmsCommon


class TestScan(OmsCommon):
    """FUL-01, FUL-08, ORD-11: pick, pack and ship with a scanner, so that what was ordered is what goes."""

    def setUp(self):
        super().setUp()
        self.product_standard.barcode = "4006381333931"
        self.order = self._order(("STD", 2), ("AVG", 1))
        self.picking = self.order.picking_ids
        self.picking.picking_type_id.oms_verify = True

    def scan(self, *codes):
        return [self.picking.action_oms_scan(code) for code in codes]

    def test_nothing_leaves_before_each_piece_was_scanned(self):
        with self.assertRaisesRegex(UserError, "2 of .*STD.*1 of .*AVG"):
            self.picking.button_validate()
        self.assertEqual([answer["ok"] for answer in self.scan("4006381333931", "AVG")], [True, True])
        with self.assertRaisesRegex(UserError, "Still to be scanned: 1 of .*STD"):
            self.picking.button_validate()
        self.assertEqual(self.picking.oms_scan_state, "some")
        self.assertIn("Everything is scanned", self.scan("STD")[0]["message"])
        self.assertEqual(self.picking.oms_scan_state, "verified")
        self.assertIs(self.picking.button_validate(), True)
        self.assertEqual(self.picking.state, "done")

    def test_the_wrong_product_and_one_too_many_count_nothing(self):
        self.scan("STD", "STD")
        before = self.picking.move_line_ids.mapped("oms_scanned")
        for code, sentence in (
            ("FIFO", "is not part of this transfer"),
            ("STD", "counted already"),
            ("978020137962", "is not known here"),
            ("", "no barcode"),
            ("x" * 500, "no barcode"),
        ):
            answer = self.scan(code)[0]
            self.assertFalse(answer["ok"])
            self.assertIn(sentence, answer["message"])
        self.assertEqual(self.picking.move_line_ids.mapped("oms_scanned"), before)

    def test_a_packaging_counts_its_pieces(self):
        pair = self.env["uom.uom"].create(
            {"name": "Pair", "relative_factor": 2, "relative_uom_id": self.env.ref("uom.product_uom_unit").id}
        )
        self.env["product.uom"].create(
            {
                "product_id": self.product_standard.id,
                "uom_id": pair.id,
                "barcode": "14006381333938",
                "company_id": self.company.id,
            }
        )
        self.assertTrue(self.scan("14006381333938")[0]["ok"])
        line = self.picking.move_line_ids.filtered(lambda line: line.product_id == self.product_standard)
        self.assertEqual(line.oms_scanned, 2)

    def test_lots_are_scanned_by_their_number_also_within_a_gs1_code(self):
        product = self._create_product("LOT", tracking="lot", barcode="5012345678900")
        lots = self.env["stock.lot"].create([{"product_id": product.id, "name": name} for name in ("A7", "B8")])
        quants = self.env["stock.quant"].with_context(inventory_mode=True)
        for lot, quantity in zip(lots, (2, 5), strict=True):
            quants.create(
                {
                    "product_id": product.id,
                    "location_id": self.warehouse.lot_stock_id.id,
                    "lot_id": lot.id,
                    "inventory_quantity": quantity,
                }
            ).action_apply_inventory()
        self.picking = self._order(("LOT", 2)).picking_ids
        self.assertEqual(self.picking.move_line_ids.lot_id, lots[0])
        answers = self.scan("5012345678900", "B8", "(01)05012345678900(10)B8", "(01)05012345678900(10)A7", "A7")
        self.assertEqual([answer["ok"] for answer in answers], [False, False, False, True, True])
        self.assertIn("lot or serial", answers[0]["message"])
        self.assertEqual(self.picking.oms_scan_state, "verified")

    def test_each_parcel_holds_what_was_scanned_for_it(self):
        self.scan("STD")
        first = self.picking.action_oms_next_box()
        self.scan("STD", "AVG")
        second = self.picking.action_oms_next_box()
        self.assertIs(self.picking.button_validate(), True)
        packed = {
            (line.product_id.default_code, line.result_package_id): line.quantity for line in self.picking.move_line_ids
        }
        self.assertEqual(packed, {("STD", first): 1, ("STD", second): 1, ("AVG", second): 1})
        with self.assertRaisesRegex(UserError, "Nothing was scanned"):
            self.picking.action_oms_next_box()

    def test_what_was_not_found_does_not_stop_the_rest(self):
        self.scan("STD", "AVG")
        self.assertIs(self.picking.action_oms_send_scanned(), True)
        self.assertEqual(self.picking.state, "done")
        moves = {move.product_id.default_code: move.quantity for move in self.picking.move_ids if move.state == "done"}
        self.assertEqual(moves, {"STD": 1, "AVG": 1})
        self.assertEqual(self.order.oms_status, "held" if "stock" in self._holds(self.order) else "partial")
        self.assertTrue(self.order.order_line.filtered(lambda line: line.product_id == self.product_standard))

    def test_who_picked_is_known(self):
        user = self._create_user("picker", "oms_core.group_oms_warehouse")
        self.picking.with_user(user).action_oms_scan("STD")
        self.assertEqual(self.picking.oms_picked_by_id, user)
        self.assertTrue(self.picking.oms_picked_at)

    def test_who_may_not_touch_stock_scans_nothing(self):
        user = self._create_user("reader", "base.group_user")
        with self.assertRaises(AccessError):
            self.picking.with_user(user).action_oms_scan("STD")
