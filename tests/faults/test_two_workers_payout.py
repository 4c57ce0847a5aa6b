"""PAY-02: two workers come upon the same large payout, from two connections, with commits as the job makes them."""

from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import get_db_name, tagged

from odoo.addons.oms_channels.tests.test_settlement import SettlementCase
from odoo.addons.oms_core.tests.committed import Committed


@tagged("post_install", "-at_install")
class TestTwoWorkersPayout(Committed, SettlementCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("test_a_piece_is_done_by_one_of_them_and_a_press_meanwhile_is_turned_away")
        rows = [case._row("sale", 24, case._paid()) for _number in range(4)]
        cls.settlement_id = cls.env["oms.settlement"]._take(cls.channel, [case._payout(*rows)]).id
        cls.account_id = cls.clearing_account.id
        cls._commit()

    def test_a_piece_is_done_by_one_of_them_and_a_press_meanwhile_is_turned_away(self):
        registry = Registry(get_db_name())
        with (
            patch("odoo.addons.oms_channels.in_time.SETTLEMENT_AT_ONCE_MAX", 2),
            patch("odoo.addons.oms_channels.models.oms_settlement_book.SETTLEMENT_PIECE", 1),
            registry.cursor() as first,
            registry.cursor() as second,
        ):
            ours, theirs = (
                api.Environment(cr, SUPERUSER_ID, {})["oms.settlement"].browse(self.settlement_id)
                for cr in (first, second)
            )
            ours.action_post()
            first.commit()
            done = 0
            while ours.state == "booking":
                second.rollback()  # each sees what was committed until now
                second.transaction.clear()
                self.assertTrue(ours._work_alone() or ours.state == "posted")
                self.assertFalse(theirs._work_alone(), "the other one leaves it alone")
                with self.assertRaises(UserError):
                    theirs.action_undo()
                self.assertLessEqual(len(theirs.move_ids), 1)
                second.rollback()
                first.commit()
                first.transaction.clear()
                done += 1
            self.assertGreater(done, 5)
            self.assertEqual((ours.state, len(ours.move_ids)), ("posted", 1))
            items = ours.move_id.line_ids.filtered(lambda item: item.account_id.id == self.account_id)
            self.assertEqual((len(items), set(items.mapped("reconciled"))), (4, {True}))
