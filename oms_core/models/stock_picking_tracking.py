import logging
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..carriers.base import Auth, CarrierError, Reject, Retry
from ..const import (
    ERROR_MAX_CHARS,
    TRACK_BATCH_MAX,
    TRACK_EVERY_S,
    TRACK_EVERY_TODAY_S,
    TRACK_MAX_DAYS,
    TRACK_RETRY_DELAYS_S,
)
from ..domain.tracking import TERMINAL, Outlook, Scan, combine, derive, predict_late
from ..text import as_html

_logger = logging.getLogger(__name__)

#: State of a delivery -> what the customer is told, once.
TOLD = {"out_for_delivery": "out_for_delivery", "exception": "delivery_problem"}


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_event_ids = fields.One2many("oms.tracking.event", "picking_id", string="Scans")
    oms_told_events = fields.Char(readonly=True, copy=False, help="What has happened to this parcel before.")
    oms_predicted_late = fields.Char(
        string="Late",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Why this delivery is late, or is going to be late against what was promised.",
    )

    # ------------------------------------------------------------------------------------------------------- STATES

    def _oms_update_tracking(self, expected=None):
        """Work out where these deliveries are from all their scans; tell what has changed, once.

        :param expected: ``{picking: when the carrier expects to deliver}``.
        """
        # sudo: carriers tell it, and no user has to be there
        pickings = self.sudo().filtered(lambda picking: picking.picking_type_code != "incoming")
        events = self.env["oms.tracking.event"].sudo().search([("picking_id", "in", pickings.ids)])
        by_picking = events.filtered(lambda event: event.label_id.purpose != "return").grouped("picking_id")
        for label, scans in events.grouped("label_id").items():
            label._set_tracking(derive(Scan(event.at, event.state or "") for event in scans).state)
        delivered = self.browse()
        for picking in pickings:
            of_picking = by_picking.get(picking, events.browse())
            parcels = of_picking.grouped("tracking_number")
            journeys = [derive(Scan(event.at, event.state or "") for event in scans) for scans in parcels.values()]
            # A parcel that nobody has scanned yet is on its way at best.
            silent = len(set((picking.carrier_tracking_ref or "").split(",")) - set(parcels) - {""})
            journey = combine(journeys)
            values = {}
            state = "in_transit" if silent and journey.state == "delivered" else journey.state
            done_at = journey.delivered_at if state == "delivered" else False
            if state and state != picking.oms_tracking_state:
                values["oms_tracking_state"] = state
            # What scans told, scans take back; what a person noted, or the customer signed for, they do not.
            told_by_scans = picking.oms_tracking_state == "delivered"
            if of_picking and (done_at or told_by_scans) and done_at != picking.oms_delivered_at:
                values["oms_delivered_at"] = done_at
            moment = (expected or {}).get(picking.with_env(self.env)) or (expected or {}).get(picking)
            if moment and moment != picking.oms_expected_at:
                values["oms_expected_at"] = moment
            if values:
                picking.write(values)
            if values.get("oms_delivered_at"):
                delivered |= picking._oms_once("delivered")
            elif state in ("out_for_delivery", "exception"):
                if picking._oms_once(TOLD[state]) and picking.sale_id:
                    picking.sale_id._oms_notify(TOLD[state], picking)
        if delivered:
            delivered._oms_on_delivered()
        pickings._oms_predict_late()

    def _oms_once(self, event):
        """Whether this has not happened to this delivery before; parcels may come and go.

        :return: this delivery when it is the first time.
        """
        told = set((self.oms_told_events or "").split(",")) - {""}
        if event in told:
            return self.browse()
        self.oms_told_events = ",".join(sorted(told | {event}))
        return self

    # --------------------------------------------------------------------------------------------------------- LATE

    def _oms_predict_late(self, now=None):
        """Say which of these deliveries are late, or going to be, and why."""
        now = now or fields.Datetime.now()
        last = dict(
            self.env["oms.tracking.event"]
            .sudo()  # sudo: only when it was scanned last
            ._read_group([("picking_id", "in", self.ids), ("state", "!=", False)], ["picking_id"], ["at:max"])
        )
        for picking in self.filtered(lambda picking: picking.picking_type_code == "outgoing"):
            order = picking.sale_id
            found = None
            if order and picking.state != "cancel":
                found = predict_late(
                    Outlook(
                        deliver_by=order.oms_deliver_by or None,
                        state=picking.oms_tracking_state or "",
                        expected_at=picking.oms_expected_at or None,
                        delivered_at=picking.oms_delivered_at or picking.oms_collected_at or None,
                        shipped_at=picking.date_done or None,
                        last_scan_at=last.get(picking),
                        transit_days=picking.carrier_id.oms_transit_days or None,
                        zone=picking.picking_type_id.warehouse_id._oms_get_clock(),
                    ),
                    now,
                )
            text = found[1] if found else False
            if text != picking.oms_predicted_late:
                picking.oms_predicted_late = text

    @api.model
    def _cron_oms_predict_late(self):
        """Look at all deliveries that were promised and have not arrived, a batch and a commit at a time."""
        cron = self.env["ir.cron"]
        domain = [
            ("picking_type_code", "=", "outgoing"),
            ("state", "!=", "cancel"),
            ("sale_id.oms_deliver_by", "!=", False),
            ("oms_delivered_at", "=", False),
            ("create_date", ">", fields.Datetime.now() - timedelta(days=TRACK_MAX_DAYS)),
        ]
        last_id = 0
        while batch := self.search([*domain, ("id", ">", last_id)], order="id", limit=500):
            last_id = batch[-1].id
            batch._oms_predict_late()
            if not cron._commit_progress(len(batch)):
                break


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_cancel(self):
        """Override of ``stock``: what was bought to send this is given back."""
        result = super()._action_cancel()
        # sudo: whose labels are due matters to nobody who cancels
        if called_off := self.sudo().picking_id.filtered(lambda picking: picking.state == "cancel"):
            self.env["oms.shipment.label"]._call_off(called_off)
        return result


