from odoo.addons.oms_core.domain.customer_steps import COLLECTED, PROGRESS, SHIPPED, steps
from odoo.addons.oms_core.domain.order_status import RULES


def _states(status, collected=False):
    return [step.state for step in steps(status, collected)]


def test_every_status_has_steps_except_cancelled():
    assert set(PROGRESS) == {status for status, _facts in RULES} - {"cancelled"}
    assert steps("cancelled", False) == ()


def test_what_holds_an_order_is_not_told_to_its_customer():
    assert _states("held") == _states("received")


def test_steps_only_go_forward():
    for status in PROGRESS:
        for collected in (False, True):
            states = _states(status, collected)
            assert states == sorted(states, key=("done", "now", "open").index), status
            assert states.count("now") <= 1


def test_a_parcel_goes_out_and_arrives():
    assert [step.code for step in steps("shipped", False)] == list(SHIPPED)
    assert _states("shipped") == ["done", "done", "now", "open"]
    assert _states("delivered") == ["done"] * 4


def test_goods_for_pickup_lie_ready_and_are_picked_up():
    assert [step.code for step in steps("ready", True)] == list(COLLECTED)
    assert _states("ready", True) == ["done", "done", "done", "open"]
    assert _states("collected", True) == ["done"] * 4
