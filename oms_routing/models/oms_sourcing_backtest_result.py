"""What came of a trial: the two sides beside each other, and in words."""

from collections import Counter
from random import Random

from odoo import fields, models

from ..domain.backtest import JOINT, MEASURES, PLANNER, SAME, STOCK
from ..domain.bootstrap import estimates
from .oms_sourcing_backtest import SIDES

MEASURE_NAMES = [
    ("cost", "Cost"),
    ("parcels", "Parcels"),
    ("km", "Kilometres"),
    ("days", "Days until delivery"),
    ("late", "Late, of 100 orders"),
    ("rejections", "Rejections, of 100 orders"),
    ("carbon", "CO2e (g)"),
    ("waiting", "Must wait, of 100 orders"),
]
#: Measures that are told of a hundred orders: of one order they would be small fractions.
OF_HUNDRED = ("late", "rejections", "waiting")


class OmsSourcingBacktest(models.Model):
    _inherit = "oms.sourcing.backtest"

    def _sum_up(self):
        """Side by side: the means with their intervals, the rules by how often they mattered, and parity."""
        columns = [*MEASURES, "has_days"]
        rows = {side: {} for side, _label in SIDES}
        for line in self.line_ids.sudo().read(["side", "decision_id", *columns], load=None):  # sudo: as for _work
            rows[line["side"]][line["decision_id"]] = line
        values = []
        for sequence, (code, label) in enumerate(MEASURE_NAMES):
            pairs = [(line, rows["after"][key]) for key, line in rows["before"].items()]
            if code == "days":
                pairs = [pair for pair in pairs if pair[0]["has_days"] and pair[1]["has_days"]]
            if not pairs:
                continue  # nobody knows
            scale = 100 if code in OF_HUNDRED else 1
            samples = {
                "before": [scale * before[code] for before, _after in pairs],
                "after": [scale * after[code] for _before, after in pairs],
                "difference": [scale * (after[code] - before[code]) for before, after in pairs],
            }
            found = estimates(samples, Random(self.seed))
            values.append(
                {
                    "section": "measure",
                    "sequence": sequence,
                    "code": code,
                    "name": label,
                    "before": found["before"].mean,
                    "after": found["after"].mean,
                    "difference": found["difference"].mean,
                    "low": found["difference"].low,
                    "high": found["difference"].high,
                    "is_clear": found["difference"].is_clear,
                }
            )
        values += self._count_rules()
        self.env["oms.sourcing.backtest.measure"].sudo().create(  # sudo: results are the system's
            [{"backtest_id": self.id, **one} for one in values]
        )
        self.summary, self.parity = self._say_summary(), self._say_parity()

    def _count_rules(self):
        """How many of a hundred orders each rule made a difference to."""
        counts, sampled = {side: Counter() for side, _label in SIDES}, Counter()
        for line in self.line_ids.sudo():  # sudo: as for _work
            if line.decisive is not False and line.decisive is not None:
                sampled[line.side] += 1
                counts[line.side].update(set(line.decisive))
        names = sorted({*counts["before"], *counts["after"]}, key=lambda name: -counts["after"][name])
        shares = {side: {name: 100 * counts[side][name] / (sampled[side] or 1) for name in names} for side in counts}
        return [
            {
                "section": "rule",
                "sequence": sequence,
                "name": name,
                "before": shares["before"][name],
                "after": shares["after"][name],
                "difference": shares["after"][name] - shares["before"][name],
            }
            for sequence, name in enumerate(names)
        ]

    def _say_summary(self):
        lines = self.line_ids.sudo().filtered(lambda line: line.side == "after")  # sudo: as for _work
        changed = sum(lines.mapped("is_changed"))
        count = len(lines) or 1
        words = [
            self.env._(
                "%(changed)s of %(count)s orders (%(share)s %%) leave from elsewhere.",
                changed=changed,
                count=len(lines),
                share=f"{100 * changed / count:.1f}",
            )
        ]
        cost = self.measure_ids.filtered(lambda measure: measure.code == "cost")
        if (cost.before or cost.after) and not cost.difference:
            words.append(self.env._("They cost the same."))
        elif cost.before or cost.after:
            money = self.currency_id.format
            words.append(
                self.env._(
                    "Each order costs %(amount)s %(more)s, with 95 %% certainty between %(low)s and %(high)s; all of them "
                    "%(total)s.",
                    amount=money(abs(cost.difference)),
                    more=self.env._("more") if cost.difference > 0 else self.env._("less"),
                    low=money(cost.low),
                    high=money(cost.high),
                    total=money(cost.difference * count),
                )
            )
        clear = self.measure_ids.filtered(lambda measure: measure.is_clear and measure.code != "cost")
        for measure in clear:
            words.append(f"{measure.name}: {measure.before:.2f} → {measure.after:.2f}.")
        return " ".join(words)

    def _say_parity(self):
        lines = self.line_ids.sudo().filtered(lambda line: line.side == "before")  # sudo: as for _work
        codes = Counter(lines.mapped("parity"))
        compared = len(lines) - codes[JOINT]
        words = [
            self.env._(
                "%(same)s of %(compared)s decisions are taken again as they were.", same=codes[SAME], compared=compared
            )
        ]
        if codes[STOCK]:
            words.append(self.env._("%s saw another stock than the journal tells.", codes[STOCK]))
        if codes[PLANNER]:
            words.append(self.env._("%s would be taken differently by the planner of today.", codes[PLANNER]))
        if codes[JOINT]:
            words.append(self.env._("%s were taken together with others and are not compared.", codes[JOINT]))
        skipped = self.order_count - len(lines)
        if skipped:
            words.append(self.env._("%s cannot be read any more and are left out.", skipped))
        return " ".join(words)


class OmsSourcingBacktestMeasure(models.Model):
    """One number of a trial, on both sides; or how often a rule mattered."""

    _name = "oms.sourcing.backtest.measure"
    _description = "Result of a Trial"
    _order = "backtest_id, section, sequence, id"

    backtest_id = fields.Many2one("oms.sourcing.backtest", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="backtest_id.company_id", store=True, index=True)
    section = fields.Selection([("measure", "Measure"), ("rule", "Rule")], required=True)
    sequence = fields.Integer()
    code = fields.Char()
    name = fields.Char(required=True)
    before = fields.Float(digits=(16, 2))
    after = fields.Float(digits=(16, 2))
    difference = fields.Float(digits=(16, 3))
    low = fields.Float(string="At Least", digits=(16, 3), help="With 95 % certainty the difference is between the two.")
    high = fields.Float(string="At Most", digits=(16, 3))
    is_clear = fields.Boolean(
        string="Not by Chance", help="The difference is no chance, as far as these orders can tell."
    )
