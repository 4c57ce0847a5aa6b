"""What store associates do in their own places has effects in places that they do not see.

A parcel that leaves one store is expected in another, a delivery that is given up is sourced again elsewhere, an order is
shipped when all its parcels are. Associates may do their part and trigger the rest; they still see their own places only.
"""

from odoo import models


def _with_effects_elsewhere(records):
    """These records for the rest of what a user may do to them."""
    if records.env.su or not records.env.user.oms_own_places_only:
        return records
    records.check_access("write")
    return (
        records.sudo()
    )  # sudo: the associate may do this to these records; what follows from it happens elsewhere too


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        """Override of ``stock`` for store associates: see the head of this file."""
        return super(StockPicking, _with_effects_elsewhere(self))._action_done()

    def action_cancel(self):
        """Override of ``stock`` for store associates: see the head of this file."""
        return super(StockPicking, _with_effects_elsewhere(self)).action_cancel()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_done(self, cancel_backorder=False):
        """Override of ``stock`` for store associates: see the head of this file."""
        moves = super(StockMove, _with_effects_elsewhere(self))._action_done(cancel_backorder=cancel_backorder)
        return moves.with_env(self.env)

    def _action_cancel(self):
        """Override of ``stock`` for store associates: see the head of this file."""
        return super(StockMove, _with_effects_elsewhere(self))._action_cancel()
