"""What customers of Maison Verte said after the delivery: three of them, one of them not happy."""

from odoo.addons.oms_core.domain.feedback import Said

SAID = (
    (5, "Beautifully packed, and a day early."),
    (4, ""),
    (2, "The box was open when it came."),
)


def feedback(env):
    """Called after a day's work: orders that have left get their stars through the same door as the page's."""
    left = env["sale.order"].search([("oms_external_id", "!=", False), ("state", "=", "sale")], order="oms_number")
    left = left.filtered(lambda order: order._oms_asks_for_feedback())
    for order, (stars, words) in zip(left, SAID, strict=False):
        line = next(iter(order._oms_get_arrived_lines()))
        remarks = ((line.id, "One corner is dented."),) if stars == 2 else ()
        env["oms.feedback"].sudo()._receive(order.sudo(), Said(stars, words, remarks))
