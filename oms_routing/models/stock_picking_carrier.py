"""Which carrier brings a delivery: chosen by itself where the channel says so, with the reason on the delivery."""

from collections import Counter
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.oms_core.alone import leave_task, on_its_own
from odoo.addons.oms_core.const import COLLECTED_METHODS, INSIDE, LABEL_MAY_EXIST

from ..const import CHOOSE_BATCH, CHOOSE_MAX
from ..domain.transit import find

CHOICES = [
    ("keep", "By hand"),
    ("empty", "By itself, where the order names no carrier"),
    ("always", "By itself, also instead of the carrier on the order"),
]
#: Verdicts of options that could carry it, only not in time: one of them is better than none.
TOO_LATE = ("late", "unsure", "no_date")


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    carrier_choice = fields.Selection(
        CHOICES,
        string="Carrier Is Chosen",
        required=True,
        prefetch="confirmation",
        default="keep",
        tracking=True,
        help="By itself: before a delivery leaves, the cheapest carrier and service that keeps the promise; of equals the "
        "faster, then the one that emits less.",
    )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_quote_ids = fields.One2many("oms.rate.quote", "picking_id", string="Quotes")
    oms_carrier_reason = fields.Char(string="Why This Carrier", readonly=True, copy=False)
    oms_carrier_chosen_at = fields.Datetime(string="Carrier Chosen On", readonly=True, copy=False)
    oms_carriers_asked_at = fields.Datetime(
        string="Carriers Asked On", readonly=True, copy=False, help="The job asks once; whoever sends it asks again."
    )
    oms_cartons = fields.Char(
        string="Boxes",
        readonly=True,
        copy=False,
        help="The boxes for which the carriers were asked; a proposal for packing.",
    )
    oms_promised_by = fields.Datetime(
        string="Promised By",
        readonly=True,
        copy=False,
        help="By when it is there all but surely, as was reckoned when the carrier was chosen or it left.",
    )
    oms_promised_percent = fields.Float(string="Promised (%)", readonly=True, copy=False)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_choose_carrier(self):
        """Ask all carriers now and take the best."""
        self.check_access("write")
        for picking in self:
            picking._oms_choose_carrier()

    def button_validate(self):
        """Override: what leaves without a carrier, where one is to be chosen, gets it before its label."""
        self._oms_choose_where_wanted()
        return super().button_validate()

    def action_oms_get_label(self):
        """Override of ``oms_core``: as at the validation."""
        self._oms_choose_where_wanted()
        return super().action_oms_get_label()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _oms_choose_where_wanted(self):
        self.check_access("write")
        for picking in self:
            if picking._oms_wants_carrier():
                picking._oms_choose_carrier()

    def _oms_wants_carrier(self):
        """Whether the carrier of this delivery is still to be chosen by itself."""
        choice = self.sale_id.oms_channel_id.carrier_choice or "keep"
        return (
            choice != "keep"
            and not self.oms_carrier_chosen_at
            and not (choice == "empty" and self.carrier_id)
            and self.state not in ("done", "cancel")
            and self._oms_is_carried()
            and not self._oms_has_label()
        )

    def _oms_has_label(self):
        return any(label.state in LABEL_MAY_EXIST for label in self.oms_label_ids)

    def _oms_choose_carrier(self):
        """Compare all carriers and take the best; where none is in time, the one that is there first. Where none takes it at
        all, a task says so, the delivery keeps the carrier that it has, and is asked about again once it is packed and sent."""
        self.ensure_one()
        verdicts = self.env["oms.rate.shopper"].with_context(oms_own_costs=INSIDE)._shop(self)
        best, reason = self._oms_get_best(verdicts)
        carrier = self.env["delivery.carrier"].browse(best.carrier_id if best else ())
        boxes = Counter()
        for carton in self._oms_get_cartons(carrier):
            boxes[carton.box.name if carton.box else self.env._("as it is")] += carton.count
        now = fields.Datetime.now()
        values = {
            "oms_carriers_asked_at": now,
            "oms_carrier_reason": reason,
            "oms_cartons": ", ".join(f"{number} × {name}" for name, number in boxes.items()) or False,
        }
        if best:
            values |= {
                "oms_carrier_chosen_at": now,
                "carrier_id": carrier.id,
                "oms_service_code": best.service_code,
                "oms_quoted_cost": float(best.price),
                "oms_expected_at": best.expected_at,
                "oms_promised_by": best.sure_at or False,
                "oms_promised_percent": carrier.oms_promise_percent if best.sure_at else 0.0,
            }
        self.write(values)
        self.message_post(body=reason)
        if not best:
            leave_task(self, self.env._("Choose a carrier"), reason, self.user_id or self.env.user)

    def _oms_get_best(self, verdicts):
        """(the option to take or None, a sentence why)"""
        currency = self.company_id.currency_id
        if verdicts and verdicts[0].code == "chosen":
            best, why = verdicts[0].option, verdicts[0].reason
        else:
            late = [verdict for verdict in verdicts if verdict.code in TOO_LATE]
            if not late:
                reasons = " ".join(dict.fromkeys(f"{one.option.carrier}: {one.reason}" for one in verdicts[:3]))
                return None, self.env._("No carrier takes this. %s", reasons)
            never = fields.Datetime.to_datetime("9999-12-31")
            first = min(late, key=lambda one: (one.option.expected_at or never, one.option.price, one.option.sequence))
            best, why = first.option, self.env._("None is surely in time; this one is there first.")
        return best, self.env._(
            "%(carrier)s, %(service)s for %(price)s. %(why)s",
            carrier=best.carrier,
            service=best.service,
            price=currency.format(float(best.price)),
            why=why,
        )

    def _oms_on_shipped(self):
        """Override of ``oms_core``: by when it will be there all but surely is written down, to be measured later."""
        for picking in self.sudo():  # sudo: whoever ships need not see how late carriers are
            if not picking.oms_promised_by and picking.carrier_id and picking._oms_is_carried():
                picking.write(picking._oms_get_promise())
        return super()._oms_on_shipped()

    def _oms_get_promise(self):
        """What is promised for a delivery that leaves now; nothing where nothing was learned."""
        carrier, there = self.carrier_id, self.partner_id
        lanes = self.env["oms.transit.lane"]
        service = carrier._oms_to_service(fields.Date.context_today(self))
        address = there.country_id.code or "", there.zip or ""
        zone, days = lanes._get_days(service, {address})[address]
        place = self._oms_sent_from()
        known = find(lanes._get_learned(), (carrier.id, place.id, zone))
        if known is None or days is None:
            return {}
        day = lanes._get_own_day(service, fields.Datetime.now(), days, place._oms_get_clock())
        by = (day + timedelta(hours=known.late)).replace(microsecond=0)
        return {"oms_promised_by": by, "oms_promised_percent": carrier.oms_promise_percent}

    # ---------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_oms_choose_carriers(self):
        """Choose the carriers of deliveries that are ready, so that packers see them; some and a commit at a time."""
        cron = self.env["ir.cron"]
        pickings = self.search(
            [
                ("state", "=", "assigned"),
                ("picking_type_code", "=", "outgoing"),
                ("oms_carrier_chosen_at", "=", False),
                ("oms_carriers_asked_at", "=", False),
                # What needs none is left out here, all of it: else the oldest of it would take the place of what does.
                ("sale_id.oms_delivery_method", "not in", COLLECTED_METHODS),
                "!",
                ("oms_label_ids.state", "in", LABEL_MAY_EXIST),
                "|",
                ("oms_channel_id.carrier_choice", "=", "always"),
                "&",
                ("oms_channel_id.carrier_choice", "=", "empty"),
                ("carrier_id", "=", False),
            ],
            order="scheduled_date, id",
            limit=CHOOSE_MAX,
        ).filtered(lambda picking: picking._oms_wants_carrier())
        cron._commit_progress(remaining=len(pickings))
        for start in range(0, len(pickings), CHOOSE_BATCH):
            batch = pickings[start : start + CHOOSE_BATCH]
            for picking in batch:
                with on_its_own(picking, picking._oms_tell_unchosen):
                    picking._oms_choose_carrier()
            if not cron._commit_progress(len(batch)):
                break

    def _oms_tell_unchosen(self, error):
        """The choice failed for a reason nobody foresaw: a person looks, and it is not tried every few minutes."""
        self.oms_carriers_asked_at = fields.Datetime.now()
        text = self.env._("No carrier could be chosen: %s", error)
        leave_task(self, self.env._("Choose a carrier"), text, self.user_id or self.env.user)


class StockMove(models.Model):
    _inherit = "stock.move"

    def _get_new_picking_values(self):
        """Override of ``stock_delivery``: a delivery begins with the service with which its place was chosen, where carriers
        are chosen by themselves."""
        vals = super()._get_new_picking_values()
        choice = self.sale_line_id.order_id.oms_channel_id.carrier_choice or "keep"
        if choice == "keep" or (choice == "empty" and vals.get("carrier_id")):
            return vals
        if self.picking_type_id.code != "outgoing":
            return vals
        decided = self.sale_line_id.oms_decision_line_ids.filtered(
            lambda line: line.service and line._oms_get_site() == self.picking_type_id.warehouse_id
        ).sorted("id")[-1:]
        carrier, code = self.env["delivery.carrier"]._oms_split_service(decided.service)
        if carrier:
            reason = self.env._("%s was the best together with the place, when the order was sourced.", carrier.name)
            vals |= {"carrier_id": carrier.id, "oms_service_code": code or False, "oms_carrier_reason": reason}
        return vals
