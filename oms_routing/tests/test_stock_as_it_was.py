"""What a decision saw of the stock can be looked at again later."""

from decimal import Decimal

from .common import RoutingCommon


class TestStockAsItWas(RoutingCommon):
    def _timeline(self, position=0):
        self.env["oms.stock.event"]._settle()
        return self.env["oms.stock.event"]._get_timeline(self.chair | self.lamp, self.sites, position)

    def _seen(self, timeline, decision):
        """{site: chairs} as the decision saw them."""
        timeline.advance(decision.journal_position)
        return {site.name: timeline.free(site.id, self.chair.id, decision.order_id.id) for site in self.sites}

    def _confirm(self, units):
        self.env["oms.stock.event"]._settle()  # as if what was before had been committed
        decision = self._order(("CHAIR", units)).oms_decision_ids
        self.env["oms.stock.event"]._settle()
        return decision

    def test_each_decision_is_shown_the_stock_that_it_saw_though_it_was_sold_since(self):
        self._put(self.chair, lyon=5, lille=4)
        decisions = [self._confirm(3), self._confirm(2)]
        self._put(self.chair, marseille=9)
        decisions.append(self._confirm(1))
        timeline = self._timeline()
        self.assertEqual(
            [self._seen(timeline, decision) for decision in decisions],
            [
                {"Lyon": 5, "Lille": 4, "Marseille": 0},
                {"Lyon": 5, "Lille": 1, "Marseille": 0},
                {"Lyon": 3, "Lille": 1, "Marseille": 9},
            ],
        )

    def test_beginning_in_the_middle_gives_the_same(self):
        self._put(self.chair, lyon=5, lille=4)
        self._confirm(3)
        second = self._confirm(2)
        self.assertEqual(
            self._seen(self._timeline(second.journal_position), second), self._seen(self._timeline(), second)
        )

    def test_a_site_that_gave_up_has_its_goods_again_when_the_next_is_looked_for(self):
        self._put(self.chair, lyon=5, lille=4)
        order = self._confirm(3).order_id
        self._delivery(order, self.lille).action_cancel()
        self.env["oms.stock.event"]._settle()
        rerouted = order.oms_decision_ids.sorted("id")[-1]
        self.assertEqual(rerouted.trigger, "reroute")
        timeline = self._timeline()
        timeline.advance(rerouted.journal_position)
        self.assertEqual(timeline.free(self.lille.id, self.chair.id), 4)
        self.assertEqual(timeline.free(self.lyon.id, self.chair.id), 5)

    def test_what_is_set_aside_for_others_is_not_free_and_for_the_order_itself_it_is(self):
        self.channel.auto_release = False
        self._put(self.chair, lyon=5)
        order = self._apply(self._doc(lines=(self._line("CHAIR", 2),)))[0][0]
        self.assertEqual(order.oms_reservation_ids.mapped("quantity"), [2.0])
        self.env["oms.stock.event"]._settle()
        position = self.env["oms.stock.event"]._get_position()
        for begin in (0, position):  # read one by one, or as the sum that it begins with
            timeline = self._timeline(begin)
            timeline.advance(position)
            self.assertEqual(timeline.free(self.lyon.id, self.chair.id), 3)
            self.assertEqual(timeline.free(self.lyon.id, self.chair.id, order.id), 5)

    def test_what_came_back_is_where_it_was_received_whoever_would_have_shipped_it(self):
        self._put(self.chair, lille=4)
        order = self._confirm(3).order_id
        delivery = self._delivery(order, self.lille)
        self._validate(delivery)
        self._send_back(delivery, 2)
        timeline = self._timeline(order.oms_decision_ids.journal_position)
        timeline.replace(order.id)
        timeline.take(order.id, self.lyon.id, self.chair.id, Decimal(3))
        timeline.advance(self.env["oms.stock.event"]._get_position())
        self.assertEqual(timeline.free(self.lille.id, self.chair.id), 6)

    def test_a_batch_of_decisions_asks_once_how_far_the_journal_is(self):
        self.channel.auto_release = False
        self._put(self.chair, lyon=30)
        docs = [self._doc(lines=(self._line("CHAIR", 1),)) for _order in range(5)]
        orders = self.env["sale.order"].union(*(order for order, _state, _text in self._apply(*docs)))
        self.env.flush_all()
        asked = []
        events = type(self.env["oms.stock.event"])
        original = events._get_position
        self.patch(events, "_get_position", lambda this, at=None: asked.append(1) or original(this, at))
        orders._oms_plan()
        self.assertEqual(len(orders.oms_decision_ids), 5)
        self.assertEqual(asked, [1])
