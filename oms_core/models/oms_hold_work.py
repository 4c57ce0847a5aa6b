"""Working holds: who looks at one, until when, what was found; address and fraud holds have a decision of their own."""

import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import ERROR_MAX_CHARS, HOLD_PRIORITIES, HOLDS_FOR_PEOPLE, INSIDE, LIFE_BATCH_MAX, STATUS_HOLD_KINDS
from ..text import as_html

_logger = logging.getLogger(__name__)

#: Fields whose changes are kept in the history of a hold.
TOLD_FIELDS = ("assignee_id", "expires_at", "on_expiry", "parked", "reason")

ADDRESS_FIELDS = ("street", "street2", "zip", "city", "state_id", "country_id")


class OmsHold(models.Model):
    _inherit = "oms.hold"
    _order = "released_at desc nulls first, priority, id desc"

    priority = fields.Integer(
        compute="_compute_priority", store=True, help="What is worked first: money at risk before paper at risk."
    )
    assignee_id = fields.Many2one("res.users", string="Assigned To", index="btree_not_null")
    expires_at = fields.Datetime(string="Until", index="btree_not_null", help="Empty: until somebody releases it.")
    on_expiry = fields.Selection(
        [("escalate", "Tell somebody"), ("release", "Release it"), ("cancel", "Cancel the order")],
        string="Then",
        default="escalate",
        help="What happens when nobody has released it until then.",
    )
    escalated_at = fields.Datetime(readonly=True)
    activity_id = fields.Many2one(
        "mail.activity", string="Overdue Task", readonly=True, copy=False, ondelete="set null"
    )
    parked = fields.Boolean(help="Put aside: waits for somebody else, and is not in the list of what is to be done.")
    resolution = fields.Text(readonly=True, help="What was found, in the words of who released it.")
    decision = fields.Selection(
        [("approved", "Approved"), ("cancelled", "Order cancelled"), ("kept", "Kept as it was"), ("used", "Corrected")],
        readonly=True,
    )
    accepted_content = fields.Char(
        readonly=True,
        help="What the channel's document said when somebody released this hold by name, in short. While it says the same, "
        "the same reason does not hold the order again.",
    )
    event_ids = fields.One2many("oms.hold.event", "hold_id", string="History", readonly=True)
    # Address holds: what came, and what it could be
    address_original = fields.Text(readonly=True)
    street = fields.Char()
    street2 = fields.Char()
    zip = fields.Char()
    city = fields.Char()
    state_id = fields.Many2one("res.country.state", domain="[('country_id', '=', country_id)]")
    country_id = fields.Many2one("res.country")
    # Fraud holds: what the channel says about the risk
    risk_level = fields.Selection(related="order_id.oms_risk_level")
    risk_score = fields.Float(related="order_id.oms_risk_score")
    risk_facts = fields.Text(related="order_id.oms_risk_facts")

    _expiry_idx = models.Index("(expires_at) WHERE released_at IS NULL AND expires_at IS NOT NULL")

    @api.depends("kind")
    def _compute_priority(self):
        for hold in self:
            hold.priority = HOLD_PRIORITIES.get(hold.kind, 50)

    # ------------------------------------------------------------------------------------------------------ HISTORY

    @api.model_create_multi
    def create(self, vals_list):
        holds = super().create(vals_list)
        for hold in holds.filtered(lambda hold: hold.kind == "address" and not hold.address_original):
            hold._propose_address()
        holds._tell("opened")
        return holds

    def write(self, vals):
        # A job that only tells the numbers of now is no work on a hold.
        is_retold = self.env.context.get("oms_hold_retold") is INSIDE
        told = [] if is_retold else [name for name in TOLD_FIELDS if name in vals]
        before = {(hold, name): hold._as_text(name) for hold in self for name in told}
        result = super().write(vals)
        for name in told:
            label = self._fields[name].get_description(self.env, ["string"])["string"]
            for hold in self:
                if (after := hold._as_text(name)) != before[hold, name]:
                    hold._tell("changed", f"{label}: {before[hold, name] or '–'} → {after or '–'}")
        return result

    def _as_text(self, name):
        value = self[name]
        if value is True:
            return self.env._("yes")
        if isinstance(value, models.BaseModel):
            return value.display_name
        return str(value) if value else ""

    def _tell(self, kind, text=""):
        """Write one row of history for each of these holds."""
        # sudo: the history is written by the system alone
        self.env["oms.hold.event"].sudo().create(
            [{"hold_id": hold.id, "kind": kind, "text": text or hold.reason, "user_id": self.env.uid} for hold in self]
        )

    # -------------------------------------------------------------------------------------------------------- WORK

    def action_release(self):
        """Override: what was found is kept, and the same document does not bring the same hold back."""
        self.check_access("write")
        standing = self.filtered("is_open")
        note = self.env.context.get("oms_hold_note") or False
        for hold in standing:
            hold.write({"resolution": note, "accepted_content": hold.order_id.oms_content_hash})
        return super(OmsHold, self.with_context(oms_hold_note=note)).action_release()

    def _release(self):
        standing = self.filtered("is_open")
        result = super()._release()
        if standing:
            standing._tell("released", self.env.context.get("oms_hold_note") or "")
            standing._close_activities()
        return result

    def action_ask_release(self):
        """Release with a word about why."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Release"),
            "res_model": "oms.hold.release",
            "view_mode": "form",
            "target": "new",
            "context": {"default_hold_ids": self.filtered("is_open").ids},
        }

    def action_assign_me(self):
        self.check_access("write")
        self.filtered("is_open").assignee_id = self.env.user

    def action_park(self):
        """Put aside, or take up again."""
        self.check_access("write")
        for hold in self.filtered("is_open"):
            hold.parked = not hold.parked

    def action_approve(self):
        """The risk is taken: release, and keep who decided it."""
        self.check_access("write")
        self.filtered("is_open")._decide("approved")
        return self.action_release()

    def action_cancel_order(self):
        """The risk is not taken: the order is cancelled here and now, not only marked."""
        self.check_access("write")
        for hold in self.filtered("is_open"):
            hold._decide("cancelled")
            reason = {"fraud": "fraud", "payment": "declined", "stock": "inventory"}.get(hold.kind, "other")
            hold.order_id._oms_request_cancellation(reason, "clerk", hold.reason)

    def _decide(self, decision):
        self.write({"decision": decision})
        self._tell("decided", dict(self._fields["decision"]._description_selection(self.env))[decision])

    # ------------------------------------------------------------------------------------------------------ ADDRESS

    def _propose_address(self):
        """Keep the address as it came, and start the suggestion from it, mended where a slip explains it."""
        self.ensure_one()
        address = self.order_id.partner_shipping_id
        proposed = {name: self.env["oms.hold"]._value(address[name]) for name in ADDRESS_FIELDS}
        mended = self.order_id._oms_get_address_suggestion()
        self.write({"address_original": address._display_address(without_company=True).strip(), **proposed, **mended})

    @api.model
    def _value(self, value):
        return value.id if isinstance(value, models.BaseModel) else value

    def action_keep_address(self):
        """The address is right as it is: release."""
        self.check_access("write")
        self.filtered("is_open")._decide("kept")
        return self.action_release()

    def action_use_address(self):
        """Send the order to the suggested address, and release."""
        self.check_access("write")
        for hold in self.filtered("is_open"):
            address = hold.order_id.partner_shipping_id
            if not (hold.street and hold.city and hold.country_id):
                raise UserError(self.env._("The suggested address needs a street, a town and a country."))
            if hold.order_id.oms_external_id and address.country_id and hold.country_id != address.country_id:
                raise UserError(
                    self.env._(
                        "Another country would change the taxes that the channel charged. Cancel the order and take a new one."
                    )
                )
            allowed, _code, sentence = hold.order_id._oms_get_allowed_changes("clerk")["address"]
            if not allowed:
                raise UserError(sentence)
            values = {name: self._value(hold[name]) for name in ADDRESS_FIELDS}
            hold.order_id._oms_set_delivery_address({**values, "name": address.name, "phone": address.phone})
        self.filtered("is_open")._decide("used")
        return self.action_release()

    # ------------------------------------------------------------------------------------------------------- EXPIRY

    @api.model
    def _cron_expire(self):
        """Do with the holds whose time is over what they say."""
        cron = self.env["ir.cron"]
        due = self.search(
            [("released_at", "=", False), ("expires_at", "<=", fields.Datetime.now()), ("escalated_at", "=", False)],
            order="expires_at",
            limit=LIFE_BATCH_MAX,
        )
        cron._commit_progress(remaining=len(due))
        for hold in due:
            try:
                with self.env.cr.savepoint():
                    if hold.try_lock_for_update(allow_referencing=True) and hold.is_open:
                        hold._expire()
            except Exception as error:  # one that fails must not keep the others waiting
                _logger.warning("Hold %s could not expire", hold.id, exc_info=True)
                hold.invalidate_recordset()
                hold._put_off(error)
            if not cron._commit_progress(1):
                break

    def _expire(self):
        self.ensure_one()
        match self.on_expiry:
            case "release" if self.kind not in HOLDS_FOR_PEOPLE:
                self.with_context(oms_hold_note=self.env._("Its time was over.")).action_release()
            case "cancel":
                standing = self.order_id._oms_get_standing()
                # Only what is still here: nobody wanted back what the customer has, and rightly so.
                rest = None
                if any(line.left > 0 for line in standing):
                    lines = self.env["sale.order.line"]
                    rest = {lines.browse(line.line_id): line.open for line in standing if line.open > 0}
                cancellation = rest != {} and self.order_id._oms_request_cancellation(
                    "expired", "system", self.env._("On hold until its time was over: %s", self.reason), rest
                )
                # An order of which too much has happened to be cancelled needs a person, and so does what waits.
                if not cancellation or cancellation.state != "stopped" or self.is_open:
                    self._escalate()
            case _:
                self._escalate()

    def _escalate(self):
        self.escalated_at = fields.Datetime.now()
        self._tell("expired")
        order = self.order_id
        user = self.assignee_id or order.user_id or order.oms_channel_id.user_id or self.env.user
        self.activity_id = order.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=user.id,
            summary=self.env._("Hold is overdue"),
            note=as_html(self.reason),
        )

    def _put_off(self, error):
        """What could not expire is tried again in an hour, and says why."""
        text = self.env._("Somebody worked on the order.") if isinstance(error, psycopg2.Error) else str(error)
        self.expires_at = fields.Datetime.now() + timedelta(hours=1)
        self._tell("failed", text[:ERROR_MAX_CHARS])

    def _close_activities(self):
        """What was to be done about an overdue hold is done when nothing holds the order any more."""
        orders = self.filtered("escalated_at").order_id.filtered(lambda order: not order.oms_on_hold)
        # sudo: a task may be somebody else's; what a person has done stays as it was done
        orders.sudo().oms_hold_ids.activity_id.filtered("active").unlink()


class OmsHoldEvent(models.Model):
    """One line in the history of a hold. Rows are added, never changed."""

    _name = "oms.hold.event"
    _description = "Hold History"
    _order = "id desc"

    hold_id = fields.Many2one("oms.hold", required=True, index=True, ondelete="cascade", readonly=True)
    order_id = fields.Many2one(related="hold_id.order_id", store=True, index=True)
    company_id = fields.Many2one(related="hold_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [
            ("opened", "Opened"),
            ("changed", "Changed"),
            ("decided", "Decided"),
            ("expired", "Overdue"),
            ("failed", "Could not expire"),
            ("released", "Released"),
        ],
        required=True,
        readonly=True,
    )
    text = fields.Text(readonly=True)
    user_id = fields.Many2one("res.users", string="Who", readonly=True)

    def write(self, vals):
        if self and vals:
            raise UserError(self.env._("The history of a hold cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        raise UserError(self.env._("The history of a hold cannot be deleted."))


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_risk_level = fields.Selection(
        [("low", "Low"), ("medium", "Medium"), ("high", "High")], string="Risk", readonly=True, copy=False
    )
    oms_risk_score = fields.Float(string="Risk Score", readonly=True, copy=False, help="As the channel counts it.")
    oms_risk_facts = fields.Text(string="Risk Facts", readonly=True, copy=False)

    def _oms_accepted_reasons(self, content):
        """The reasons {(kind, sentence)} that somebody released by name while the channel said what it says now.

        What a document says about money and status is compared as a whole; for the rest, what was ordered and where it
        goes is what counts.
        """
        self.ensure_one()

        def ordered(text):
            return (text or "").split(":")[:2]

        return {
            (hold.kind, hold.reason)
            for hold in self.oms_hold_ids
            if not hold.is_open
            and hold.accepted_content
            and (
                hold.accepted_content == content
                or (hold.kind not in STATUS_HOLD_KINDS and ordered(hold.accepted_content) == ordered(content))
            )
        }
