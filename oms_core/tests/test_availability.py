from decimal import Decimal

from odoo.addons.oms_core.domain.availability import AvailabilitySnapshot

from .common import OmsCommon


class TestAvailability(OmsCommon):
    """What can still be promised, read from the native stock tables."""

    def setUp(self):
        super().setUp()
        self.product = self._create_product("ATP")
        self._stock(self.product, self.warehouse, 10)

    def _snapshot(self, products=None, warehouses=None) -> AvailabilitySnapshot:
        return self.env["oms.availability"]._snapshot(products or self.product, warehouses or self.warehouse)

    def _available(self, warehouse=None):
        warehouse = warehouse or self.warehouse
        return self._snapshot(warehouses=warehouse).available(warehouse.id, self.product.id)

    def test_what_lies_on_the_shelf_can_be_promised(self):
        self.assertEqual(self._available(), Decimal(10))

    def test_what_is_reserved_cannot(self):
        order = self._order(("ATP", 4, "80.00", 20))
        self.assertEqual(order.picking_ids.state, "assigned")
        self.assertEqual(self._snapshot().reserved, {(self.warehouse.id, self.product.id): Decimal(4)})
        self.assertEqual(self._available(), Decimal(6))

    def test_what_is_promised_and_not_reserved_cannot_either(self):
        """Twelve wanted, ten there: the two that are missing are still owed when three more arrive."""
        self._out(12)
        key = self.warehouse.id, self.product.id
        self.assertEqual((self._snapshot().reserved[key], self._snapshot().promised[key]), (10, 2))
        self.assertEqual(self._available(), 0)
        self._stock(self.product, self.warehouse, 13)
        self.assertEqual(self._available(), Decimal(1))

    def test_a_delivery_that_nobody_has_tried_to_reserve_is_promised_in_whole(self):
        move = self._out(4)
        move._do_unreserve()
        key = self.warehouse.id, self.product.id
        self.assertEqual(self._snapshot().promised[key], Decimal(4))
        self.assertEqual(self._available(), Decimal(6))

    def test_what_is_cancelled_or_gone_is_promised_to_nobody(self):
        self._out(4)._action_cancel()
        self.assertEqual(self._available(), Decimal(10))
        self._ship(self._order(("ATP", 3, "60.00", 20)))
        self.assertEqual(self._available(), Decimal(7))

    def test_another_warehouse_is_another_matter(self):
        other = self.env["stock.warehouse"].create({"name": "Other", "code": "OTH", "company_id": self.company.id})
        self._stock(self.product, other, 3)
        self.assertEqual(self._available(), Decimal(10))
        self.assertEqual(self._available(other), Decimal(3))
        snapshot = self._snapshot(warehouses=self.warehouse | other)
        self.assertEqual(
            snapshot.by_node([self.warehouse.id, other.id], [self.product.id]),
            {(self.warehouse.id, self.product.id): Decimal(10), (other.id, self.product.id): Decimal(3)},
        )

    def test_a_shelf_within_the_stock_counts_and_a_place_beside_it_does_not(self):
        locations = self.env["stock.location"]
        shelf = locations.create({"name": "Shelf", "location_id": self.warehouse.lot_stock_id.id})
        quality = locations.create({"name": "Quality", "location_id": self.warehouse.view_location_id.id})
        for location in (shelf, quality):
            self.env["stock.quant"]._update_available_quantity(self.product, location, 5)
        self.assertEqual(self._available(), Decimal(15))

    def test_what_another_unit_promises_is_counted_in_the_products_own(self):
        self._out(1, product_uom=self.env.ref("uom.product_uom_dozen").id)
        key = self.warehouse.id, self.product.id
        self.assertEqual(self._snapshot().reserved[key] + self._snapshot().promised[key], 12)
        self.assertEqual(self._available(), 0)
        self._stock(self.product, self.warehouse, 13)
        self.assertEqual(self._available(), Decimal(1))

    def test_a_shelf_that_was_counted_as_empty_has_nothing(self):
        """Odoo keeps a row without any quantity for it."""
        product = self._create_product("EMPTY")
        self._stock(product, self.warehouse, 0)
        self.assertEqual(self._snapshot(product).available(self.warehouse.id, product.id), 0)

    def test_an_oversold_shelf_has_nothing_and_not_less(self):
        self.env["stock.quant"]._update_available_quantity(self.product, self.warehouse.lot_stock_id, -15)
        self.assertEqual(self._available(), 0)

    def test_what_another_order_reserved_softly_cannot_be_promised(self):
        """INV-03: an order does not compete with its own reservation; one that is over counts no more."""
        order = self.env["sale.order"].create({"partner_id": self.env["res.partner"].create({"name": "A"}).id})
        reservation = self._reserve_softly(3, order)
        self.assertEqual(self._snapshot().soft, {(self.warehouse.id, self.product.id): Decimal(3)})
        taken = self._available()
        own = self.env["oms.availability"]._snapshot(self.product, self.warehouse, but_orders=order)
        self.assertEqual(own.available(self.warehouse.id, self.product.id), taken + 3)
        reservation.state = "voided"
        self.assertEqual(self._available(), taken + 3)

    def _reserve_softly(self, quantity, order=None, **values):
        return self.env["oms.reservation"].create(
            {
                "order_id": order and order.id,
                "company_id": self.company.id,
                "product_id": self.product.id,
                "warehouse_id": self.warehouse.id,
                "quantity": quantity,
                **values,
            }
        )

    def test_twenty_products_cost_no_more_queries_than_one(self):
        many = self.env["product.product"]
        for number in range(20):
            product = self._create_product(f"ATP-{number}")
            self._stock(product, self.warehouse, 5)
            many |= product
        self._out(12)
        self._snapshot()  # what is cached once for all is not counted
        counts = []
        for products in (self.product, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._snapshot(products)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[0])

    def _out(self, quantity, **values):
        """A delivery that somebody made by hand and that is reserved as far as the stock goes."""
        move = self.env["stock.move"].create(
            {
                "product_id": self.product.id,
                "product_uom_qty": quantity,
                "product_uom": self.product.uom_id.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "picking_type_id": self.warehouse.out_type_id.id,
                **values,
            }
        )
        move._action_confirm()
        move._action_assign()
        return move
