from decimal import Decimal

from odoo import models
from odoo.fields import Domain

from ..domain.waves import AFTER_CUT_OFF, FULL, TOO_LARGE, Delivery

#: Why a delivery is in no wave.
REASONS = [
    ("on_hold", "Order on hold"),
    ("not_reserved", "Goods not set aside"),
    ("not_accepted", "Not accepted yet"),
    ("collected", "Customer comes for it"),
    ("in_work", "Being picked"),
    ("busy", "Being changed"),
    ("not_looked_at", "After the most pressing ones"),
    (AFTER_CUT_OFF, "After the cut-off"),
    (TOO_LARGE, "Too large for a wave"),
    (FULL, "Waves are full"),
]


class StockPicking(models.Model):
    """A delivery is in one wave at most, and leaves it when its order is stopped."""

    _inherit = "stock.picking"

    def _oms_get_lines_to_pick(self):
        return self.move_ids.filtered(lambda move: move.state not in ("draft", "done", "cancel"))

    def _oms_to_wave_delivery(self, is_free=True, stopped_by=""):
        """This delivery as the planning of waves sees it.

        :param is_free: whether nobody is changing it at this moment.
        """
        self.ensure_one()
        order = self.sudo().sale_id  # sudo: who picks plans by when an order has to leave, without a right to orders
        return Delivery(
            id=self.id,
            lines=len(self._oms_get_lines_to_pick()),
            weight=Decimal(repr(self.weight)),
            ship_by=order.oms_ship_by or self.date_deadline or None,
            carrier_id=self.carrier_id.id or None,
            is_urgent=self.priority == "1",
            stopped_by=self._oms_get_wave_stop() or ("" if is_free else "busy") or stopped_by,
        )

    def _oms_get_wave_stop(self):
        """The code of what keeps this delivery from being picked now; empty when nothing does."""
        self.ensure_one()
        if self.sudo().sale_id.oms_on_hold:  # sudo: as above
            return "on_hold"
        if any(move.state != "assigned" for move in self._oms_get_lines_to_pick()):
            return "not_reserved"
        if self.oms_accept_by and not self.oms_accepted_at:
            return "not_accepted"
        if self.oms_is_collected:
            return "collected"  # done means handed over: a wave would hand over to nobody
        return "in_work" if self.oms_picked_at else ""

    def _oms_get_wave_words(self, reason):
        """The sentence for whoever plans: why this delivery is in no wave, and what to do about it."""
        self.ensure_one()
        place = self.picking_type_id
        match reason:
            case "on_hold":
                return self.env._(
                    "%(order)s is on hold: %(reason)s Release the hold, then plan again.",
                    order=self.sudo().sale_id.name,  # sudo: as above
                    reason=self.sudo().sale_id.oms_hold_reason,  # sudo: as above
                )
            case "not_reserved":
                return self.env._(
                    "Not all of its goods are set aside. Check availability, or wait for what is to come."
                )
            case "not_accepted":
                return self.env._("This place has not accepted it yet. Accept or reject it on the Store Board.")
            case "collected":
                return self.env._("The customer comes for it. Pick it and set it ready on the Store Board.")
            case "in_work":
                return self.env._("It is being picked by %s.", self.oms_picked_by_id.name or self.env._("somebody"))
            case "busy":
                return self.env._("Somebody is changing it at this moment. Plan again in a moment.")
            case "not_looked_at":
                return self.env._("Only the most pressing deliveries are planned at once. Plan again.")
            case "after_cut_off":
                return self.env._(
                    "It is still in time with the collection after the next one, and comes into a later wave. Mark it as "
                    "urgent with the star to have it picked now."
                )
            case "too_large":
                return self.env._(
                    "It alone is more than a wave holds here. Pick it on its own, or raise the limits of %s.",
                    place.display_name,
                )
            case "full":
                return self.env._(
                    "As many waves are open as may be. Validate one first, or let %s have more open waves.",
                    place.display_name,
                )
        raise ValueError(reason)

    def _oms_get_open_waves(self):
        """{wave that is not finished: those of these deliveries that are in it}"""
        # sudo: who stops an order need not have a right to transfers
        in_waves = self.sudo().filtered(lambda picking: picking.batch_id.state in ("draft", "in_progress"))
        return in_waves.grouped("batch_id")

    def _find_auto_batch(self):
        """Override of ``stock_picking_batch``: orders wait for the planning, which knows promises and holds."""
        if self.picking_type_id.oms_wave_only and self.sale_id:
            return False
        return super()._find_auto_batch()

    def _get_possible_pickings_domain(self):
        """Override: likewise, nothing else takes them along into a batch."""
        domain = super()._get_possible_pickings_domain()
        return domain & Domain("sale_id", "=", False) if self.picking_type_id.oms_wave_only else domain


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_cancel(self):
        """Override of ``stock``: what is not delivered from here any more leaves its wave, whoever cancelled or rejected it."""
        waves = self.picking_id._oms_get_open_waves()  # before: Odoo takes some out by itself, and says nothing
        result = super()._action_cancel()
        for wave, pickings in waves.items():
            cancelled = pickings.filtered(lambda picking: picking.state == "cancel")
            wave._oms_let_go(cancelled, self.env._("it was cancelled here."))
        return result
