"""What customers do with their own orders: cancel, and change where and how they get the goods."""

import psycopg2.errors

from odoo import models
from odoo.exceptions import UserError

from ..const import ASKED_BY_CUSTOMER_MAX, COLLECTED_METHODS, CUSTOMER_CHANGE_METHODS, PICKUP_PLACES_MAX
from ..domain.address import PostalAddress, check
from ..domain.cancelling import stop
from ..quiet import quiet_sql
from .oms_order_change import ADDRESS_FIELDS

#: Kinds of change on the page of an order, in this order.
CUSTOMER_KINDS = ("address", "method", "pickup", "cancel")
#: An order of which everything has arrived.
ARRIVED = ("delivered", "collected", "returned_part", "returned", "done")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --------------------------------------------------------------------------------------------- WHAT IS POSSIBLE

    def _oms_get_customer_choices(self):
        """What the page of this order offers to its customer.

        :return: {kind: {"allowed", "code", "sentence", "next"}}; a kind that means nothing for the order is not there.
            A cancellation may be asked for also when it comes too late (code ``left``): the goods are then sent back.
        """
        self.ensure_one()
        order_sudo = (
            self.sudo()
        )  # sudo: the customer may know what is possible; the caller has checked whose order it is
        if not order_sudo._oms_is_customers_to_change():
            return {}
        verdicts = order_sudo._oms_get_allowed_changes(asked_by="customer")
        collected = order_sudo.oms_delivery_method in COLLECTED_METHODS
        hidden = "address" if collected else "pickup"
        choices = {}
        for kind in CUSTOMER_KINDS:
            if kind == hidden:
                continue
            allowed, code, sentence = verdicts[kind]
            if allowed or (kind == "cancel" and code == "left"):
                standing = order_sudo._oms_get_standing_request(kind)
                if standing:
                    allowed, code, sentence = False, "asked", standing
            choices[kind] = {
                "allowed": allowed,
                "code": code,
                "sentence": sentence,
                "next": "" if allowed else order_sudo._oms_get_next_step(code),
            }
        return choices

    def _oms_is_customers_to_change(self):
        """Whether there is still anything to change about this order."""
        self.ensure_one()
        placed = self.state == "sale" or (self.oms_channel_id and self.state in ("draft", "sent"))
        return bool(placed and self.oms_status not in ARRIVED)

    def _oms_get_standing_request(self, kind):
        """Why nothing more can be asked for at present; empty when it can."""
        if any(change.state == "proposed" for change in self.oms_change_ids):
            return self.env._("Our customer service is looking at a change of this order right now.")
        cancellations = self.oms_cancellation_ids.filtered(lambda record: record.asked_by == "customer")
        asked = cancellations.filtered(lambda record: record.state == "requested")
        if asked:
            return self.env._("You asked to cancel it. %s", asked[:1].outcome or "")
        late = cancellations.filtered(lambda record: record.state in ("partly", "too_late") and record.whole)
        if kind == "cancel" and late:
            return self.env._("You asked to cancel it. %s", late[:1].outcome or "")
        changes = self.oms_change_ids.filtered(lambda change: change.asked_by == "customer")
        if len(changes) + len(cancellations) >= ASKED_BY_CUSTOMER_MAX:
            return self.env._("This order was changed many times already.")
        return ""

    def _oms_get_next_step(self, code):
        """What the customer can do where a change is refused."""
        match code:
            case "left":
                return self._oms_get_return_words()
            case "picking" | "window_over":
                return self.env._(
                    "Write to us below, perhaps we can still help; otherwise %s", self._oms_get_return_tail()
                )
            case "asked":
                return self.env._("Write to us below if something is not right.")
        return ""

    def _oms_get_return_words(self):
        """The way to a return."""
        return self.env._("When it has come, you can send it back: write to us below, and we tell you how.")

    def _oms_get_return_tail(self):
        return self.env._("you can send it back when it has come.")

    def _oms_get_customer_methods(self):
        """[(method, label)] among which the customer may choose; what costs more is not one of them."""
        self.ensure_one()
        labels = dict(self._fields["oms_delivery_method"]._description_selection(self.env))
        places = self._oms_get_pickup_places()
        offered = [
            method for method in CUSTOMER_CHANGE_METHODS if places or method not in COLLECTED_METHODS
        ]  # fmt: skip
        return [(method, labels[method]) for method in offered]

    def _oms_get_pickup_places(self):
        """The stores at which customers of this order may come."""
        self.ensure_one()
        # sudo: names and addresses of stores are no secret
        return (
            self.env["stock.warehouse"]
            .sudo()
            .search(
                [("company_id", "=", self.company_id.id), ("oms_node_type", "=", "store")],
                limit=PICKUP_PLACES_MAX,
                order="name, id",
            )
        )

    # ------------------------------------------------------------------------------------------------------ PREVIEW

    def _oms_check_customer_change(self, kind, values):
        """Why what a customer wants cannot be done; empty when it can.

        :param values: of ``oms.order.change``, as the page sent them.
        """
        self.ensure_one()
        values = self._oms_get_wanted(kind, values)
        choice = self._oms_get_customer_choices().get(kind)
        if not choice:
            return self.env._("There is nothing of this kind to change about this order.")
        if not choice["allowed"]:
            return " ".join(filter(None, (choice["sentence"], choice["next"])))
        if kind == "address":
            if refusal := self._oms_check_customer_address(values):
                return refusal
        else:
            method = values["delivery_method"]
            if kind == "method" and method not in dict(self._oms_get_customer_methods()):
                return self.env._(
                    "Choose how you want the goods. What is not in the list we can do for you: write to us."
                )
            if method in COLLECTED_METHODS and values["pickup_warehouse_id"] not in self._oms_get_pickup_places().ids:
                return self.env._("Choose one of our stores.")
        if self._oms_is_as_wanted(kind, values):
            return self.env._("That is how it is already.")
        return self._oms_make_change(kind, values, new=True)._get_refusal()

    def _oms_get_wanted(self, kind, values):
        """Of what a page sent that which means something for this kind of change."""
        if kind == "address":
            return {name: values.get(name) or False for name in ADDRESS_FIELDS}
        method = values.get("delivery_method") if kind == "method" else self.oms_delivery_method
        place = values.get("pickup_warehouse_id") if method in COLLECTED_METHODS else False
        return {"delivery_method": method or False, "pickup_warehouse_id": place or False}

    def _oms_check_customer_address(self, values):
        if not (values["name"] and values["street"] and values["city"]):
            return self.env._("Fill in name, street and town.")
        country = self._oms_get_delivery_country()
        if values["country_id"] != country.id:
            return self.env._(
                "Another country changes taxes and delivery. Cancel the order and place a new one, or write to us."
            )
        state = self.env["res.country.state"].browse(values["state_id"] or [])
        if state and state not in country.state_ids:
            return self.env._("Choose a state of %s.", country.name)
        if country.state_required and not state:
            return self.env._("Choose a state.")
        if country.zip_required and not values["zip"]:
            return self.env._("Fill in the post code.")
        address = PostalAddress(
            values["street"], values["street2"] or "", values["zip"] or "", values["city"], state.code or "",
            country.code or "",
        )  # fmt: skip
        # A house without a number exists; the other two are certain.
        problems = [problem for problem in check(address) if problem.code in ("bad_zip", "state_mismatch")]
        return problems[0].sentence if problems else ""

    def _oms_get_delivery_country(self):
        return self.partner_shipping_id.country_id or self.company_id.country_id

    def _oms_make_change(self, kind, values, new=False):
        changes = self.env["oms.order.change"]
        values = {"order_id": self.id, "kind": kind, "asked_by": "customer", **values}
        return changes.new(values) if new else changes.create(values)

    def _oms_is_as_wanted(self, kind, values):
        """Whether the order is already as a customer wants it; so a form that is sent twice does it once."""
        if kind == "address":
            address = self.partner_shipping_id
            old = {name: address[name].id if name.endswith("_id") else address[name] for name in ADDRESS_FIELDS}
            return all((old[name] or False) == values[name] for name in ADDRESS_FIELDS)
        now = (self.oms_delivery_method, self.oms_pickup_warehouse_id.id)
        return (values["delivery_method"], values["pickup_warehouse_id"]) == now

    def _oms_preview_customer_change(self, kind):
        """What a change of this kind does to the deliveries and to the total, in sentences."""
        waiting = self.sudo()._oms_get_open_deliveries()  # sudo: the customer may know that a parcel is being prepared
        if not waiting:
            fate = self.env._("Nothing of it is being packed yet.")
        elif kind == "address":
            fate = self.env._("What we are preparing goes to the new address.")
        else:
            fate = self.env._("What we are preparing is put back and prepared anew, so it may take longer.")
        return [fate, self.env._("The total stays %s.", self.currency_id.format(self.amount_total))]

    # ----------------------------------------------------------------------------------------------------- APPLYING

    def _oms_apply_customer_change(self, kind, values, basis):
        """Make what a customer wants of the own order.

        :param basis: the order in short, as it was when the customer looked at it.
        :return: why not, in a sentence; empty when it is done, also when it had been done before.
        """
        self.ensure_one()
        values = self._oms_get_wanted(kind, values)
        if self._oms_is_as_wanted(kind, values):
            return ""
        if refusal := self._oms_check_customer_change(kind, values):
            return refusal
        if basis != self._oms_get_basis():
            return self.env._("The order has changed since you looked at it. Please look again.")
        try:
            with quiet_sql(), self.env.cr.savepoint():
                self._oms_make_change(kind, values).action_apply()
        except UserError as error:
            return str(error)
        except psycopg2.errors.UniqueViolation:
            return self.env._("Somebody else is changing this order right now. Try again in a moment.")
        return ""

    # --------------------------------------------------------------------------------------------------- CANCELLING

    def _oms_preview_cancellation(self, quantities):
        """What cancelling comes to.

        :param quantities: {order line: how much of it}; ``None`` for the whole order.
        :return: ([sentence], total after it)
        """
        self.ensure_one()
        standing = {line.line_id: line for line in self._oms_get_standing()}
        asked = None if quantities is None else {line.id: quantity for line, quantity in quantities.items()}
        outcome = stop(standing.values(), asked)
        if quantities is None and not outcome.late:
            total = 0.0
        else:
            rows = [
                (0, 0, {"sale_line_id": line_id, "quantity": float(standing[line_id].ordered - quantity)})
                for line_id, quantity in outcome.stopped.items()
            ]
            change = self._oms_make_change("items", {"line_ids": rows}, new=True)
            total = change._get_total_after() if rows else self.amount_total
        names = {line.id: line.product_id.name for line in self.order_line}
        sentences = []
        if outcome.stopped:
            goods = ", ".join(f"{float(quantity):g} × {names[id_]}" for id_, quantity in outcome.stopped.items())
            sentences.append(self.env._("Will not be sent: %s.", goods))
        if outcome.late:
            goods = ", ".join(f"{float(quantity):g} × {names[id_]}" for id_, quantity in outcome.late.items())
            sentences.append(self.env._("Too late, has left already: %s.", goods))
            sentences.append(self._oms_get_return_words())
        formatted = self.currency_id.format
        sentences.append(
            self.env._(
                "The total is %(after)s instead of %(before)s. What you have paid beyond that is paid back.",
                after=formatted(total),
                before=formatted(self.amount_total),
            )
        )
        return sentences, total

    def _oms_cancel_for_customer(self, quantities, note, basis, knows_late=False):
        """Cancel what a customer does not want any more.

        :param knows_late: the customer was told that goods have left and have to come back.
        :return: (whether it was asked for, a sentence)
        """
        self.ensure_one()
        if self.state == "cancel":
            return True, self.env._("The order is cancelled.")
        choice = self._oms_get_customer_choices().get("cancel")
        if not choice:
            return False, self.env._("It has arrived already. %s", self._oms_get_return_words())
        if not choice["allowed"] and not (choice["code"] == "left" and knows_late):
            return False, " ".join(filter(None, (choice["sentence"], choice["next"])))
        if quantities is not None and basis != self._oms_get_basis():
            return False, self.env._("The order has changed since you looked at it. Please look again.")
        try:
            with self.env.cr.savepoint():
                cancellation = self._oms_request_cancellation("customer", "customer", note, quantities)
        except UserError as error:
            return False, str(error)
        match cancellation.state:
            case "requested":
                return True, self.env._(
                    "Somebody is packing it right now. We stop it if it has not left, and tell you what came of it."
                )
            case "stopped" if cancellation.whole:
                return True, self.env._("Your order is cancelled. Nothing of it will be sent.")
            case "stopped":
                return True, self.env._("Done. %s", cancellation.outcome)
        return True, " ".join((cancellation.outcome, self._oms_get_return_words()))
