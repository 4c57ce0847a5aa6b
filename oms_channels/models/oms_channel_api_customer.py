"""What an app is told about one of its customers: which orders it sent of that person, and how they stand."""

from odoo import models
from odoo.fields import Domain

from ..const import API_KEY_MAX_CHARS, API_PAGE, API_PAGE_MAX
from ..domain import query as asked
from ..domain.problem import ApiProblem
from .sale_order_api import _money, _stamp


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _api_customer_orders(self, ref, query):
        """The orders of this channel of whom it knows by that id, the latest first.

        :param query: ``cursor`` and ``limit``, as text.
        :return: (HTTP status, answer)
        :raise ApiProblem: 404.
        """
        self.ensure_one()
        limit, cursor = asked.whole(query, "limit", API_PAGE), asked.whole(query, "cursor", 0)
        limit = max(1, min(limit, API_PAGE_MAX))
        is_known = ref and len(ref) <= API_KEY_MAX_CHARS and "\0" not in ref
        # sudo: who has the channel's secret may ask about the channel's own orders
        orders_sudo = self.env["sale.order"].sudo()
        # By the id that came with each order: a contact may be several accounts, and none of them learns of the other.
        of_customer = Domain("oms_channel_id", "=", self.id) & Domain("oms_customer_ref", "=", ref)
        before = Domain("id", "<", cursor) if cursor else Domain.TRUE
        found = orders_sudo.search(of_customer & before, order="id desc", limit=limit + 1) if is_known else orders_sudo
        if not found and not cursor:
            raise ApiProblem(404, "no_customer", "No order has come of a customer with this id.")
        return 200, {
            "id": ref,
            "orders": [order._api_summary() for order in found[:limit]],
            "cursor": str(found[limit - 1].id) if len(found) > limit else "",
        }


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _api_summary(self):
        """This order in a list of orders; ``_api_state`` tells all of it."""
        self.ensure_one()
        statuses = dict(self._fields["oms_status"]._description_selection(self.env))
        return {
            "id": self.oms_external_id,
            "number": self.name,
            "status": self.oms_status,
            "status_text": statuses[self.oms_status],
            "ordered_at": _stamp(self.oms_ordered_at),
            "total": _money(self.amount_total, self.currency_id),
            "currency": self.currency_id.name,
        }
