"""A trial of policies that somebody stops while its job reckons, from another connection."""

from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import get_db_name, tagged

from odoo.addons.oms_core.tests.committed import Committed
from odoo.addons.oms_routing.models import oms_sourcing_backtest
from odoo.addons.oms_routing.tests.test_backtest import BacktestCommon


@tagged("post_install", "-at_install")
class TestStoppedTrial(Committed, BacktestCommon):
    """The job does not see that it was stopped until it writes what it found, and that is refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("test_what_is_stopped_while_its_job_reckons_stays_stopped_and_the_next_trial_goes_on")
        case._past()
        with patch.object(oms_sourcing_backtest, "BACKTEST_NOW_MAX", 0):
            trials = cls.env["oms.sourcing.backtest"].create([{"company_id": cls.company.id}] * 2)
            trials.action_start()
        cls.trial_ids = trials.ids
        cls._commit()

    def test_what_is_stopped_while_its_job_reckons_stays_stopped_and_the_next_trial_goes_on(self):
        trials = self.env.registry["oms.sourcing.backtest"]
        original, tried = trials._try, []

        def reckons(trial, *arguments):
            tried.append(trial.id)
            if len(tried) == 2:
                with Registry(get_db_name()).cursor() as other:
                    stopped = api.Environment(other, SUPERUSER_ID, {})["oms.sourcing.backtest"].browse(trial.id)
                    stopped.action_stop()
            return original(trial, *arguments)

        with (
            patch.object(oms_sourcing_backtest, "BACKTEST_CHUNK", 1),
            patch.object(trials, "_try", reckons),
            Registry(get_db_name()).cursor() as job,
        ):
            jobs = api.Environment(job, SUPERUSER_ID, {})["oms.sourcing.backtest"]
            jobs._cron_run()
            first, second = jobs.browse(self.trial_ids)
            self.assertEqual((first.state, first.error, first.done_count), ("stopped", False, 1))
            self.assertEqual((second.state, second.done_count), ("done", 4))
