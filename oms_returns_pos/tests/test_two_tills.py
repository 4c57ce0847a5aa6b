from uuid import uuid4

from odoo.addons.oms_core.tests.committed import AtOnce, Committed
from odoo.addons.oms_pos.tests.common import TillCommon


class TestTwoTills(AtOnce, Committed, TillCommon):
    """RET-07: a customer shows the same return at two tills, or a till is pressed twice, at the same moment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = cls("test_of_two_tills_one_pays")
        sessions = [made._open(), made._open(cls._create_till("Back till"))]
        cls.tills = [
            (session.id, session.config_id.payment_method_ids.filtered("is_cash_count").id) for session in sessions
        ]
        cls.return_ids = [made._bring(sessions[0]) for _each in range(2)]
        cls.cashier_id = cls.cashier.id
        cls._commit()

    def _bring(self, session):
        """A customer brings four pieces of an order, and they are taken in: 96.00 are to be paid back."""
        order = self._order(("STD", 4))
        self._ship(order)
        self._book(order)
        shown = session.oms_start_return(order.id)
        session.oms_take_back(shown["id"], [{**shown["lines"][0], "quantity": 4}])
        return shown["id"]

    def _pay_at_once(self, return_id, *presses):
        """:param presses: (till, key of the payment) of each."""

        def press(till, key):
            session_id, method_id = till

            def pay(env):
                env["pos.session"].browse(session_id).oms_pay_back(return_id, method_id, 96.0, key)
                return "done"

            return pay

        def look(env):
            for session_id, _method_id in self.tills:
                env["pos.session"].browse(session_id).oms_show_return(return_id)

        return self._at_once(*(press(*one) for one in presses), user_id=self.cashier_id, look=look)

    def _check_paid_once(self, return_id):
        with self.registry.cursor() as cr:
            request = self.env(cr=cr)["oms.return"].browse(return_id)
            paid = request._get_paid_at_tills()
            self.assertEqual(paid.statement_line_ids.mapped("amount"), [-96])
            self.assertEqual((len(request.refund_ids), request.amount_to_repay, request.state), (1, 0, "closed"))
            self.assertEqual(sum(request.order_id.transaction_ids.mapped("amount")), 0)

    def test_of_two_tills_one_pays(self):
        return_id = self.return_ids[0]
        first, second = self._pay_at_once(return_id, *((till, str(uuid4())) for till in self.tills))
        self.assertEqual(first, "done")
        self.assertIn("nothing to pay back", second)
        self._check_paid_once(return_id)

    def test_a_button_that_is_pressed_twice_pays_once(self):
        return_id, key = self.return_ids[1], str(uuid4())
        pressed = (self.tills[0], key)
        self.assertEqual(self._pay_at_once(return_id, pressed, pressed), ["done", "done"])
        self._check_paid_once(return_id)
