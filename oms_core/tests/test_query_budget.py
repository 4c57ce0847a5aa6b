from .common import OmsCommon

#: Queries per order that a larger batch may cost more than a smaller one: none but for rounding.
TOLERANCE = 0.5


class TestQueryBudget(OmsCommon):
    """A batch shares its look-ups: the more orders, the fewer queries each."""

    def test_an_order_costs_no_more_queries_in_a_larger_batch(self):
        self._count(2)  # what is cached once for all is not counted
        small, large = self._count(5) / 5, self._count(25) / 25
        self.assertLessEqual(large, small + TOLERANCE)

    def test_orders_of_one_customer_cost_no_more_than_those_of_many(self):
        self._count(2)
        many = self._count(10)
        one = self._count(10, billing=self._address())
        self.assertLessEqual(one, many + 10 * TOLERANCE)

    def _count(self, size, **values):
        docs = [self._doc(lines=(self._line("STD"), self._line("AVG", 2)), **values) for _number in range(size)]
        messages = self.env["oms.message"]
        for doc in docs:
            messages |= self._receive(doc)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        messages._process()
        self.env.flush_all()
        queries = self.cr.sql_log_count - before
        self.assertEqual(set(messages.mapped("state")), {"done"})
        return queries
