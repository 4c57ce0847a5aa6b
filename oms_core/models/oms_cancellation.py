import logging
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError

from ..const import (
    ASKED_BY,
    CANCEL_REASONS,
    CANCELLATION_FAILURES_MAX,
    CANCELLATION_TRANSITIONS,
    ERROR_MAX_CHARS,
    INSIDE,
    LIFE_BATCH_MAX,
    RETRY_DELAYS_S,
)
from ..domain.cancelling import stop
from ..exceptions import CONCURRENCY_ERRORS
from ..quiet import quiet_sql

_logger = logging.getLogger(__name__)


class OmsCancellation(models.Model):
    """Somebody wants an order, or a part of it, not to be delivered.

    Asked for → stopped, partly stopped, or too late. What was decided is never changed nor deleted: an order that is
    cancelled, taken up again and cancelled once more has two rows.
    """

    _name = "oms.cancellation"
    _description = "Cancellation"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.oms_channel_id", store=True)
    partner_id = fields.Many2one(related="order_id.partner_id")
    asked_by = fields.Selection(ASKED_BY, required=True, readonly=True)
    user_id = fields.Many2one("res.users", string="Entered By", readonly=True, default=lambda self: self.env.user)
    reason = fields.Selection(CANCEL_REASONS, required=True, readonly=True)
    note = fields.Text(readonly=True, help="In the words of who asked.")
    whole = fields.Boolean(readonly=True, help="The whole order, whatever its lines are.")
    line_ids = fields.One2many("oms.cancellation.line", "cancellation_id", readonly=True)
    state = fields.Selection(
        [("requested", "Requested"), ("stopped", "Stopped"), ("partly", "Partly stopped"), ("too_late", "Too late")],
        required=True,
        default="requested",
        readonly=True,
    )
    outcome = fields.Text(readonly=True, help="What came of it, and what to do next.")
    requested_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    decided_at = fields.Datetime(readonly=True)
    accepted_totals = fields.Char(
        readonly=True,
        help="The order's and the channel's total after this, where they had agreed before or been accepted.",
    )
    attempts = fields.Integer(readonly=True, help="How often somebody was working on the delivery at that moment.")

    failures = fields.Integer(readonly=True, help="How often deciding it ended with an error.")
    next_attempt_at = fields.Datetime(readonly=True, help="After an error, the next attempt.")

    _requested_idx = models.Index("(id) WHERE state = 'requested'")

    def write(self, vals):
        if any(record.state != "requested" for record in self):
            raise UserError(self.env._("A cancellation that was decided is history and cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        raise UserError(self.env._("A cancellation is history and cannot be deleted."))

    # ----------------------------------------------------------------------------------------------------- DECIDING

    def _decide(self):
        """Stop what can be stopped. One whose delivery somebody works on at this moment stays asked for; the job asks
        again when they are done."""
        for record in self.filtered(lambda record: record.state == "requested"):
            try:
                record.order_id._oms_lock_deliveries()
            except LockError:
                record.attempts += 1
                record.outcome = self.env._("Somebody is working on the delivery right now. It is tried again shortly.")
                continue
            record._settle()

    def _settle(self):
        """Decide, with the deliveries locked."""
        self.ensure_one()
        order = self.order_id.with_context(oms_cancellation=INSIDE)
        if order.state == "cancel":
            self._finish("stopped", self.env._("The order was cancelled already."))
            return
        standing = {line.line_id: line for line in order._oms_get_standing()}
        is_agreed = bool(order.oms_external_id) and not order._oms_total_differs()
        asked = None if self.whole else {line.sale_line_id.id: Decimal(repr(line.quantity)) for line in self.line_ids}
        outcome = stop(standing.values(), asked)
        self._record_lines(outcome)
        words = self.note or dict(CANCEL_REASONS)[self.reason]
        if self.whole and not outcome.late:
            self._finish("stopped", order._oms_stop_whole(self, words))
            return
        for line_id, quantity in outcome.stopped.items():
            line = self.env["sale.order.line"].browse(line_id)
            line.with_context(oms_cancellation=INSIDE)._oms_set_quantity(standing[line_id].ordered - quantity)
        if outcome.stopped and is_agreed:
            self.accepted_totals = order._oms_get_totals()
        sentence = self._tell(outcome)
        self._finish(outcome.state, sentence)
        if outcome.stopped:
            order._oms_notify("item_cancelled", key=f"cancellation:{self.id}")
        if outcome.late:
            order._oms_hold("cancel", self.env._("%s Goods have left already: expect them back as a return.", words))
            order._oms_on_cancelled_too_late(self)
        order.message_post(body=self.env._("Cancellation: %(words)s %(outcome)s", words=words, outcome=sentence))

    def _record_lines(self, outcome):
        """Keep on the lines what became of each."""
        known = {line.sale_line_id.id: line for line in self.line_ids}
        lines = self.env["oms.cancellation.line"]
        for line_id in dict.fromkeys([*outcome.stopped, *outcome.late]):
            stopped, late = outcome.stopped.get(line_id, 0), outcome.late.get(line_id, 0)
            values = {"stopped": float(stopped), "late": float(late)}
            if line_id in known:
                known[line_id].write(values)
            else:
                lines.create(
                    {
                        "cancellation_id": self.id,
                        "sale_line_id": line_id,
                        "quantity": float(stopped + late),
                        **values,
                    }
                )

    def _tell(self, outcome):
        lines = self.env["sale.order.line"]

        def words(quantities):
            return ", ".join(
                f"{quantity:f} × {lines.browse(id_).product_id.name}" for id_, quantity in quantities.items()
            )

        parts = []
        if outcome.stopped:
            parts.append(self.env._("Stopped: %s.", words(outcome.stopped)))
        if outcome.late:
            parts.append(self.env._("Too late, has left already: %s. It has to come back.", words(outcome.late)))
        return " ".join(parts) or self.env._("There was nothing left to cancel.")

    def _finish(self, state, outcome):
        self.ensure_one()
        if state not in CANCELLATION_TRANSITIONS[self.state]:
            raise UserError(self.env._("This cancellation has been decided already."))
        self.write({"state": state, "outcome": outcome, "decided_at": fields.Datetime.now()})
        subject = self._get_hold_subject()
        # sudo: what could not be decided is decided now
        self.order_id.oms_hold_ids.filtered(lambda hold: hold.is_open and hold.subject == subject).sudo()._release()

    # ---------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_decide(self):
        """Decide what could not be decided when it was asked for."""
        cron = self.env["ir.cron"]
        domain = [
            ("state", "=", "requested"),
            "|",
            ("next_attempt_at", "=", False),
            ("next_attempt_at", "<=", fields.Datetime.now()),
        ]
        last_id = 0
        while waiting := self.search([*domain, ("id", ">", last_id)], order="id", limit=LIFE_BATCH_MAX):
            last_id = waiting[-1].id
            cron._commit_progress(remaining=self.search_count([*domain, ("id", ">=", waiting[0].id)], limit=10_000))
            for record in waiting:
                if record.try_lock_for_update(allow_referencing=True):
                    record._decide_alone()
                if not cron._commit_progress(1):
                    return

    def _decide_alone(self):
        """Decide, and let an error keep no other waiting. After some the goods are kept here and a person is asked: what
        nobody wants any more must not leave because of an error."""
        self.ensure_one()
        try:
            with quiet_sql(), self.env.cr.savepoint():
                self._decide()
        except CONCURRENCY_ERRORS as error:
            _logger.info("Cancellation %s is being worked on elsewhere, the next run decides it: %s", self.id, error)
        except Exception as error:
            _logger.warning("Cancellation %s could not be decided", self.id, exc_info=True)
            self.invalidate_recordset()
            failures = self.failures + 1
            delay = RETRY_DELAYS_S[min(failures, len(RETRY_DELAYS_S)) - 1]
            self.write(
                {
                    "failures": failures,
                    "next_attempt_at": fields.Datetime.now() + timedelta(seconds=delay),
                    # The customer reads this; what went wrong is for who can do something about it.
                    "outcome": self.env._("It could not be stopped yet. It is tried again, and somebody looks at it."),
                }
            )
            if failures == CANCELLATION_FAILURES_MAX:
                self.order_id._oms_hold(
                    "cancel",
                    self.env._(
                        "The cancellation that was asked for fails: %s Cancel the order by hand, or release it to deliver "
                        "it all the same.",
                        str(error)[:ERROR_MAX_CHARS],
                    ),
                    subject=self._get_hold_subject(),
                )

    def _get_hold_subject(self):
        self.ensure_one()
        return f"cancellation:{self.id}"


class OmsCancellationLine(models.Model):
    """How much of a line is not wanted, and what became of that."""

    _name = "oms.cancellation.line"
    _description = "Cancelled Line"

    cancellation_id = fields.Many2one("oms.cancellation", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="cancellation_id.company_id", store=True, index=True)
    # A line of a quotation may be deleted; that somebody did not want it stays.
    sale_line_id = fields.Many2one("sale.order.line", index=True, ondelete="set null", readonly=True)
    product_id = fields.Many2one("product.product", compute="_compute_product_id", store=True)
    quantity = fields.Float(string="Asked", digits="Product Unit", readonly=True)
    stopped = fields.Float(digits="Product Unit", readonly=True)
    late = fields.Float(string="Too Late", digits="Product Unit", readonly=True)

    _quantity_positive = models.Constraint("CHECK(quantity > 0)", "A cancelled quantity is greater than zero.")

    @api.depends("sale_line_id")
    def _compute_product_id(self):
        """What the line was for when it was cancelled."""
        for line in self:
            line.product_id = line.sale_line_id.product_id or line.product_id

    def write(self, vals):
        if any(line.cancellation_id.state != "requested" for line in self):
            raise UserError(self.env._("A cancellation that was decided is history and cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        raise UserError(self.env._("A cancellation is history and cannot be deleted."))
