"""ACC-01: the cost of the goods of an invoice is what its parcels took from the shelves."""

from odoo.fields import Command

from .common import OmsCommon


class TestCostOfGoods(OmsCommon):
    def _sell(self, order, *parcels):
        """Send and invoice each parcel; goods come in at three times their cost after it.

        :return: [cost that is booked with the invoice of each parcel]
        """
        booked = []
        product = order.order_line.product_id
        for quantity in parcels:
            known = order.invoice_ids
            self._ship(order, {product: quantity})
            self._book(order)
            costs = (order.invoice_ids - known).line_ids.filtered(lambda item: item.display_type == "cogs")
            booked.append(sum(costs.mapped("debit")))
            self._buy(product, 10, 30)
        return booked

    def _taken(self, order):
        return sum(order.order_line.move_ids.filtered("is_out").mapped("value"))

    def test_a_second_parcel_at_another_cost_leaves_the_cost_of_the_first_alone(self):
        order = self._order(("AVG", 5, "100.00", 20))
        booked = self._sell(order, 3, 2)
        self.assertEqual(booked[0], 30)
        self.assertGreater(booked[1], 20)
        self.assertAlmostEqual(sum(booked), self._taken(order), 2)

    def test_goods_that_are_sold_by_the_dozen_cost_each_dozen_once(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Ada", "country_id": self.country.id}).id,
                "company_id": self.company.id,
                "oms_channel_id": self.channel.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_standard.id,
                            "product_uom_id": self.env.ref("uom.product_uom_dozen").id,
                            "product_uom_qty": 2,
                            "price_unit": 200,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        self.assertEqual(self._sell(order, 12, 12), [120, 120])
