from odoo import models

from ..domain.documents import Problem


class SaleOrder(models.Model):
    """What a customer may ask to send back. Without an add-on for returns, nothing is offered, and every asker is told so."""

    _inherit = "sale.order"

    def _oms_get_return_offer(self):
        """What of this order can come back, what for and how, and what was asked back already.

        The pages for customers and the documented API show the same: quantities and amounts are ``Decimal``, days ``date``.

        :return: a dict; empty where returns are not offered.
        """
        self.ensure_one()
        return {}

    def _oms_apply_return_request(self, doc, check_only=False):
        """Ask for a return of this order, once for each id of a request.

        :param doc: a :class:`~odoo.addons.oms_core.domain.documents.ReturnRequestDoc`.
        :param check_only: only say what would come of it; nothing is kept.
        :return: ``(answer, problems)``; the answer is a dict, empty where problems keep the return from being made.
        """
        self.ensure_one()
        return {}, [Problem("not_offered", self.env._("Returns are not offered here. Write to the shop."))]