class OmsShipmentLabel(models.Model):
    _inherit = "oms.shipment.label"

    def _set_tracking(self, state):
        """Where the parcel of this label is; one that has arrived is not asked for any more. Nothing for no label."""
        if not self:
            return
        values = {}
        if state and state != self.tracking_state:
            values["tracking_state"] = state
        if state in TERMINAL and self.next_track_at:
            values["next_track_at"] = False
        if values:
            self.sudo().write(values)  # sudo: labels have no writers of their own

    @api.model
    def _cron_track(self):
        """Give back what was bought for deliveries that were called off, and ask the carriers for the parcels that are open
        and due: a few at a time, and no lock is held while a carrier thinks."""
        cron = self.env["ir.cron"]
        while batch := self._take_due():
            time_left = cron._commit_progress()
            for carrier, labels in batch.grouped("carrier_id").items():
                called_off = labels.filtered(lambda label: label.picking_id.exists().state == "cancel")
                for label in called_off:
                    label._give_back()
                    time_left = cron._commit_progress(1)
                open_labels = labels - called_off
                size = max(carrier._oms_capabilities().track_batch, 1) if carrier.exists() else TRACK_BATCH_MAX
                for start in range(0, len(open_labels), size):
                    chunk = open_labels[start : start + size]
                    chunk._track(carrier)
                    time_left = cron._commit_progress(len(chunk))
            if not time_left:
                break

    @api.model
    def _take_due(self):
        """The labels that are due. They are due again later, whatever becomes of this: who commits that, and then asks, asks
        once also when the job is killed in the middle."""
        now = fields.Datetime.now()
        due = self.search(
            [("state", "=", "bought"), ("next_track_at", "<=", now)], order="next_track_at, id", limit=TRACK_BATCH_MAX
        ).try_lock_for_update()
        for often, labels in due.grouped(
            lambda label: TRACK_EVERY_TODAY_S if label.tracking_state == "out_for_delivery" else TRACK_EVERY_S
        ).items():
            labels.write({"next_track_at": now + timedelta(seconds=often)})
        due.flush_recordset()  # what is given back is written by a connection of its own
        return due

    def _give_back(self):
        """The delivery of this label was called off: the carrier is not to be paid for it. Where it refuses, a person has to
        ask, once."""
        self.ensure_one()
        try:
            self._cancel()
        except (Retry, UserError) as error:
            cause = error.__cause__ or error
            if isinstance(cause, Retry):
                self._track_later(cause)
                return
            self.write({"next_track_at": False, "error": str(error)[:ERROR_MAX_CHARS]})
            self.picking_id.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Label %s was not taken back", self.tracking_number or self.key),
                note=as_html(
                    self.env._("%s The delivery was called off. Ask the carrier for the money.", str(error)),
                ),
                user_id=(self.picking_id.user_id or self.picking_id.oms_channel_id.user_id).id,
            )
        except Exception as error:
            _logger.exception("Label %s could not be given back", self.key)
            self._track_later(error)
        else:
            if self.purpose == "out":
                self.picking_id._oms_forget_label(self)

    @api.model
    def _call_off(self, pickings):
        """These deliveries were called off: have the job give back what was bought for them, also where it had no reason to
        ask for the parcel any more."""
        # sudo: whoever calls off a delivery need not see its labels
        labels_sudo = self.sudo().search([("picking_id", "in", pickings.ids), ("state", "=", "bought")])
        labels_sudo.next_track_at = fields.Datetime.now()
        if labels_sudo and (cron := self.env.ref("oms_core.cron_track", raise_if_not_found=False)):
            cron._trigger()

    def _track(self, carrier):
        """Ask for some parcels of one delivery method. Whatever happens, each is due again later, or done."""
        now = fields.Datetime.now()
        able = carrier.exists() and carrier.active and carrier._oms_capabilities().track and not carrier.oms_missing
        old = self.filtered(lambda label: (label.bought_at or now) < now - timedelta(days=TRACK_MAX_DAYS))
        open_labels = self - old
        if not able:
            self.write({"next_track_at": False})
            return
        old.write({"next_track_at": False})
        for label in open_labels.filtered(lambda label: not (label.tracking_number and label.attachment_id)):
            with label._trying():
                label._apply_details(carrier._oms_adapter().details(label.carrier_ref))
        numbered = open_labels.filtered("tracking_number")
        if numbered:
            with numbered._trying():
                updates = carrier._oms_adapter().track(numbered.mapped("tracking_number"))
                self.env["oms.tracking.event"]._receive(carrier, updates)
                numbered.filtered("track_attempts").write({"track_attempts": 0})

    @contextmanager
    def _trying(self):
        """Ask a carrier about these labels: what goes wrong with them is no concern of the others."""
        try:
            with self.env.cr.savepoint():
                yield
        except (CarrierError, UserError) as error:
            self._track_later(error)
        except Exception as error:
            _logger.exception("Tracking of %s parcels failed", len(self))
            self._track_later(error)

    def _track_later(self, error):
        for label in self:
            delay = TRACK_RETRY_DELAYS_S[min(label.track_attempts, len(TRACK_RETRY_DELAYS_S) - 1)]
            if isinstance(error, Retry) and error.delay_s:
                delay = max(delay, error.delay_s)
            elif isinstance(error, (Auth, Reject)):
                delay = TRACK_RETRY_DELAYS_S[-1]
            label.write(
                {
                    "next_track_at": fields.Datetime.now() + timedelta(seconds=delay),
                    "track_attempts": label.track_attempts + 1,
                    "error": str(error)[:ERROR_MAX_CHARS],
                }
            )

    @api.model
    def _refetch(self, carrier, references):
        """A webhook mentioned these shipments: have them looked at soon. Nothing that it said is believed."""
        labels = self.search([("carrier_id", "=", carrier.id), ("carrier_ref", "in", list(references))])
        labels.filtered(lambda label: label.state == "bought").write({"next_track_at": fields.Datetime.now()})
        if labels and (cron := self.env.ref("oms_core.cron_track", raise_if_not_found=False)):
            cron._trigger()
        return labels
