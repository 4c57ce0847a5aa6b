from odoo.service.model import call_kw

from .test_fulfilment_pickup import PickupCommon

#: What our own code says in the context, as a client can say it: with any value, and never with the object itself.
FLAGS = (
    "oms_by_job",
    "oms_called_off",
    "oms_cancellation",
    "oms_hand_over",
    "oms_hold_retold",
    "oms_part_of_cancelling",
)


class TestByApi(PickupCommon):
    """Whoever calls by the API chooses the context as well: nothing in it gives goods away or hides whose hand it was."""

    def _call(self, user, records, method, *args):
        context = {**dict.fromkeys(FLAGS, True), "allowed_company_ids": self.company.ids}
        result = call_kw(self.env[records._name].with_user(user), method, [records.ids, *args], {"context": context})
        self.env.invalidate_all()
        return result

    def test_goods_are_not_handed_over_without_the_code(self):
        picking = self._ready()
        action = self._call(self.associate, picking, "button_validate")
        self.assertEqual(action["res_model"], "oms.hand.over", "asks for the code, as the button does")
        self.assertEqual(picking.state, "assigned")

    def test_whose_hand_it_was_is_kept(self):
        clerk = self._create_user("api_clerk", "oms_core.group_oms_user,sales_team.group_sale_salesman_all_leads")
        order = self._order()
        self._call(clerk, order, "action_confirm")
        self.assertIn("confirmed it", order.oms_touched)
        hold = order._oms_hold("manual", "Look at it.")
        self._call(clerk, hold, "action_park")
        self.assertEqual(hold.event_ids.filtered(lambda event: event.user_id == clerk).mapped("kind"), ["changed"])
        self._call(clerk, hold, "action_release")
        self._call(clerk, order, "action_cancel")
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.oms_cancellation_ids.user_id, clerk)
