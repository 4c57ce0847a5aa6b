"""What a customer sees of a return, and what the customer may do with it."""

from base64 import b64encode
from decimal import Decimal

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.domain.documents import ReturnProblem
from odoo.addons.oms_core.models.sale_order_portal import _plain_url

from ..const import PHOTOS_PER_LINE_MAX
from ..domain.return_form import exact
from ..photos import NoPhoto, clean

#: What is given for what comes back: money or credit for it, or other goods.
CREDITED = ("refund", "credit", "exchange")
INSTEAD = ("exchange", "replacement")
#: Points of a side of the code that is shown or printed.
CODE_SIDE = 220
#: How far a return has come, for whoever follows it: stage → place among the steps.
STEPS = {"draft": 0, "expected": 1, "partial": 2, "received": 2, "inspected": 3, "settled": 4, "closed": 4}


class _Undo(Exception):
    """Leave the savepoint without keeping anything."""


class OmsReturn(models.Model):
    _inherit = "oms.return"

    request_key = fields.Char(
        readonly=True, copy=False, help="What the page or the app calls this request: sent twice, it is one return."
    )
    customer_stars = fields.Selection(
        [(str(number), "★" * number) for number in range(1, 6)],
        string="Feedback on the Return",
        readonly=True,
        copy=False,
    )
    customer_words = fields.Text(string="Said About the Return", readonly=True, copy=False)

    _request_key_uniq = models.UniqueIndex(
        "(order_id, request_key) WHERE request_key IS NOT NULL", "This return was asked for already."
    )

    def action_preview(self):
        """The page of this return, as its customer sees it."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "target": "self", "url": self.get_portal_url()}

    # -------------------------------------------------------------------------------------------------------- ASKING

    def _get_refusals(self, judgement):
        """Why what is asked for is not allowed, by line; the same as whoever authorizes it is told."""
        self.ensure_one()
        lines = {line.id: line for line in self.line_ids}
        problems = []
        for judged in judgement.lines:
            line = lines[judged.key]
            key = str(line.sale_line_id.id)
            verdict = judged.outcomes.get(line.outcome)
            if judged.refusals:
                problems += [
                    ReturnProblem(one.code, line.sale_line_id._oms_say_why(one), key) for one in judged.refusals
                ]
            elif verdict is None or not verdict.ok:
                sentence = (
                    line.sale_line_id._oms_say_why(verdict)
                    if verdict
                    else self.env._("This is not offered for this product.")
                )
                problems.append(ReturnProblem(verdict.code if verdict else "not_offered", sentence, key))
            elif exact(line.quantity) > judged.max_quantity:
                problems.append(
                    ReturnProblem(
                        "too_many",
                        self.env._(
                            "Of “%(product)s” at most %(quantity)s can come back.",
                            product=line.product_id.name,
                            quantity=f"{exact(judged.max_quantity):f}",
                        ),
                        key,
                    )
                )
        return problems

    def _submit(self):
        """A customer has asked: where the policy needs nobody to look at it, it is authorized."""
        self.ensure_one()
        if not self._authorize_if_allowed():
            self._notify_customer("return_requested")

    # --------------------------------------------------------------------------------------------------- WHAT IS SHOWN

    def _get_customer_state(self):
        """How this return stands, for its customer: no name, no address, nothing that a clerk wrote.

        :return: a dict; quantities and amounts are ``Decimal``, the pages and the API show the same.
        """
        self.ensure_one()
        headline, sentence = self._get_customer_words()
        ways = dict(self._fields["way"]._description_selection(self.env))
        place = self.warehouse_id or self.picking_ids.picking_type_id.warehouse_id[:1]
        given = {row.move_id: row.outcome for row in self.settlement_ids}
        shown_place = self.state == "open" and self.way in ("mail", "store") and place
        return {
            "id": self.name,
            "request_id": self.request_key or "",
            "asked_at": self.requested_at,
            "stage": self.stage,
            "headline": headline,
            "sentence": sentence,
            "way": self.way or "",
            "way_text": ways.get(self.way, ""),
            "pickup_on": self.pickup_on or None,
            "place": place._oms_tell_return_place() if shown_place else None,
            "lines": [line._get_customer_state() for line in self.line_ids],
            "amounts": self._get_customer_amounts(),
            "paid_back": [
                {
                    "number": move.name,
                    "date": move.invoice_date,
                    "amount": self._to_amount(move.amount_total),
                    "outcome": given.get(move, "refund"),
                }
                for move in self.refund_ids.filtered(lambda move: move.state == "posted")
            ],
            "exchanges": [
                {"number": order.name, "status": order.oms_status, "text": order._oms_get_customer_words()[0]}
                for order in self.exchange_order_ids.filtered(lambda order: order.state != "cancel")
            ],
            "parcels": self._get_customer_parcels(),
            "can_cancel": self._can_customer_cancel(),
            "page": self._get_customer_url(),
        }

    def _get_customer_url(self):
        """The page of this return by a signed link; empty where it is of several orders, or of none."""
        self.ensure_one()
        return f"{self.order_ids._oms_get_tracking_url()}/returns/{self.id}" if len(self.order_ids) == 1 else ""

    def _get_customer_words(self):
        """(headline, sentence) about where this return stands."""
        if self._is_kept() and self.stage in ("expected", "inspected"):
            return self.env._("You may keep it"), self.env._("Nothing has to be sent back. It is being settled.")
        match self.stage:
            case "draft":
                return self.env._("We are looking at it"), self.env._(
                    "Please keep the goods until we answer. We write to you."
                )
            case "refused":
                return self.env._("We cannot take it back"), self.refusal or ""
            case "cancelled":
                return self.env._("Called off"), self.env._("Nothing is expected any more.")
            case "expected":
                return self.env._("We are waiting for it"), self._get_way_sentence()
            case "partial":
                return self.env._("Part of it has arrived"), self.env._("We are waiting for the rest.")
            case "received":
                return self.env._("It has arrived"), self.env._("We look at it and settle it then.")
            case "inspected":
                return self.env._("We have looked at it"), self.env._("It is being settled.")
        if any(line.outcome == "refund" for line in self.line_ids):
            return self.env._("It is settled"), self.env._("Thank you. Money may take some days to reach your account.")
        return self.env._("It is settled"), self.env._("Thank you.")

    def _is_kept(self):
        """Whether the goods stay with the customer. (Of a claim nobody says so: they may be lost.)"""
        return self.kind == "return" and not any(self.line_ids.mapped("expects_goods"))

    def _has_customer_label(self):
        """Whether the customer gets a label from us, or can ask for one."""
        is_given = self.label_paid_by != "customer" and self.way == "mail"
        return not self._is_kept() and bool(is_given or self.label_ids)

    def _get_way_sentence(self):
        match self.way:
            case "mail" if not self._has_customer_label():
                return self.env._(
                    "Pack it well, put the slip inside and send it to the address on this page. You pay for the way."
                )
            case "mail":
                return self.env._("Pack it well, put the label on it and hand it to the carrier.")
            case "store":
                return self.env._("Bring it to the store and show the code on this page.")
            case "pickup":
                return self._get_pickup_sentence()
        return self.env._("Send it to the address on this page, with the slip inside.")

    def _get_customer_steps(self):
        """[(label, ``done`` | ``now`` | ``todo``)]; empty where it goes no further."""
        labels = [
            *(self.env._("Asked for"), self.env._("Agreed"), self.env._("Arrived")),
            *(self.env._("Looked at"), self.env._("Settled")),
        ]
        if self.stage not in STEPS:
            return []
        at = STEPS[self.stage]
        last = len(labels) - 1
        shown = range(len(labels))
        if self._is_kept():  # it neither arrives nor is looked at
            shown, at = (0, 1, last), at if at in (0, last) else 1
        return [
            (label, "done" if place < at or at == last else "now" if place == at else "todo")
            for place, label in enumerate(labels)
            if place in shown
        ]

    def _get_customer_amounts(self):
        """What is still to come back in money, as it is booked when all of it has come and is accepted.

        :return: ``{"goods", "shipping", "fee", "deduction", "instead", "total", "currency"}``, tax included; fee, deduction (of
            what was inspected) and what is wanted instead are taken off, so that a total below zero is to be paid. Empty where
            nothing is to come any more.
        """
        self.ensure_one()
        if self.stage in ("settled", "closed", "refused", "cancelled"):
            return {}
        parts = {
            line: rest
            for line in self.line_ids
            if (line.outcome in CREDITED or (line.outcome == "replacement" and line.expects_goods))
            and (rest := line._get_to_come()) > 0
        }
        refund = self._preview_refund(parts)
        instead = self._get_instead()
        return {
            "goods": self._to_amount(refund.goods),
            "shipping": self._to_amount(refund.shipping),
            "fee": self._to_amount(refund.fee),
            "deduction": self._to_amount(refund.deduction),
            "instead": instead,
            "total": self._to_amount(refund.total - instead),
            "currency": self.currency_id.name,
        }

    def _get_instead(self):
        """What is wanted instead comes to, tax included: by its order, or by the one that would be made."""
        if not any(line.outcome in INSTEAD for line in self.line_ids):
            return Decimal(0)
        orders = self.exchange_order_ids.filtered(lambda order: order.state != "cancel")
        amount = sum(orders.mapped("amount_total"))
        if not orders:
            try:
                with self.env.cr.savepoint():
                    amount = sum(self._reserve_exchange().mapped("amount_total"))
                    raise _Undo
            except _Undo:
                self.env.invalidate_all()
        return self._to_amount(amount)

    def _to_amount(self, amount):
        """An amount with the digits of its currency, no more and no fewer."""
        return Decimal(str(amount)).quantize(Decimal(1).scaleb(-self.currency_id.decimal_places))

    def _get_code(self):
        """The number of this return as a picture that a telephone shows and a scanner reads: an address for ``img``."""
        self.ensure_one()
        code = QrCodeWidget(self.name, barLevel="M")
        left, bottom, right, top = code.getBounds()
        scale = CODE_SIDE / max(right - left, top - bottom)
        drawing = Drawing(CODE_SIDE, CODE_SIDE, transform=[scale, 0, 0, scale, 0, 0])
        drawing.add(code)
        return "data:image/svg+xml;base64," + b64encode(drawing.asString("svg").encode()).decode()

    def _get_customer_parcels(self):
        """[(tracking number, address of the carrier's page or ``""``)] of what is on its way to us."""
        return [
            (number.strip(), _plain_url(picking.carrier_tracking_url))
            for picking in self.picking_ids
            for number in (picking.carrier_tracking_ref or "").split(",")
            if number.strip()
        ]

    # ------------------------------------------------------------------------------------------- WHAT THE CUSTOMER DOES

    def _can_customer_cancel(self):
        """Whether nothing has happened yet that could not be undone."""
        self.ensure_one()
        return (
            self.state in ("draft", "open")
            and self.origin == "customer"
            and not any(line.quantity_received or line.quantity_settled for line in self.line_ids)
        )

    def _cancel_for_customer(self):
        """:return: why not, in a sentence; empty when it is called off, also when it had been before."""
        self.ensure_one()
        if self.state == "cancelled":
            return ""
        if not self._can_customer_cancel():
            return self.env._("It cannot be called off any more. Please write to us.")
        try:
            with self.env.cr.savepoint():
                self.action_cancel()
        except UserError as error:
            return str(error)
        self.message_post(body=self.env._("Called off by the customer."))
        return ""

    def _take_feedback(self, stars, words):
        """:return: why not, in a sentence; empty when it is kept."""
        self.ensure_one()
        if self.stage not in ("settled", "closed"):
            return self.env._("Tell us when it is settled.")
        if stars not in dict(self._fields["customer_stars"].selection):
            return self.env._("Choose one to five stars first.")
        self.write({"customer_stars": stars, "customer_words": words or False})
        return ""

    def _add_photos(self, line_id, files):
        """Keep the photos of one line, made anew.

        :param files: the bytes of each.
        :return: why one of them is not kept, in a sentence; empty when all are.
        """
        self.ensure_one()
        # One line of the order may stand on several of the return: the customer means the goods, not the row.
        line = self.line_ids.filtered(lambda line: str(line.sale_line_id.id) == line_id)[:1]
        if not line or self.state not in ("draft", "open"):
            return self.env._("No photo is needed here any more.")
        if len(line.photo_ids) + len(files) > PHOTOS_PER_LINE_MAX:
            return self.env._("At most %s photos for one product, please.", PHOTOS_PER_LINE_MAX)
        try:
            pictures = [clean(content) for content in files]
        except NoPhoto as error:
            if str(error) == "large":
                return self.env._("This photo is too large. Up to 10 MB each, please.")
            return self.env._("This file is no photo. Choose JPEG or PNG pictures.")
        start = len(line.photo_ids)
        line.photo_ids = [
            fields.Command.create(
                {
                    "name": f"{self.name.replace('/', '-')}-{line.id}-{start + number}.jpg",
                    "raw": picture,
                    "mimetype": "image/jpeg",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
            for number, picture in enumerate(pictures, start=1)
        ]
        return ""


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _get_outcome_labels(self):
        """What customers call what they get."""
        return {
            "refund": self.env._("Money back"),
            "credit": self.env._("Store credit"),
            "exchange": self.env._("Exchange"),
            "replacement": self.env._("The same again"),
            "repair": self.env._("Repair"),
            "nothing": self.env._("Nothing"),
        }

    def _get_customer_state(self):
        """How one line stands, for the customer."""
        self.ensure_one()
        return {
            "line_id": str(self.sale_line_id.id or ""),
            "product": self.product_id.name,
            "asked": exact(self.quantity_announced or self.quantity),
            "authorized": exact(self.quantity) if self.return_id.state in ("open", "closed") else Decimal(0),
            "received": exact(self.quantity_received),
            "accepted": exact(self.quantity_accepted),
            "settled": exact(self.quantity_settled),
            "expects_goods": self.expects_goods,
            "outcome": self.outcome,
            "outcome_text": self._get_outcome_labels()[self.outcome],
            "instead": self.exchange_product_id.with_context(display_default_code=False).display_name or "",
            "reason": self.reason_id.name or "",
            "found": self._get_customer_findings(),
            "photos": len(self.photo_ids),
        }

    def _get_to_come(self):
        """How much the customer still gets something for: not what is settled, nor what was sent and is not accepted."""
        self.ensure_one()
        if self.return_id.state != "open":
            return exact(self.quantity)
        return exact(self.quantity_to_settle) + exact(self.quantity_missing) + exact(self.quantity_to_inspect)

    def _get_customer_findings(self):
        """What the inspection found, a sentence each; nothing where all is well."""
        sentences = []
        for row in self.inspection_ids.filtered(lambda row: row.state == "done"):
            if not row.is_accepted:
                sentences.append(self.env._("%(quantity)g cannot be taken back.", quantity=row.quantity))
            elif row.deduction_percent or row.deduction_amount:
                amount = (
                    f"{row.deduction_percent:g} %"
                    if row.deduction_percent
                    else self.return_id.currency_id.format(row.deduction_amount)
                )
                sentences.append(
                    self.env._(
                        "%(quantity)g: %(grade)s, %(amount)s is taken off.",
                        quantity=row.quantity,
                        grade=row.grade_id.name or self.env._("used"),
                        amount=amount,
                    )
                )
        return sentences
