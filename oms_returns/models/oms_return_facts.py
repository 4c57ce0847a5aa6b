"""What is known when goods are to come back, gathered with as many queries for one request as for a hundred."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..domain.eligibility import judge
from ..domain.policy import ZERO, WorkingDays
from ..domain.return_facts import Facts, History, LineFacts


class Wish(NamedTuple):
    """What is asked for of one line of an order.

    :param sale_line: empty for goods of which nobody knows the order.
    :param quantity: ``None``: only what would be possible.
    """

    key: Any
    sale_line: Any
    product: Any
    reason: Any
    quantity: Decimal | None = None
    outcome: str = "refund"


class Request(NamedTuple):
    """What somebody asks for in one go, saved or not.

    :param now: when it was asked; UTC, without time zone.
    :param record: the return that it is on, which is no rival of itself; may be empty.
    """

    company: Any
    partner: Any
    currency: Any
    wishes: tuple
    now: Any
    record: Any
    kind: str = "return"
    goods_come: bool = False

    def convert(self, amount, currency):
        """An amount in the currency of the request, at the rate of its day; exact, not rounded."""
        rate = currency._get_conversion_rate(currency, self.currency, self.company, self.now.date())
        return as_decimal(amount) * as_decimal(rate)


def as_decimal(number):
    """A number as it is written, and not as the nearest binary fraction."""
    return number if isinstance(number, Decimal) else Decimal(repr(number or 0.0))


def _asks_costs(policies):
    """Whether one of these policies weighs what goods bring against what their way back costs."""
    return any(policy.returnless == "cheaper" for policy in policies)


class OmsReturn(models.Model):
    _inherit = "oms.return"

    @api.model
    def _judge_requests(self, requests):
        """The judgement of each request, by the policies of its company."""
        policies = {
            company: self.env["oms.return.policy"]._get_policies(company.id)
            for company in dict.fromkeys(request.company for request in requests)
        }
        # sudo: the answer depends on nobody's rights; who calls has looked at who asks
        facts = self.sudo()._gather_facts(requests, policies)
        return [
            judge(one, policies[request.company], request.company._oms_get_local(request.now))
            for request, one in zip(requests, facts, strict=True)
        ]

    @api.model
    def _gather_facts(self, requests, policies):
        lines = self.env["sale.order.line"].browse(
            dict.fromkeys(wish.sale_line.id for request in requests for wish in request.wishes if wish.sale_line)
        )
        by_id = {line.id: line for line in lines}  # of one set, so that what is read for one is read for all
        lines.move_ids.returned_move_ids.mapped("state")  # for all at once, as each line asks for its own
        orders = {order: order._oms_get_return_order_facts() for order in lines.order_id}
        partners = self.env["res.partner"].browse(
            dict.fromkeys(request.partner.id for request in requests if request.partner)
        )
        customers = self._get_customer_facts(requests, policies, partners)
        histories = self._get_histories(requests, policies, partners)
        working_days = {
            company: company._oms_get_working_days()
            for company, some in policies.items()
            if any(policy.ends_on_working_day for policy in some)
        }
        recoveries = {}
        for company, of_company in lines.grouped("company_id").items():
            if _asks_costs(policies.get(company, ())):
                recoveries |= of_company._oms_get_recoveries(company)
        return [
            self._get_request_facts(
                request,
                policies[request.company],
                by_id,
                orders,
                recoveries,
                history=history,
                working_days=working_days.get(request.company, WorkingDays()),
                **customer,
            )
            for request, customer, history in zip(requests, customers, histories, strict=True)
        ]

    @api.model
    def _get_request_facts(self, request, policies, by_id, orders, recoveries, **of_customer):
        asks_costs = _asks_costs(policies)
        asked = defaultdict(Decimal)
        for wish in request.wishes:
            asked[wish.sale_line] += wish.quantity or ZERO
        lines = []
        for wish in request.wishes:
            of_line = {}
            if line := by_id.get(wish.sale_line.id):
                of_line = line._oms_get_return_facts(request, orders[line.order_id])
                of_line["requested"] += asked[wish.sale_line] - (wish.quantity or ZERO)
                if asks_costs:
                    of_line |= line._oms_get_return_costs(request, wish, recoveries.get(line))
            product = wish.product.sudo().with_context(display_default_code=False)  # sudo: as for _judge_requests
            lines.append(
                LineFacts(
                    wish.key,
                    product.display_name,
                    reason_id=wish.reason.id or None,
                    outcome=wish.outcome,
                    quantity=wish.quantity,
                    **of_line,
                )
            )
        costs = {}
        if asks_costs:
            mine = dict.fromkeys(by_id[wish.sale_line.id].order_id.id for wish in request.wishes if wish.sale_line)
            of_request = self.env["sale.order"].browse(mine).with_prefetch([order.id for order in orders])
            costs = of_request._oms_get_return_way_costs(request)
        return Facts(
            lines=tuple(lines),
            kind=request.kind,
            goods_come=request.goods_come,
            company_id=request.company.id,
            step=as_decimal(request.currency.rounding),
            currency=request.currency.name,
            rate=request.convert(1, request.company.currency_id),
            **of_customer,
            **costs,
        )

    @api.model
    def _get_customer_facts(self, requests, policies, partners):
        """What policies ask about the customer of each request, and nothing that none asks."""
        scopes = [policy.scope for some in policies.values() for policy in some]
        result = [{} for _request in requests]
        if any(scope.tags for scope in scopes):
            tags = {
                partner.id: frozenset((partner.category_id | partner.commercial_partner_id.category_id).ids)
                for partner in partners
            }
            for facts, request in zip(result, requests, strict=True):
                facts["tags"] = tags.get(request.partner.id, frozenset())
        if any(scope.segments for scope in scopes):
            customer = {partner.id: partner.commercial_partner_id.id for partner in partners}
            rows = self.env["oms.customer.score"].search_fetch(
                [
                    ("partner_id", "in", list(customer.values())),
                    ("company_id", "in", [company.id for company in policies]),
                ],
                ["partner_id", "company_id", "segment"],
            )
            segments = {(row.partner_id.id, row.company_id.id): row.segment or "" for row in rows}
            for facts, request in zip(result, requests, strict=True):
                facts["segment"] = segments.get((customer.get(request.partner.id), request.company.id), "")
        return result

    # ------------------------------------------------------------------------------------------------------- HISTORY

    @api.model
    def _get_histories(self, requests, policies, partners):
        """[{days: ``History``}] of the customer of each request, for the days that limits of its policies look back."""
        days = {
            company: sorted({policy.limits.days for policy in some if policy.limits})
            for company, some in policies.items()
        }
        asked = [request for request in requests if days[request.company] and request.partner]
        if not asked:
            return [{} for _request in requests]
        first = min(request.now - timedelta(days=days[request.company][-1]) for request in asked)
        customers = {partner.id: partner.commercial_partner_id.id for partner in partners}
        ids = tuple(sorted(set(customers.values())))
        returns, orders = self._read_returns_since(ids, first), self._read_orders_since(ids, first)
        return [
            {
                number: self._get_history(request, number, customers[request.partner.id], returns, orders)
                for number in (days[request.company] if request.partner else ())
            }
            for request in requests
        ]

    @api.model
    def _get_history(self, request, days, customer_id, returns, orders):
        company = request.company
        key = (customer_id, company.id)
        first = request.now - timedelta(days=days)
        of_returns = [
            row for row in returns[key] if first < row[1] <= request.now and row[0] != request.record._origin.id
        ]
        of_orders = [row for row in orders[key] if first < row[0] <= request.now]

        def total(amounts):
            return request.convert(sum(map(as_decimal, amounts), ZERO), company.currency_id)

        return History(
            returns=len(of_returns),
            amount=total(amount for _id, _at, amount, _kept in of_returns),
            orders=len(of_orders),
            bought=total(amount for _at, amount in of_orders),
            returnless=sum(kept for _id, _at, _amount, kept in of_returns),
        )

    @api.model
    def _read_returns_since(self, customer_ids, first):
        """{(customer, company): [(return, when, value in the currency of the company, whether goods stayed)]}"""
        self.flush_model(["partner_id", "company_id", "state", "requested_at", "kind"])
        self.env["oms.return.line"].flush_model(["return_id", "quantity", "sale_line_id", "expects_goods"])
        rows = self.env.execute_query(
            SQL(
                """SELECT p.commercial_partner_id, r.company_id, r.id, r.requested_at,
                          COALESCE(SUM(l.quantity * s.price_total / NULLIF(s.product_uom_qty, 0)
                                       / COALESCE(NULLIF(o.currency_rate, 0), 1)), 0),
                          r.kind = 'return' AND NOT BOOL_AND(l.expects_goods)
                     FROM oms_return r
                     JOIN res_partner p ON p.id = r.partner_id
                     JOIN oms_return_line l ON l.return_id = r.id
                LEFT JOIN sale_order_line s ON s.id = l.sale_line_id
                LEFT JOIN sale_order o ON o.id = s.order_id
                    WHERE p.commercial_partner_id IN %s AND r.requested_at > %s
                      AND r.state NOT IN ('refused', 'cancelled')
                 GROUP BY p.commercial_partner_id, r.id""",
                customer_ids,
                first,
            )
        )
        result = defaultdict(list)
        for partner_id, company_id, *row in rows:
            result[partner_id, company_id].append(row)
        return result

    @api.model
    def _read_orders_since(self, customer_ids, first):
        """{(customer, company): [(when, total in the currency of the company)]}"""
        self.env["sale.order"].flush_model(["partner_id", "company_id", "state", "date_order", "amount_total"])
        rows = self.env.execute_query(
            SQL(
                """SELECT p.commercial_partner_id, o.company_id, o.date_order,
                          o.amount_total / COALESCE(NULLIF(o.currency_rate, 0), 1)
                     FROM sale_order o JOIN res_partner p ON p.id = o.partner_id
                    WHERE p.commercial_partner_id IN %s AND o.date_order > %s AND o.state = 'sale'""",
                customer_ids,
                first,
            )
        )
        result = defaultdict(list)
        for partner_id, company_id, *row in rows:
            result[partner_id, company_id].append(row)
        return result
