from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_datetime

from ..domain.timeline import Event
from .sale_order_timeline import ICONS

#: Lines of the feed; older ones stand on their order.
FEED_MAX = 80


class ResPartner(models.Model):
    """CUS-02: what happened with a customer, over all of the last orders, in one list: the latest first."""

    _inherit = "res.partner"

    oms_feed = fields.Html(
        string="What Happened",
        compute="_compute_oms_feed",
        sanitize=False,
        groups="sales_team.group_sale_salesman",
        help="What happened with the last orders: deliveries, returns, money, mails, notes.",
    )

    @api.depends_context("uid", "tz", "lang", "allowed_company_ids")
    def _compute_oms_feed(self):
        """Of a contact that is looked at; no list shows it."""
        for partner in self:
            partner.oms_feed = partner._oms_render_feed(partner._oms_get_feed())

    def _oms_get_feed(self):
        """[(event, its order)] of the last orders that the user may see, in a fixed number of queries."""
        self.ensure_one()
        orders = self.oms_recent_order_ids
        if not orders:
            return []
        timelines = orders._oms_get_timeline()
        feed = [(event, order) for order in orders for event in timelines[order._origin.id]]
        # sudo: who may read an order may read what its customer was told
        told = orders.sudo().env["oms.notification"].search([("order_id", "in", orders.ids), ("sent_at", "!=", False)])
        labels = dict(told._fields["event"]._description_selection(self.env))
        by_id = {order._origin.id: order for order in orders}
        for row in told:
            sentence = self.env._("Told: %s.", labels[row.event])
            feed.append((Event(row.sent_at, "message", sentence), by_id[row.order_id.id]))
        return sorted(feed, key=lambda entry: entry[0].at, reverse=True)[:FEED_MAX]

    def _oms_render_feed(self, feed):
        rows = Markup("").join(
            Markup(
                '<tr><td class="text-nowrap text-muted pe-3">%s</td>'
                '<td class="text-nowrap pe-3"><a href="/odoo/oms-orders/%s">%s</a></td>'
                '<td class="pe-2"><i class="fa %s" role="img"/></td><td>%s</td>'
                '<td class="text-muted text-nowrap">%s</td><td class="text-muted text-nowrap">%s</td></tr>'
            )
            % (
                format_datetime(self.env, event.at, dt_format="short"),
                order._origin.id,
                order.oms_number or order.name,
                ICONS.get(event.kind, "fa-circle-o"),
                event.sentence,
                event.who,
                event.document,
            )
            for event, order in feed
        )
        return (
            Markup('<table class="table table-sm o_oms_timeline"><tbody>%s</tbody></table>') % rows if rows else False
        )
