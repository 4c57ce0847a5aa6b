"""Every behaviour of the conformance kit on every platform, as tests. ``scripts/conformance`` prints the same as a table."""

from functools import partial

import pytest

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.conformance.behaviours import BEHAVIOURS, NOTHING_TO_TRY, any_schedule, world
from odoo.addons.oms_channels.tests.conformance.stories import STORIES

CELLS = [
    (platform, behaviour)
    for platform in STORIES
    for behaviour in BEHAVIOURS
    if (platform, behaviour) not in NOTHING_TO_TRY
]
SEEDS = range(1, 4)


@pytest.mark.parametrize(("platform", "behaviour"), CELLS, ids=lambda value: value)
def test_nothing_is_lost_and_nothing_doubled(platform, behaviour):
    BEHAVIOURS[behaviour](partial(world, platform))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("platform", STORIES)
def test_whatever_the_schedule_the_end_is_the_same(platform, seed):
    any_schedule(partial(world, platform), seed)


def test_every_platform_that_can_be_asked_has_its_story():
    assert {code for code, adapter in PLATFORMS.items() if adapter.capabilities.poll} <= set(STORIES)
