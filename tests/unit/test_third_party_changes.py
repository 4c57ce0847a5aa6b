"""FUL-06: what a third party knows of a delivery, and how a change of it is told."""

import pytest

from odoo.addons.oms_core.domain.third_party import has_changed, kind_of_change, told_of


def content(*lines, **values):
    return {"address": {"city": "Paris"}, "lines": [{"sku": sku, "quantity": qty} for sku, qty in lines], **values}


@pytest.mark.parametrize(
    ("earlier", "kind"),
    [
        ([("pending", 0)], "order"),
        ([("ignored", 0), ("pending", 0)], "order"),
        ([("pending", 1)], "update"),
        ([("retry", 1)], "update"),
        ([("done", 1), ("pending", 0)], "update"),
        ([("dead", 1)], "update"),
        ([], "update"),
    ],
)
def test_only_what_was_never_handed_over_is_ordered_again(earlier, kind):
    assert kind_of_change(earlier) == kind


def test_lines_of_one_sku_count_together_however_they_are_split():
    told = told_of(content(("A", 1.0), ("A", 2.0)))
    assert not has_changed(content(("A", 3.0)), told)
    assert has_changed(content(("A", 2.0)), told)
    assert has_changed(content(("A", 3.0), address={"city": "Lyon"}), told)


def test_the_most_that_was_told_stays_known():
    told = told_of(content(("A", 1.0)), told_of(content(("A", 3.0), ("B", 1.0))))
    assert (told["lines"], told["most"], told["version"]) == ({"A": 1.0}, {"A": 3.0, "B": 1.0}, 2)
