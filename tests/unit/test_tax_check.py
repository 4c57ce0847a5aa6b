import doctest
import random
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain import tax_check
from odoo.addons.oms_core.domain.money import round_to
from odoo.addons.oms_core.domain.tax_check import explained_by_rounding

STEPS = (Decimal("0.01"), Decimal(1), Decimal("0.001"))


def test_the_example_in_the_description_holds():
    assert doctest.testmod(tax_check).failed == 0


@pytest.mark.parametrize("seed", range(200))
def test_taxes_rounded_by_line_and_taxes_rounded_once_are_the_same(seed):
    """Whatever a shop and we round and where, with prices that include the tax or not."""
    chance = random.Random(seed)
    step = chance.choice(STEPS)
    rates = [
        Decimal(chance.choice(("5.5", "7", "8.875", "19", "20", "25"))) / 100 for _ in range(chance.randint(1, 30))
    ]
    bases = [round_to(Decimal(chance.randint(1, 5_000_000)) * step / 10, step) for _ in rates]
    pairs = list(zip(bases, rates, strict=True))
    by_line = sum(round_to(base * rate, step) for base, rate in pairs)
    at_once = sum(
        round_to(sum(base * rate for base, rate in pairs if rate == one), step) for one in dict.fromkeys(rates)
    )
    assert explained_by_rounding(by_line, at_once, len(pairs), step)
    # Gross prices: the shop takes the tax out of them, we put it on the net again.
    nets = [(round_to(gross / (1 + rate), step), rate, gross) for gross, rate in pairs]
    taken_out = sum(gross - net for net, _rate, gross in nets)
    put_on = sum(round_to(net * rate, step) for net, rate, _gross in nets)
    assert explained_by_rounding(taken_out, put_on, len(pairs), step)


@pytest.mark.parametrize("seed", range(50))
def test_another_rate_is_no_rounding(seed):
    chance = random.Random(seed)
    bases = [Decimal(chance.randint(500, 50_000)) / 100 for _ in range(chance.randint(1, 10))]
    charged = sum(round_to(base * Decimal("0.19"), STEPS[0]) for base in bases)
    computed = sum(round_to(base * Decimal("0.20"), STEPS[0]) for base in bases)
    assert not explained_by_rounding(charged, computed, len(bases), STEPS[0])


def test_no_tax_is_no_rounding_of_some():
    assert not explained_by_rounding(Decimal(0), Decimal("0.02"), 1, STEPS[0])
    assert explained_by_rounding(Decimal(0), Decimal(0), 0, STEPS[0])
