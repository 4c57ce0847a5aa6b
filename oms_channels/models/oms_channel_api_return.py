"""What apps ask about returns: decided at once, by the policies of the pages for customers, and answered in the app's own ids."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from odoo import models

from odoo.addons.oms_core.domain.documents import ReturnProblem

from ..const import API_PLACES_MAX
from ..domain.problem import ApiProblem
from ..platforms.rest_api import parse
from ..platforms.rest_api.reading import unknown

NOT_OFFERED = "Returns are not offered here. Tell your customer to write to the shop."


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _api_offer_returns(self, order_ref):
        """:return: (HTTP status, answer)"""
        self.ensure_one()
        order = self._api_find_order(order_ref)
        offer = order._oms_get_return_offer()
        if not offer:
            raise ApiProblem(404, "not_offered", NOT_OFFERED)
        return 200, order._api_in_own_ids(offer)

    def _api_take_return(self, order_ref, body):
        """Make a return, or say what would come of it.

        :return: (HTTP status, answer)
        """
        self.ensure_one()
        order = self._api_find_order(order_ref)
        payload = self._api_load(body)
        doc = parse.return_request(payload)
        keys = {line.oms_external_id: str(line.id) for line in order.order_line if line.oms_external_id}
        # What the app's line is not among ours has to stay unknown: an id of its own may be one of ours by chance.
        lines = tuple(replace(line, line_id=keys.get(line.line_id, f"? {line.line_id}")) for line in doc.lines)
        check_only = payload.get("check_only") is True
        answer, problems = order._oms_apply_return_request(replace(doc, lines=lines), check_only=check_only)
        if any(problem.code == "not_offered" and not isinstance(problem, ReturnProblem) for problem in problems):
            raise ApiProblem(404, "not_offered", NOT_OFFERED)
        if problems:
            raise ApiProblem(
                422,
                "bad_return",
                "This cannot come back like that. Correct what “errors” names, or show the sentences to your customer. "
                "Nothing was kept.",
                [_place(problem, lines) for problem in problems[:API_PLACES_MAX]],
            )
        answer = order._api_in_own_ids(answer)
        if ignored := unknown("ReturnRequest", payload):
            answer["ignored_fields"] = ignored
        return 200 if check_only else 201, answer


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _api_in_own_ids(self, answer):
        """What is answered about returns, as JSON: lines by the ids of the app, amounts and quantities as text."""
        refs = {str(line.id): line.oms_external_id or "" for line in self.order_line}
        return _plain(answer, refs)


def _place(problem, lines):
    """A problem as an app is told it, with the path to the line that it is about; the sentence stays as customers read it."""
    ids = [line.line_id for line in lines]
    line_id = getattr(problem, "line_id", "")
    path = {"path": f"lines[{ids.index(line_id)}]"} if line_id in ids else {}
    return {**path, "code": problem.code, "detail": problem.message}


def _plain(value, refs):
    if isinstance(value, dict):
        return {
            name: refs.get(inner, "") if name == "line_id" else _plain(inner, refs) for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(inner, refs) for inner in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return value
