"""RET-01, RET-17, RET-18, ACC-06: what the pages are like for those who work with them, in a real browser."""

from odoo.tests import HttpCase, tagged

from .common import ReturnsCommon

#: Of a busy machine; a person has a minute, and the browser that plays one needs a few seconds of it.
PATIENCE_S = 180


class OnScreen(ReturnsCommon, HttpCase):
    def _enter(self, *groups):
        login = f"screen_{groups[0].partition('.')[2]}"
        self._create_user(login, ",".join(groups), password=login)
        return login


@tagged("post_install", "-at_install")
class TestAtTheDesk(OnScreen):
    def test_a_mixed_return_of_five_lines_is_one_screen(self):
        order = self._shipped(*[("STD", 1)] * 5)
        clerk = self._enter("oms_core.group_oms_user")
        self.start_tour(f"/odoo/m-sale.order/{order.id}", "oms_returns_five_lines", login=clerk, timeout=PATIENCE_S)
        request = order.oms_return_ids
        self.assertEqual(
            sorted(request.settlement_ids.mapped("outcome")),
            ["credit", "exchange", "nothing", "refund", "replacement"],
        )
        self.assertEqual((request.state, request.amount_to_repay), ("closed", 0))

    def test_an_accountant_sees_each_posting_and_why(self):
        request = self._returned(self._shipped(("STD", 2)), 2)
        request.action_refund()
        request.action_repay()
        accountant = self._enter("account.group_account_invoice", "oms_core.group_oms_user")
        self.start_tour(
            f"/odoo/m-oms.return/{request.id}", "oms_returns_postings", login=accountant, timeout=PATIENCE_S
        )


@tagged("post_install", "-at_install")
class TestOnAPhone(OnScreen):
    browser_size = "375x667"
    touch_enabled = True

    def test_a_customer_starts_a_return(self):
        order = self._shipped(("STD", 2), ("AVG", 1))
        path = order._oms_get_tracking_url().removeprefix(order.get_base_url())
        self.start_tour(path, "oms_returns_on_a_phone", timeout=PATIENCE_S)
        [line] = order.oms_return_ids.line_ids
        self.assertEqual((line.quantity, line.reason_id), (2, self.env.ref("oms_returns.reason_defective")))
