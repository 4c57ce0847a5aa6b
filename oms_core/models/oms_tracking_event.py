import hashlib
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import TRACK_MAX_DAYS, TRACKING_EVENTS_MAX, TRACKING_STATES
from ..domain.timeline import Event, cut
from ..quiet import quiet_sql

#: Scans that the customer reads in the story of the order; that it arrived is told there by the delivery.
TOLD_STATES = frozenset({"out_for_delivery", "exception", "ready_for_pickup", "returning", "returned"})
ATTACHED_LATER = frozenset({"picking_id", "label_id", "company_id"})


class OmsTrackingEvent(models.Model):
    """A scan of a parcel, as the carrier told it. Never changed: where a parcel is follows from all of them.

    Scans of a number that nobody knows yet are kept, and attached when the number becomes known.
    """

    _name = "oms.tracking.event"
    _description = "Parcel Scan"
    _order = "at desc, id desc"
    _rec_name = "tracking_number"

    tracking_number = fields.Char(required=True, readonly=True, index=True)
    carrier_id = fields.Many2one(
        "delivery.carrier", string="Delivery Method", readonly=True, index=True, ondelete="set null"
    )
    picking_id = fields.Many2one(
        "stock.picking", string="Transfer", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    label_id = fields.Many2one("oms.shipment.label", readonly=True, ondelete="set null")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    at = fields.Datetime(string="When", required=True, readonly=True)
    state = fields.Selection(TRACKING_STATES, readonly=True)
    code = fields.Char(string="Carrier's Code", readonly=True)
    text = fields.Char(string="What the Carrier Says", readonly=True)
    location = fields.Char(string="Where", readonly=True)
    digest = fields.Char(
        required=True, readonly=True, help="The same scan has the same digest, however often it is told."
    )

    _digest_uniq = models.Constraint("UNIQUE(digest)", "This scan is known already.")

    def write(self, vals):
        """Refuse to touch what a carrier told."""
        if not ATTACHED_LATER.issuperset(vals):
            raise UserError(self.env._("A scan is kept as the carrier told it."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        if any(event.picking_id or event.at > self._get_forgotten_before() for event in self):
            raise UserError(self.env._("A scan is history; it stays."))

    @api.model
    def _get_forgotten_before(self):
        """A number that nobody knew for so long will not become known any more."""
        return fields.Datetime.now() - timedelta(days=TRACK_MAX_DAYS)

    @api.autovacuum
    def _gc_unknown(self):
        # sudo: nobody deletes scans; those of parcels that are none of ours are of no use
        self.sudo().search(
            [("picking_id", "=", False), ("at", "<", self._get_forgotten_before())], limit=100_000
        ).unlink()

    @api.model
    def _receive(self, carrier, updates):
        """Take in what a carrier knows of some parcels. Repeats and disorder do no harm.

        :param updates: :class:`TrackingUpdate`.
        :return: the transfers that it is about.
        """
        updates = [update for update in updates if update.tracking_number]
        places = self._find_places(carrier, [update.tracking_number for update in updates])
        rows = {}
        for update in updates:
            picking, label = places.get(update.tracking_number, (self.env["stock.picking"], None))
            for event in update.events[-TRACKING_EVENTS_MAX:]:
                digest = self._digest(carrier, update.tracking_number, event)
                rows[digest] = {
                    "tracking_number": update.tracking_number,
                    "carrier_id": carrier.id,
                    "picking_id": picking.id,
                    "label_id": label.id if label else False,
                    "company_id": (picking.company_id or carrier.company_id).id,
                    "at": event.at,
                    "state": event.state or False,
                    "code": event.code,
                    "text": event.text,
                    "location": event.location,
                    "digest": digest,
                }
        self._create_missing(rows)
        pickings = self.env["stock.picking"].union(*(picking for picking, _label in places.values()))
        expected = {}
        for update in updates:
            if update.expected_at and update.tracking_number in places:
                picking = places[update.tracking_number][0]
                expected[picking] = max(update.expected_at, expected.get(picking, update.expected_at))
        pickings._oms_update_tracking(expected)
        return pickings

    @api.model
    def _digest(self, carrier, number, event):
        text = "\x1f".join(
            [str(carrier.id), number, event.at.isoformat(), event.state, event.code, event.text, event.location]
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @api.model
    def _create_missing(self, rows):
        """Create the scans that are not there yet, also while another connection does the same."""
        for _attempt in range(2):
            known = set(self.sudo().search_fetch([("digest", "in", list(rows))], ["digest"]).mapped("digest"))
            try:
                with quiet_sql(), self.env.cr.savepoint():
                    # sudo: scans have no writers but the carriers
                    return self.sudo().create([values for digest, values in rows.items() if digest not in known])
            except psycopg2.errors.UniqueViolation:
                continue
        return self.browse()

    @api.model
    def _find_places(self, carrier, numbers):
        """``{number: (transfer, label)}``, in two queries: by our labels, else by the tracking references of transfers."""
        # sudo: scans come in without a user
        labels = self.env["oms.shipment.label"].sudo().search(
            [("tracking_number", "in", numbers), ("carrier_id", "=", carrier.id), ("state", "!=", "failed")], order="id"
        )  # fmt: skip
        there = labels.picking_id.exists()
        places = {label.tracking_number: (label.picking_id & there, label) for label in labels}
        rest = [number for number in numbers if number not in places]
        if rest:
            pickings = self.env["stock.picking"].sudo().search(
                [("carrier_tracking_ref", "in", rest), ("carrier_id", "=", carrier.id)], order="id"
            )  # fmt: skip
            for picking in pickings.filtered(lambda picking: picking.picking_type_code == "outgoing"):
                places[picking.carrier_tracking_ref] = (picking, None)
        return {number: place for number, place in places.items() if place[0]}

    @api.model
    def _attach(self, picking, numbers):
        """Give a transfer the scans that came before its number was known."""
        # sudo: whoever buys a label may attach what the carrier told before
        waiting = self.sudo().search(
            [("picking_id", "=", False), ("tracking_number", "in", [number for number in numbers if number])]
        )
        waiting = waiting.filtered(lambda event: event.carrier_id == picking.carrier_id)
        if waiting:
            waiting.write({"picking_id": picking.id, "company_id": picking.company_id.id})
            picking._oms_update_tracking()


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_timeline_events(self):
        """Override to tell what carriers say about the parcels of these orders."""
        yield from super()._oms_timeline_events()
        scans = self.env["oms.tracking.event"].search_fetch(
            [
                ("picking_id.sale_id", "in", self.ids),
                *("|", ("label_id", "=", False), ("label_id.purpose", "!=", "return")),
            ],
            ["picking_id", "at", "state", "text", "location", "tracking_number"],
        )
        # One query for the deliveries of all scans, where each would be read by itself else.
        pickings = self.env["stock.picking"].search_fetch([("id", "in", scans.picking_id.ids)], ["sale_id"])
        order_of = {picking.id: picking.sale_id.id for picking in pickings}
        labels = dict(scans._fields["state"]._description_selection(self.env))
        for scan in scans:
            where = ", ".join(filter(None, (scan.text, scan.location)))
            sentence = cut(": ".join(filter(None, (labels.get(scan.state), where)))) or self.env._("Scanned.")
            event = Event(scan.at, "scan", sentence, "", scan.tracking_number, scan.state in TOLD_STATES)
            yield order_of[scan.picking_id.id], event
