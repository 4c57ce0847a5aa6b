"""Money that a customer has authorised: taken when goods leave, given free when nothing more will, watched until it ends.

What to do is told by ``domain/capturing.py``. An order is looked at when something happened to it (``oms_money_due_at``), by a
job: it writes down what it is going to ask for, commits, and asks; so nothing is asked for twice.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command, Domain

from ..alone import leave_task, on_its_own
from ..const import AUTHORIZATION_ANSWER_H, AUTHORIZATION_WARN_DAYS, COLLECT_BATCH_MAX
from ..domain.capturing import ZERO, Authorization, Goods, Situation, next_look, plan, worth
from ..domain.order_to_cash import Document, Step
from .sale_order_money import exact


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_money_due_at = fields.Datetime(string="Look at the Money On", readonly=True, copy=False, index="btree_not_null")
    oms_authorized_note = fields.Char(string="Authorized", compute="_compute_oms_authorized_note", compute_sudo=True)
    oms_capture_waits = fields.Boolean(compute="_compute_oms_authorized_note", compute_sudo=True)

    @api.depends("transaction_ids.state", "transaction_ids.amount", "transaction_ids.child_transaction_ids.state")
    def _compute_oms_authorized_note(self):
        for order in self:
            money = order.currency_id.format
            notes = []
            for tx, one in order._oms_get_authorizations():
                words = {
                    "amount": money(tx.amount),
                    "taken": money(float(one.captured)),
                    "left": money(float(one.left)),
                    "end": fields.Date.to_string(tx.oms_expires_at) if tx.oms_expires_at else "",
                }
                if tx.oms_expires_at:
                    note = self.env._(
                        "%(amount)s authorised until %(end)s, %(taken)s of it taken, %(left)s left.", **words
                    )
                else:
                    note = self.env._("%(amount)s authorised, %(taken)s of it taken, %(left)s left.", **words)
                notes.append(note)
            order.oms_authorized_note = " ".join(notes) or False
            order.oms_capture_waits = bool(order._oms_get_waiting_captures())

    @api.depends("transaction_ids.state", "transaction_ids.amount")
    def _compute_amount_paid(self):
        """Override of ``sale``: what was captured of an authorisation is not paid a second time."""
        result = super()._compute_amount_paid()
        for order in self.filtered("oms_channel_id"):
            authorized = order.transaction_ids.filtered(lambda tx: tx.state == "authorized")
            order.amount_paid -= sum(
                tx.amount
                for tx in order.transaction_ids
                if tx.state == "done" and tx.operation != "refund" and tx.source_transaction_id in authorized
            )
        return result

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def payment_action_capture(self):
        """Override of ``sale``: only what is authorised can be captured; the captures of it are no sources of their own."""
        if not self.oms_channel_id:
            return super().payment_action_capture()
        self.ensure_one()
        self.check_access("write")
        return self.sudo().authorized_transaction_ids.action_capture()  # sudo: as in sale

    def action_oms_taken(self):
        """Record that a person has taken, in the channel itself, what it was to take."""
        self.check_access("write")
        for order in self:
            order._oms_get_waiting_captures()._set_done(
                state_message=self.env._("Taken in the channel, as %s says.", self.env.user.name)
            )
            order._oms_wake_booking()

    def _oms_get_waiting_captures(self):
        """What the channel is to take and has not said that it has."""
        self.ensure_one()
        return self.sudo().transaction_ids.filtered(  # sudo: payments are closed to clerks
            lambda tx: tx.state == "pending" and tx.oms_asks == "capture" and tx._oms_is_of_channel()
        )

    def action_oms_look_at_money(self):
        """Look at the money of these orders again: what was in the way is out of it."""
        self.check_access("write")
        self._oms_look_at_money()

    # ------------------------------------------------------------------------------------------------------- EVENTS

    def _oms_look_at_money(self):
        """Have the money of these orders looked at as soon as this transaction is committed: something happened to them."""
        # sudo: whoever ships, changes or cancels causes it, and need not read payments
        due = self.sudo().filtered(lambda order: order.oms_channel_id and order._oms_has_money_to_watch())
        if not due:
            return
        due.oms_money_due_at = fields.Datetime.now()
        if cron := self.env.ref("oms_core.cron_collect", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: as above

    def _oms_has_money_to_watch(self):
        """Whether something may follow for the money of this order when goods move or it changes."""
        self.ensure_one()
        return any(tx.state == "authorized" for tx in self.transaction_ids)

    def _action_confirm(self):
        result = super()._action_confirm()
        self._oms_look_at_money()
        return result

    def _oms_on_cancelled(self):
        result = super()._oms_on_cancelled()
        self._oms_look_at_money()
        return result

    def write(self, vals):
        """Override: lines that are changed with the order change what it comes to."""
        result = super().write(vals)
        if "order_line" in vals:
            self.filtered(lambda order: order.state == "sale")._oms_look_at_money()
        return result

    # ---------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_oms_collect(self):
        """Look at the money of the orders that are due, one after the other."""
        cron = self.env["ir.cron"]
        domain = Domain("oms_channel_id", "!=", False) & Domain("oms_money_due_at", "<=", fields.Datetime.now())
        last_id = 0
        while orders := self.search(domain & Domain("id", ">", last_id), order="id", limit=COLLECT_BATCH_MAX):
            last_id = orders[-1].id
            for order in orders.try_lock_for_update():
                asked = order._oms_collect()
                goes_on = cron._commit_progress(1)  # what is going to be asked for is known before it is asked for
                for transaction in asked:
                    transaction._oms_ask()
                    cron._commit_progress()
                if not goes_on:
                    return

    def _oms_collect(self):
        """Plan what to ask for, and say what is missing.

        :return: the transactions (``payment.transaction``) to ask for, not yet asked.
        """
        self.ensure_one()
        # sudo: the job's task, whoever the integration user is; payments are closed to users by design
        order_sudo = self.sudo().with_company(self.company_id)
        asked = []
        with on_its_own(self, order_sudo._oms_tell_not_collected):
            asked = order_sudo._oms_follow_authorizations()
        with on_its_own(self, order_sudo._oms_tell_not_collected):
            order_sudo._oms_defer()
        return self.env["payment.transaction"].sudo().browse(asked)  # sudo: as above

    def _oms_tell_not_collected(self, error):
        self.oms_money_due_at = fields.Datetime.add(fields.Datetime.now(), hours=AUTHORIZATION_ANSWER_H)
        leave_task(
            self,
            self.env._("The money of this order could not be looked at"),
            str(error) or type(error).__name__,
            self.oms_channel_id.user_id,
        )

    def _oms_follow_authorizations(self):
        """Create what is to be asked for; hold and warn. :return: ids of transactions to ask for."""
        now = fields.Datetime.now()
        found = self._oms_get_authorizations()
        authorizations = tuple(one for _tx, one in found)
        warn = timedelta(days=AUTHORIZATION_WARN_DAYS)
        self.oms_money_due_at = next_look(authorizations, now, warn)
        if not found:
            return []
        case = self._oms_get_situation(authorizations)
        policy = self.oms_channel_id.capture_policy if self.state in ("sale", "cancel") else "hand"
        todo = plan(case, policy, now)
        by_id = {tx.id: tx for tx, _one in found}
        asked = []
        for kind, parts in (("capture", todo.captures), ("void", todo.voids)):
            for name, amount in parts:
                if kind == "void" and by_id[name]._oms_waits_for_void():
                    continue
                asked += by_id[name]._create_child_transaction(float(amount), oms_asks=kind).ids
        self._oms_say_what_lacks(todo, case, found, now)
        for tx, one in found:
            if one.left and one.expires_at and now < one.expires_at <= now + warn and not case.is_cancelled:
                self._oms_warn_of_end(tx, one)
        for name in todo.at_once:
            tx = by_id[name]
            self.message_post(
                body=self.env._(
                    "%s can be taken once only: all that is ordered was taken with the first parcel.", tx.reference
                )
            )
        return asked

    def _oms_get_authorizations(self):
        """(transaction, ``domain.capturing.Authorization``) of what the customer has authorised and is not used up."""
        self.ensure_one()
        found = []
        for tx in (
            self.sudo().transaction_ids.filtered(lambda tx: tx.state == "authorized").sorted("id")
        ):  # sudo: as above
            captured = voided = ZERO
            for child in tx.child_transaction_ids.filtered(lambda child: child.operation != "refund"):
                if child.state == "cancel" or (child.oms_asks == "void" and child.state in ("draft", "pending")):
                    voided += exact(child.amount)
                elif child.state in ("draft", "pending", "authorized", "done"):
                    captured += exact(child.amount)
            found.append(
                (
                    tx,
                    Authorization(
                        tx.id, exact(tx.amount), captured, voided, tx._oms_get_times(), tx.oms_expires_at or None
                    ),
                )
            )
        return found

    def _oms_authorization_steps(self):
        """What was authorised for this order, what of it is asked for, and what was given free; what was taken are payments."""
        left = {tx: one.left for tx, one in self._oms_get_authorizations()}
        children = self.transaction_ids.filtered(lambda tx: tx.source_transaction_id and tx.operation != "refund")
        for tx in children.source_transaction_id.union(*left):
            own = Document("payment.transaction", tx.id, tx.reference)
            moment = tx.create_date if tx.child_transaction_ids else tx.last_state_change or tx.create_date
            yield Step(moment, "authorized", exact(tx.amount), own, open=left.get(tx, ZERO), counts=False)
        for tx in children:
            own = Document("payment.transaction", tx.id, tx.reference)
            moment = tx.last_state_change or tx.create_date
            if tx.state == "cancel":
                yield Step(moment, "released", -exact(tx.amount), own, counts=False)
            elif tx.state in ("draft", "pending") and tx.oms_asks != "void":
                yield Step(moment, "asked", exact(tx.amount), own, open=exact(tx.amount), counts=False)

    def _oms_get_situation(self, authorizations):
        """The money of this order as ``domain.capturing.Situation``."""
        goods = [
            Goods(exact(line.price_total), exact(line.product_uom_qty), exact(line._oms_get_shipped()))
            for line in self.order_line
            if line._is_oms_goods() and line.product_uom_qty > 0
        ]
        total = exact(self.amount_total)
        cancelled = self.state == "cancel"
        first = ZERO
        if self.oms_channel_id._takes_money_by_goods():
            first = sum((exact(line.price_total) for line in self.order_line if not line._is_oms_goods()), ZERO)
        shipped = worth(goods, total, exact(self.currency_id.rounding), first)
        if cancelled and not any(one.shipped for one in goods):
            shipped = ZERO
        return Situation(
            ordered=shipped if cancelled else total,
            shipped=shipped,
            taken=self._oms_get_taken(),
            authorizations=authorizations,
            is_complete=cancelled or all(one.shipped >= one.ordered for one in goods),
            is_cancelled=cancelled,
        )

    def _oms_get_taken(self):
        """What was taken for this order in all ways, what is asked for included, before anything went back."""
        return sum(
            (
                exact(tx.amount)
                for tx in self.sudo().transaction_ids  # sudo: as above
                if tx.amount > 0
                and tx.operation != "refund"
                and (
                    tx.state == "done"
                    or (tx.source_transaction_id and tx.oms_asks != "void" and tx.state in ("draft", "pending"))
                )
            ),
            ZERO,
        )

    # --------------------------------------------------------------------------------------------- WHAT PEOPLE DO

    def _oms_say_what_lacks(self, todo, case, found, now):
        """Hold the order while money lacks, with both numbers; let go of what holds no longer. Nothing is ever charged for it."""
        money = self.currency_id.format
        reasons = {}
        over = [(tx, one) for tx, one in found if one.left and one.is_over(now)]
        if case.is_cancelled:
            over = []
        for tx, one in over if todo.short else ():
            reasons[f"over-{tx.id}"] = self.env._(
                "The customer authorised %(amount)s until %(end)s; %(left)s of it were not taken and cannot be taken any more. "
                "Ask the customer to pay anew before goods leave.",
                amount=money(tx.amount),
                end=fields.Date.to_string(tx.oms_expires_at),
                left=money(float(one.left)),
            )
        if todo.short and not over and not case.is_cancelled:
            reasons["short"] = self.env._(
                "The order comes to %(total)s; %(covered)s are taken or authorised. Nothing is charged by itself: ask the "
                "customer for %(short)s, or take something off the order.",
                total=money(float(case.ordered)),
                covered=money(float(case.ordered - todo.short)),
                short=money(float(todo.short)),
            )
        for name, left, may in todo.too_much:
            reasons[f"full-{name}"] = self.env._(
                "Of what the customer authorised, only all can be taken (%(left)s), and the order comes to %(may)s. Take it and "
                "pay the rest back, or have the order paid in another way.",
                left=money(float(left)),
                may=money(float(may)),
            )
        waits = now - timedelta(hours=AUTHORIZATION_ANSWER_H)
        for tx in self.transaction_ids.filtered(
            lambda tx: tx.oms_asks and tx.state == "draft" and tx.create_date < waits
        ):
            reasons[f"unanswered-{tx.id}"] = self.env._(
                "The provider was asked for %(amount)s on %(day)s and has not answered. Look there whether it was taken.",
                amount=money(tx.amount),
                day=fields.Date.to_string(tx.create_date),
            )
        for hold in self.oms_hold_ids.filtered(lambda hold: hold.is_open and hold.kind == "money" and hold.subject):
            if hold.subject.partition("-")[0] in ("over", "short", "full") and hold.subject not in reasons:
                hold._release()
        for subject, reason in reasons.items():
            self._oms_hold("money", reason, subject=subject)

    def _oms_warn_of_end(self, transaction, authorization):
        leave_task(
            self,
            self.env._("%s can soon not be taken any more", self.currency_id.format(float(authorization.left))),
            self.env._(
                "What the customer authorised (%(reference)s) ends on %(end)s. Ship before, take it now, or ask the customer to "
                "pay anew.",
                reference=transaction.provider_reference or transaction.reference,
                end=fields.Date.to_string(transaction.oms_expires_at),
            ),
            self.oms_channel_id.user_id,
            retell=False,
        )

    # ------------------------------------------------------------------------------------------- WHAT CHANNELS TELL

    @api.model
    def _oms_record_authorizations(self, channel, orders_and_docs, resolver):
        """Keep what customers authorised on a channel as native transactions, once.

        :return: {(order id, the channel's id of the authorisation): transaction}
        """
        told = [(order, doc, one) for order, doc in orders_and_docs for one in doc.authorizations]
        if not told:
            return {}
        provider = channel._get_payment_provider()
        # sudo: as for payments; these only record what the channel has done already
        transactions_sudo = self.env["payment.transaction"].sudo()
        references = [f"oms{channel.id}-{doc.external_id}-{one.external_id}" for _order, doc, one in told]
        known = {tx.reference: tx for tx in transactions_sudo.search([("reference", "in", references)])}
        found, new = {}, self.browse()
        for (order, doc, one), reference in zip(told, references, strict=True):
            taken = sum((pay.amount for pay in doc.payments if pay.authorization == one.external_id), ZERO)
            tx = known.get(reference)
            if not tx:
                if one.is_over or taken >= one.amount or (order.state == "cancel" and order.oms_called_off):
                    continue  # nothing is left of it: its captures are the money
                tx = transactions_sudo.create(
                    self._oms_prepare_authorization(order, one, reference, provider, resolver)
                )
                tx.oms_expires_at = one.expires_at.replace(tzinfo=None) if one.expires_at else tx._oms_get_end()
                new |= order
            found[order.id, one.external_id] = tx
        new._oms_look_at_money()
        return found

    @api.model
    def _oms_prepare_authorization(self, order, authorization, reference, provider, resolver):
        return {
            "reference": reference,
            "provider_id": provider.id,
            "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
            "provider_reference": authorization.reference or authorization.external_id,
            **resolver.payment_values(authorization),
            "amount": float(authorization.amount),
            "currency_id": order.currency_id.id,
            "partner_id": order.partner_id.id,
            "state": "authorized",
            "oms_times": authorization.times,
            "is_post_processed": True,
            "last_state_change": authorization.authorized_at.replace(tzinfo=None),
            "sale_order_ids": [Command.link(order.id)],
        }


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _oms_waits_for_void(self):
        """Hook: whether giving this free was refused and can be tried again by a person; then it is not asked for anew."""
        return False

    def _oms_end_as_told(self):
        """The channel says that nothing can be taken of this any more."""
        self.ensure_one()
        if self.state != "authorized":
            return
        for child in self.child_transaction_ids.filtered(lambda tx: tx.state in ("draft", "pending")):
            child._set_canceled(state_message=self.env._("The channel says that it is over."))
        if self.state != "authorized":
            return
        gone = sum(
            tx.amount
            for tx in self.child_transaction_ids
            if tx.state in ("done", "cancel") and tx.operation != "refund"
        )
        left = self.currency_id.round(self.amount - gone)
        if left > 0:
            self._create_child_transaction(left, oms_asks="void")._set_canceled(
                state_message=self.env._("The channel says that it is over.")
            )

    def _oms_adopt(self, values, our_key=""):
        """Take a payment that the channel tells for the one that was asked for: the one that it names, or else the same amount
        of the same authorisation.

        :param self: the authorisation; empty for a payment without one.
        :param our_key: what the channel was asked with, where it tells that.
        :return: whether one was waiting for it.
        """
        asked = self.child_transaction_ids.filtered(
            lambda tx: tx.oms_asks == "capture" and not tx.reference.startswith("oms") and tx.state != "cancel"
        )
        asked = asked.filtered(lambda tx: our_key == tx._oms_get_key()) or asked.filtered(
            lambda tx: not tx.currency_id.compare_amounts(tx.amount, values["amount"])
        )
        asked = asked.sorted(lambda tx: (tx.state == "error", tx.id))[:1]
        if not asked:
            return False
        asked._oms_settle_as(
            values["reference"], provider_reference=values["provider_reference"], amount=values["amount"]
        )
        return True

    def _oms_get_key(self):
        """By which a channel that was asked knows again what it was asked for."""
        return f"{self.oms_asks}-{self.id}"

    def _oms_settle_as(self, reference, **values):
        """It was taken, and is known by this name from now on."""
        self.write({"reference": reference, **values})
        payment_sudo = self.payment_id.sudo()  # sudo: what is booked stays; only what it is known by is another
        if payment_sudo.oms_key:
            payment_sudo.oms_key = f"payment:{reference}"
        if self.state != "done":
            self._set_done(extra_allowed_states=("error",))
        orders = self.sale_order_ids
        orders.oms_hold_ids.filtered(
            lambda hold: hold.is_open and hold.subject == f"refused-{self.source_transaction_id.id}"
        )._release()
