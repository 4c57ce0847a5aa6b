from datetime import timedelta

from odoo import api, models
from odoo.tools import consteq, format_time, hash_sign, verify_hash_signed
from odoo.tools.date_utils import float_to_time

from ..const import COLLECTED_METHODS, TRACKING_LINK_DAYS
from ..domain.customer_steps import steps
from ..domain.order_status import TO_SHIP
from ..domain.timeline import public

#: A signature made for tracking opens nothing else that Odoo signs with the same secret.
TRACKING_SCOPE = "oms_core.tracking"
#: Scans of a parcel and lines of the story on one page; the newest are shown.
SCANS_SHOWN_MAX = 20
STORY_MAX = 100


def _plain_url(url):
    """The address of a page; what a carrier sends may be anything, and ends in a link that a customer clicks."""
    return url if url and url.startswith(("https://", "http://")) else ""


class SaleOrder(models.Model):
    """What the customer sees of an order: in the portal, and by a signed link without logging in."""

    _inherit = "sale.order"

    def _oms_get_tracking_token(self, lifetime=timedelta(days=TRACKING_LINK_DAYS)):
        """What opens the tracking page of this order, and only of this one, until it expires.

        Signed with the secret of the database (HMAC-SHA256), so that nothing has to be stored, and nothing can be guessed.
        """
        self.ensure_one()
        # sudo: the secret of the database is the system's; what leaves is a signature over the id of one order
        return hash_sign(self.sudo().env, TRACKING_SCOPE, self.id, expiration=lifetime)

    def _oms_is_tracking_token(self, token):
        """Whether a link was made for this order and is still good. Compared in constant time; garbage is just wrong."""
        self.ensure_one()
        try:
            # sudo: the secret of the database is the system's
            return verify_hash_signed(self.sudo().env, TRACKING_SCOPE, token or "") == self.id
        except ValueError:
            return False

    def _oms_get_tracking_url(self):
        """The address of the tracking page of this order, for mails to its customer. No login is needed to open it."""
        self.ensure_one()
        return f"{self.get_base_url()}/oms/track/{self.id}/{self._oms_get_tracking_token()}"

    # ---------------------------------------------------------------------------------------------- WHAT IS SHOWN

    def _oms_get_customer_view(self):
        """What the pages for the customer show of this order. No price, no address, no name: those stand on the native page.

        :return: a dict for the template ``portal_order_life``
        """
        self.ensure_one()
        order_sudo = self.sudo()  # sudo: whoever may see the order may see where it is; the caller has checked that
        collected = order_sudo.oms_delivery_method in COLLECTED_METHODS
        headline, sentence = order_sudo._oms_get_customer_words()
        labels = self._oms_get_step_labels()
        return {
            "headline": headline,
            "sentence": sentence,
            "collected": collected,
            "tz": order_sudo._oms_get_customer_tz(self.env.user),
            "steps": [(labels[step.code], step.state) for step in steps(order_sudo.oms_status, collected)],
            "expected_at": order_sudo.oms_deliver_by if order_sudo.oms_status in TO_SHIP else False,
            "parcels": order_sudo._oms_get_parcels_view(),
            "place": order_sudo._oms_get_pickup_place_view() if collected else None,
        }

    def _oms_get_customer_tz(self, user):
        """A visitor who is not logged in has no time zone: the clock of the place that sends is the best guess."""
        warehouse = self.warehouse_id  # an order of services alone may have none
        return user.tz or (warehouse._oms_get_tz().zone if warehouse else self.company_id._oms_get_zone())

    @api.depends("oms_external_id")
    def _compute_type_name(self):
        """Override of ``sale``: who bought in a shop has ordered, also where the order waits or was cancelled."""
        result = super()._compute_type_name()
        for order in self.filtered("oms_external_id"):
            order.type_name = self.env._("Order")
        return result

    def _oms_get_step_labels(self):
        return {
            "received": self.env._("Ordered"),
            "preparing": self.env._("Being prepared"),
            "underway": self.env._("On its way"),
            "ready": self.env._("Ready for pickup"),
            "delivered": self.env._("Delivered"),
            "collected": self.env._("Picked up"),
        }

    def _oms_get_customer_words(self):
        """(headline, sentence) about where this order stands. Customers are not told what a clerk has to look into."""
        collected = self.oms_delivery_method in COLLECTED_METHODS
        match self.oms_status:
            case "received":
                return self.env._("We have your order"), self.env._("We will start on it soon.")
            case "held":
                return self.env._("We have your order"), self.env._(
                    "We are checking it before we start. You need not do anything."
                )
            case "waiting":
                return self.env._("We are preparing your order"), self.env._(
                    "Some of it is on its way to us. It leaves when it is complete."
                )
            case "sourced" | "picking":
                return self.env._("We are preparing your order"), self.env._("It is being packed.")
            case "partial":
                return self.env._("Part of your order is on its way"), self.env._("The rest follows.")
            case "ready":
                return self.env._("Your order is ready"), self.env._("You can pick it up.")
            case "shipped" if collected:
                return self.env._("Your order is on its way to the store"), self.env._(
                    "We tell you when you can pick it up."
                )
            case "shipped":
                return self.env._("Your order is on its way"), self.env._("The carrier has it.")
            case "delivered":
                return self.env._("Your order was delivered"), self.env._("Thank you for ordering with us.")
            case "collected":
                return self.env._("You have picked up your order"), self.env._("Thank you for ordering with us.")
            case "returned_part":
                return self.env._("Part of your order came back"), self.env._("We have received what you sent back.")
            case "returned":
                return self.env._("Your order came back"), self.env._("We have received what you sent back.")
            case "cancelled":
                return self.env._("Your order was cancelled"), self.env._("Nothing of it will be delivered.")
        return self.env._("Your order is complete"), ""

    def _oms_get_parcels_view(self):
        """The parcels of this order: what is in them, where they are."""
        pickings = self.picking_ids.filtered(
            lambda picking: picking.picking_type_code in ("outgoing", "dropship") and picking.state != "cancel"
        )
        labels = dict(pickings._fields["oms_tracking_state"]._description_selection(self.env))
        scans = self.env["oms.tracking.event"].search(
            [
                *(("picking_id", "in", pickings.ids), ("state", "!=", False)),
                *("|", ("label_id", "=", False), ("label_id.purpose", "!=", "return")),
            ]
        )
        scans_of = scans.grouped("picking_id")
        return [
            {
                "picking": picking,
                "links": picking._oms_get_tracking_links(),
                "scans": [
                    {"at": scan.at, "label": labels[scan.state], "text": scan.text, "location": scan.location}
                    for scan in scans_of.get(picking, scans.browse())[:SCANS_SHOWN_MAX]
                ],
                "can_come": picking._oms_is_waited_for(),
                "state": picking._oms_get_customer_state(labels),
                "items": [
                    (move.product_id.name, move._oms_get_shown_quantity(), move.product_uom)
                    for move in picking.move_ids
                    if move.state != "cancel"
                ],
            }
            for picking in pickings.sorted("id")
        ]

    def _oms_get_customer_story(self, by_link=False):
        """What happened, for the customer, the newest first.

        :param by_link: for a page whose address may be passed on: nothing of money, names and what people wrote.
        """
        self.ensure_one()
        # sudo: whoever may see the order may see what happened to it; the caller has checked that
        events = self.sudo()._oms_get_timeline(customer=True)[self.id]
        return (public(events) if by_link else events)[::-1][:STORY_MAX]

    def _oms_get_pickup_place_view(self):
        """Where and when the customer comes."""
        place = self.oms_pickup_warehouse_id or self.warehouse_id
        return {"warehouse": place, "address": place.partner_id, "hours": place._oms_get_opening_hours()}

    # ----------------------------------------------------------------------------------------------------- LOOK-UP

    @api.model
    def _oms_look_up(self, number, proof):
        """The order of this number, for somebody who also knows an e-mail address or the postal code it goes to.

        :return: the order, as superuser; empty when there is none, whatever was wrong.
        """
        number, proof = number.strip(), proof.strip().casefold()
        if not number or not proof:
            return self.browse()
        # sudo: a visitor looks up one order and has to prove that it is theirs
        found_sudo = self.sudo().search(["|", ("oms_number", "=", number), ("name", "=", number)], limit=20)
        for order_sudo in found_sudo:
            known = {
                order_sudo.partner_id.email,
                order_sudo.partner_shipping_id.email,
                order_sudo.partner_shipping_id.zip,
            }
            # every value is compared, whichever is right, so that time tells nothing
            if any([consteq(self._oms_proof(value), self._oms_proof(proof)) for value in known if value]):  # noqa: C419
                return order_sudo
        return self.browse()

    @api.model
    def _oms_proof(self, value):
        """How an address or a postal code is compared: without case and blanks."""
        return "".join(value.casefold().split()).encode()


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_is_waited_for(self):
        """Whether these goods lie ready for a customer who has not fetched them."""
        self.ensure_one()
        return bool(
            self.oms_is_collected
            and self.oms_ready_at
            and not self.oms_collected_at
            and self.state not in ("done", "cancel")
        )

    def _oms_get_tracking_links(self):
        """[(tracking number, address of the carrier's page or ``""``)] of the parcels of this delivery."""
        self.ensure_one()
        links = {
            label.tracking_number: _plain_url(label.tracking_url)
            for label in self.oms_label_ids.sorted("id")
            if label.tracking_number and label.state == "bought" and label.purpose == "out"
        }
        numbers = [number.strip() for number in (self.carrier_tracking_ref or "").split(",") if number.strip()]
        native = _plain_url(self.carrier_tracking_url) if len(numbers) == 1 else ""
        return [(number, links.get(number) or native) for number in dict.fromkeys([*links, *numbers])]

    def _oms_get_code_for(self, user):
        """The pickup code, for the customer in person: a portal user whose order it is. Whoever works here does not get to
        see it on any page, and neither does a link that can be passed on; the mail has it."""
        self.ensure_one()
        customer = self.sale_id.partner_id.commercial_partner_id
        is_customer = user._is_portal() and user.partner_id.commercial_partner_id == customer
        return self._oms_get_pickup_code() if is_customer and self._oms_is_waited_for() else ""

    def _oms_get_customer_state(self, labels):
        """Where this parcel is, in words for the customer."""
        self.ensure_one()
        if self.oms_collected_at:
            return self.env._("Picked up")
        if self.oms_delivered_at:
            return self.env._("Delivered")
        if self.state != "done":
            if self.oms_ready_at:
                return self.env._("Ready for pickup")
            return self.env._("Being prepared") if self.state == "assigned" else self.env._("Waiting for goods")
        return labels.get(self.oms_tracking_state) or self.env._("On its way")


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_get_shown_quantity(self):
        """What is in the parcel, or is to be."""
        return self.quantity if self.state == "done" else self.product_uom_qty


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _oms_get_opening_hours(self):
        """[(weekday, hours)] when this place is open; empty when nobody says."""
        self.ensure_one()
        days = self.oms_calendar_id.attendance_ids.filtered(lambda row: row.day_period != "lunch")
        labels = dict(days._fields["dayofweek"]._description_selection(self.env))
        return [
            (
                labels[day],
                ", ".join(
                    f"{format_time(self.env, float_to_time(row.hour_from), time_format='short')} – "
                    f"{format_time(self.env, float_to_time(row.hour_to), time_format='short')}"
                    for row in rows.sorted("hour_from")
                ),
            )
            for day, rows in sorted(days.grouped("dayofweek").items())
        ]
