import logging
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import psycopg2.errors

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..carriers.base import MIMETYPES, Auth, CarrierError, Reject, Retry
from ..const import (
    ERROR_MAX_CHARS,
    LABEL_INTERRUPTED_AFTER_S,
    LABEL_SETTLED_AFTER_S,
    LABEL_TRANSITIONS,
    TRACKING_STATES,
)
from ..quiet import quiet_sql

_logger = logging.getLogger(__name__)


class LooseMany2one(fields.Many2one):
    """A reference without a foreign key.

    Labels are written by a connection of their own, which does not see a transfer that the current transaction has only
    just made, and must not wait for one that it has locked.
    """

    def update_db_foreign_key(self, model, column):
        pass


class OmsShipmentLabel(models.Model):
    """One parcel label, from before the carrier is asked for it until after it is used: bought once, never twice.

    Rows are written and committed by a connection of their own. Before the call: so that after a crash somebody knows what
    was asked. After it: so that a label that was paid is kept, also when the transaction that wanted it is rolled back. Who
    asks again for the same parcel gets the label that is there; where the answer was lost, the carrier is asked whether it
    knows our key, before anything is bought.
    """

    _name = "oms.shipment.label"
    _description = "Parcel Label"
    _order = "id desc"
    _rec_name = "tracking_number"

    key = fields.Char(required=True, readonly=True, help="What the carrier knows this parcel by, from us.")
    picking_id = LooseMany2one("stock.picking", string="Transfer", required=True, readonly=True, index=True)
    package_id = LooseMany2one("stock.package", string="Package", readonly=True)
    package_key = fields.Integer(readonly=True, help="Zero for goods that are in no package.")
    carrier_id = LooseMany2one("delivery.carrier", string="Delivery Method", required=True, readonly=True, index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    partner_id = fields.Many2one(related="picking_id.partner_id")
    purpose = fields.Selection(
        [("out", "To the customer"), ("return", "Back to us")], required=True, readonly=True, default="out"
    )
    state = fields.Selection(
        [
            ("requested", "Being bought"),
            ("unknown", "Answer lost"),
            ("bought", "Bought"),
            ("failed", "Not bought"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="requested",
        index=True,
    )
    attempts = fields.Integer(readonly=True)
    asked_at = fields.Datetime(readonly=True)
    bought_at = fields.Datetime(readonly=True)
    cancelled_at = fields.Datetime(readonly=True)
    carrier_ref = fields.Char(string="Carrier's Reference", readonly=True)
    tracking_number = fields.Char(readonly=True, index="btree_not_null")
    tracking_url = fields.Char(readonly=True)
    service_code = fields.Char(readonly=True)
    service_name = fields.Char(string="Service", readonly=True)
    pay_on_use = fields.Boolean(readonly=True, help="Costs only when the customer uses it.")
    weight_kg = fields.Float(string="Weight (kg)", digits=(12, 3), readonly=True)
    cost = fields.Monetary(readonly=True, help="What the carrier charged.")
    currency_id = fields.Many2one("res.currency", readonly=True)
    quoted_cost = fields.Monetary(
        string="Quoted",
        currency_field="company_currency_id",
        readonly=True,
        help="What the carrier asked for when rates were compared, in the company's currency.",
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    attachment_id = fields.Many2one("ir.attachment", string="Label", readonly=True, ondelete="set null")
    error = fields.Text(string="What happened", readonly=True)
    tracking_state = fields.Selection(TRACKING_STATES, string="Parcel", readonly=True)
    next_track_at = fields.Datetime(readonly=True)
    track_attempts = fields.Integer(readonly=True)

    _key_uniq = models.Constraint("UNIQUE(key)", "There is a parcel with this key already.")
    _parcel_uniq = models.UniqueIndex(
        "(picking_id, package_key, purpose) WHERE state <> 'cancelled'", "This parcel has a label already."
    )
    _track_idx = models.Index("(next_track_at) WHERE state = 'bought' AND next_track_at IS NOT NULL")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_failed(self):
        if any(label.state not in ("failed", "cancelled") for label in self):
            raise UserError(self.env._("A label that is paid, or may be, is kept. Cancel it instead of deleting it."))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_print(self):
        """The label again: the same document, never another purchase."""
        self.ensure_one()
        self.check_access("read")
        if not self.attachment_id:
            raise UserError(
                self.env._("The carrier has not given the document yet. It is fetched by itself; “Fetch” asks at once.")
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "new",
        }

    def action_fetch(self):
        """Ask the carrier for what was missing: an answer that was lost, a number or a document that comes later."""
        self._check_may_ship()
        for label in self:
            if label.state in ("unknown", "requested"):
                label.picking_id.action_oms_get_label()
            elif label.state == "bought":
                label._complete()

    def action_give_up(self):
        """A person has looked into the carrier's account: nothing was bought."""
        self._check_may_ship()
        for label in self:
            if label.state not in ("unknown", "requested"):
                raise UserError(self.env._("The carrier has answered for this label; there is nothing to give up."))
            # sudo: see _check_may_ship
            label.sudo()._set_state("failed", error=self.env._("%s looked: nothing was bought.", self.env.user.name))

    def action_cancel(self):
        """Give labels back to the carrier."""
        self._check_may_ship()
        for label in self.filtered(lambda label: label.state == "bought"):
            label._cancel()
            if label.purpose == "out":
                label.picking_id._oms_forget_label(label)

    def _check_may_ship(self):
        """Labels have no writers of their own: whoever may work on the transfer may work on its labels."""
        self.check_access("read")
        self.picking_id.check_access("write")

    # ------------------------------------------------------------------------------------------------------- BUYING

    @api.model
    @contextmanager
    def _journal(self):
        """This model on a connection of its own, committed at the end, whatever becomes of the current transaction."""
        with self.env.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '10s'")
            yield self.with_env(api.Environment(cr, SUPERUSER_ID, {"lang": self.env.lang}))

    @api.model
    def _buy(self, carrier, picking, request, package=None, purpose="out", quoted=0, pay_on_use=False):
        """Buy the label of a parcel, unless it is bought already.

        :param request: a :class:`ShipmentRequest` without a key.
        :param quoted: what was quoted for it before, in the company's currency.
        :return: the facts of the row: a dict of its fields.
        :raise CarrierError: when there is no label now; the row says why.
        """
        facts, todo = self._claim(carrier, picking, request, package, purpose, quoted, pay_on_use)
        if todo == "have":
            return facts
        adapter = carrier._oms_adapter()
        request = replace(request, key=facts["key"])
        if todo == "look":
            found = self._look(carrier, adapter, facts)
            if found:
                return self._record(facts["id"], found)
            taken = self._take_again(facts)
            if taken["state"] == "bought":
                return taken
        try:
            result = adapter.return_label(request) if purpose == "return" else adapter.ship(request)
        except Retry as error:
            self._note(facts["id"], "unknown" if error.maybe_done else "failed", str(error))
            raise
        except (Reject, Auth) as error:
            self._note(facts["id"], "failed", str(error))
            raise
        except Exception as error:
            # Our own mistake, perhaps in reading the answer: whether it was bought, nobody knows.
            self._note(facts["id"], "unknown", str(error))
            raise
        return self._record(facts["id"], result)

    @api.model
    def _claim(self, carrier, picking, request, package, purpose, quoted, pay_on_use):
        """Take the row of a parcel, or make it.

        :return: ``(facts, todo)``; todo is ``have`` (bought already), ``look`` (the carrier may have it) or ``ask``.
        :raise CarrierError: when somebody else is at it, or the parcel has a label of another carrier.
        """
        values = {
            "picking_id": picking.id,
            "package_id": package.id if package else False,
            "package_key": package.id if package else 0,
            "purpose": purpose,
        }
        fresh = {
            "carrier_id": carrier.id,
            "company_id": picking.company_id.id,
            "service_code": request.service_code,
            "weight_kg": float(request.parcel.weight_kg),
            "quoted_cost": float(quoted),
            "pay_on_use": pay_on_use,
        }
        for _attempt in range(2):
            try:
                with quiet_sql(), self._journal() as journal:
                    return journal._take(values, fresh, carrier)
            except psycopg2.errors.UniqueViolation:
                continue  # somebody was quicker: take what they made
        raise Retry(self.env._("This label is being bought by somebody else right now."), maybe_done=False)

    @api.model
    def _take(self, slot, fresh, carrier):
        """Inside the journal: see :meth:`_claim`."""
        now = fields.Datetime.now()
        rows = self.search([(name, "=", slot[name]) for name in ("picking_id", "package_key", "purpose")], order="id")
        row = rows.filtered(lambda row: row.state != "cancelled")[:1]
        if not row:
            number = f"{slot['picking_id']}-{slot['package_key']}-{'R' if slot['purpose'] == 'return' else 'O'}{len(rows) + 1}"
            database = self.env["ir.config_parameter"].get_param("database.uuid", "")[:8]
            row = self.create(
                {
                    **slot,
                    **fresh,
                    "key": f"OMS-{database}-{number}",
                    "state": "requested",
                    "attempts": 1,
                    "asked_at": now,
                }
            )
            return row._facts(), "ask"
        self.env.cr.execute("SELECT id FROM oms_shipment_label WHERE id = %s FOR UPDATE", [row.id])
        row.invalidate_recordset()
        if row.carrier_id.id != carrier.id and row.state not in ("failed",):
            name = row.carrier_id.sudo().name if row.carrier_id.exists() else "?"
            raise Reject(
                self.env._(
                    "There is a label of %s for this parcel already, or there may be one. Cancel it first.", name
                )
            )
        if row.state == "bought":
            return row._facts(), "have"
        asked = {**fresh, "attempts": row.attempts + 1, "asked_at": now, "error": False}
        if row.state == "failed":
            row._set_state("requested", **asked)
            return row._facts(), "ask"
        if row.state == "requested" and row.asked_at > now - timedelta(seconds=LABEL_INTERRUPTED_AFTER_S):
            raise Retry(
                self.env._("This label is being bought right now. Wait some minutes, then ask again."),
                LABEL_INTERRUPTED_AFTER_S,
                maybe_done=False,
            )
        facts = row._facts()  # with the moment of the last question
        row.asked_at = now if row.state == "requested" else row.asked_at
        return facts, "look"

    @api.model
    def _take_again(self, facts):
        """The carrier certainly has no parcel of this row: take the row to buy it, unless somebody who looked at the same
        time has.

        :return: the facts of the row, which may be bought by now.
        """
        with self._journal() as journal:
            row = journal.browse(facts["id"])
            journal.env.cr.execute("SELECT id FROM oms_shipment_label WHERE id = %s FOR UPDATE", [row.id])
            row.invalidate_recordset()
            if row.state == "bought":
                return row._facts()
            if row.state != facts["state"]:
                raise Retry(self.env._("This label is being bought by somebody else right now."), maybe_done=False)
            row._set_state("requested", asked_at=fields.Datetime.now())
            return row._facts()

    @api.model
    def _look(self, carrier, adapter, facts):
        """Whether the carrier has what was asked for before: the result, or ``None`` when it certainly has not."""
        if not carrier._oms_capabilities().find:
            self._note(facts["id"], "unknown")
            raise Reject(
                self.env._(
                    "The last answer of %(carrier)s was lost, and it cannot be asked whether it made the label. Look into its "
                    "account for %(key)s; if nothing is there, say so on the label, then ask again.",
                    carrier=carrier.name,
                    key=facts["key"],
                ),
                "unknown",
            )
        try:
            found = adapter.find(facts["key"])
        except CarrierError as error:
            self._note(facts["id"], "unknown", str(error))
            raise
        settled = fields.Datetime.now() - timedelta(seconds=LABEL_SETTLED_AFTER_S)
        if found is None and carrier.delivery_type != "oms_table" and facts["asked_at"] > settled:
            self._note(facts["id"], "unknown", self.env._("The carrier does not know the parcel yet."))
            raise Retry(
                self.env._(
                    "The last answer was lost and %s may still be at work. Ask again in two minutes.", carrier.name
                ),
                LABEL_SETTLED_AFTER_S,
            )
        return found

    @api.model
    def _record(self, label_id, result):
        """Keep what the carrier gave."""
        with self._journal() as journal:
            row = journal.browse(label_id)
            row._set_state("bought", bought_at=fields.Datetime.now(), **row._prepare_result(result))
            return row._facts()

    def _prepare_result(self, result):
        values = {
            "carrier_ref": result.carrier_ref,
            "tracking_number": result.tracking_number or self.tracking_number,
            "tracking_url": result.tracking_url or self.tracking_url,
            "service_code": result.service_code or self.service_code,
            "service_name": result.service_name or self.service_name,
            "error": result.warning or False,
            "next_track_at": fields.Datetime.now(),
        }
        if result.currency:
            values["currency_id"] = self._find_currency(result.currency).id
            values["cost"] = float(result.cost)
        if result.label and not self.attachment_id:
            name = f"{result.tracking_number or result.carrier_ref}.{result.label_format}"
            carrier = self.carrier_id.exists()
            prefix = (
                carrier.get_return_label_prefix() if self.purpose == "return" else carrier._get_delivery_label_prefix()
            )
            # sudo: the label of a transfer is kept for whoever may see the transfer
            attachment = self.env["ir.attachment"].sudo().create(
                {
                    "name": f"{prefix}-{name}",
                    "datas": b64encode(result.label),
                    "mimetype": MIMETYPES.get(result.label_format, "application/octet-stream"),
                    "res_model": "stock.picking",
                    "res_id": self.picking_id.id,
                    "company_id": self.company_id.id,
                }
            )  # fmt: skip
            values["attachment_id"] = attachment.id
        return values

    @api.model
    def _note(self, label_id, state, error=""):
        with self._journal() as journal:
            row = journal.browse(label_id)
            values = {"asked_at": fields.Datetime.now()} if state == "requested" else {}
            if error:
                values["error"] = error[:ERROR_MAX_CHARS]
            row._set_state(state, **values)

    def _facts(self):
        """What the caller needs to know: its own transaction cannot read the row."""
        self.ensure_one()
        names = ("id", "key", "state", "tracking_number", "carrier_ref", "cost", "quoted_cost", "pay_on_use", "error",
                 "asked_at", "attachment_id", "service_name", "currency_id")  # fmt: skip
        facts = {name: self[name] for name in names}
        facts["attachment_id"] = self.attachment_id.id
        facts["currency"] = self.currency_id.name or ""
        facts.pop("currency_id")
        return facts

    def _set_state(self, state, **values):
        """The one way to move labels. What may not go there stays where it is, and the log says so."""
        for label in self:
            if state == label.state or state in LABEL_TRANSITIONS[label.state]:
                label.write({"state": state, **values})
            else:
                _logger.warning("Label %s cannot go from %s to %s", label.key, label.state, state)

    @api.model
    def _find_currency(self, code):
        return self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)], limit=1)

    # -------------------------------------------------------------------------------------- AFTER IT WAS BOUGHT

    def _complete(self):
        """Ask for what the carrier gives later: the number, the document. Nothing happens where nothing is missing."""
        self.ensure_one()
        if self.tracking_number and self.attachment_id:
            return
        adapter = self.carrier_id._oms_adapter()
        with self.carrier_id._oms_said():
            update = adapter.details(self.carrier_ref)
        self._apply_details(update)

    def _apply_details(self, update):
        """A shipment as the carrier shows it now."""
        self.ensure_one()
        if update.result and not (self.tracking_number and self.attachment_id):
            had_number = self.tracking_number
            # sudo: labels have no writers of their own
            self.sudo().write(self._prepare_result(update.result))
            if self.tracking_number and not had_number and self.purpose == "out":
                self.picking_id._oms_add_tracking_number(self.tracking_number, self.carrier_ref)

    def _cancel(self):
        """Give a label back. Twice is as good as once: carriers that say "cancelled already" agree."""
        self.ensure_one()
        with self.carrier_id._oms_said():
            self.carrier_id._oms_adapter().cancel(self.carrier_ref)
        with self._journal() as journal:
            journal.browse(self.id)._set_state("cancelled", cancelled_at=fields.Datetime.now(), next_track_at=False)
        self.invalidate_recordset(flush=False)
