"""From canonical documents to native orders: the one way in, for webhooks, polls, files and forms alike."""

import hashlib
from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..const import COLLECTED_METHODS, HOLD_KIND_BY_PROBLEM, STATUS_HOLD_KINDS
from ..domain.address import PostalAddress, check, suggest
from ..domain.documents import FATAL_PROBLEMS
from ..domain.money import ZERO
from ..exceptions import MessageRejected, MessageRetry
from ..text import as_html

#: Holds that say what a document or the configuration lacks. A newer document, or a look at the corrected configuration,
#: sets them anew.
DOCUMENT_HOLD_KINDS = frozenset({"payment", "address", "total", "tax", "product", "quantity", "channel", "refund"})


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # ------------------------------------------------------------------------------------------------------ ORDERS

    @api.model
    def _oms_apply_orders(self, channel, docs):
        """Create or update the orders that these documents describe; confirm those that nothing holds.

        New orders together cost a fixed number of queries plus what the native documents themselves cost; an update costs
        what it changes. Applying a document twice, or one that is older than what is stored, changes nothing.

        :param channel: ``oms.channel`` in its worker's environment (:meth:`oms.channel._as_worker`).
        :return: for each document ``(order, state, text)`` as an applier of ``oms.message`` returns it.
        :raise MessageRejected: when one of the documents cannot become an order at all.
        """
        docs = self._oms_complete_docs(channel, docs)
        for doc in docs:
            if fatal := [problem.message for problem in doc.problems() if problem.code in FATAL_PROBLEMS]:
                raise MessageRejected(" ".join(fatal))
        newest, doubtful, unsaid = {}, {}, set()
        for index, doc in enumerate(docs):
            before = newest.get(doc.external_id)
            if before is None or _rank(doc) >= _rank(docs[before]):
                newest[doc.external_id] = index
            if before is not None and _is_doubtful(doc, docs[before]):
                doubtful[doc.external_id] = doc
        orders = self._oms_find(channel, newest)
        resolver = channel._get_resolver(docs)
        outcomes, to_create, to_confirm = {}, [], self.browse()
        for external_id, index in newest.items():
            doc, order = docs[index], orders.get(external_id)
            if order and order._oms_is_doubtful(channel, doc):
                doubtful[external_id] = doc
                unsaid.add(external_id)
                outcomes[index] = (order, "ignored", self._oms_why_doubtful())
            elif order:
                outcomes[index] = order._oms_update(channel, doc, resolver)
                to_confirm |= order
            elif doc.status == "draft":
                outcomes[index] = (self.browse(), "ignored", self._oms_why_no_order_yet())
            elif doc.is_test and channel.test_orders == "ignore":
                outcomes[index] = (self.browse(), "ignored", self._oms_why_no_test_order())
            else:
                to_create.append(index)
        created = self._oms_create(channel, [docs[index] for index in to_create], resolver)
        for index, order in zip(to_create, created, strict=True):
            if docs[index].status == "cancelled":
                order._oms_cancel(self.env._("The channel cancelled the order (“%s”).", docs[index].channel_status))
            outcomes[index] = (order, "done", order.oms_hold_reason)
            orders[order.oms_external_id] = order
        told = [
            (orders[external_id], docs[index])
            for external_id, index in newest.items()
            if external_id in orders and external_id not in unsaid
        ]
        self._oms_record_payments(channel, told, resolver)
        self._oms_record_refunds(told, created)
        self._oms_follow_told_returns(told)
        self._oms_follow_wishes(told)
        resolver.finish(orders)
        channel._read_again({external_id: _content_hash(doc) for external_id, doc in doubtful.items()})
        (to_confirm | created)._oms_release_clean()
        superseded = self.env._("A newer version of the same order came with it.")
        return [
            outcomes.get(index, (orders.get(doc.external_id, self.browse()), "ignored", superseded))
            for index, doc in enumerate(docs)
        ]

    @api.model
    def _oms_complete_docs(self, channel, docs):
        """Hook: documents with what their channel tells elsewhere."""
        return docs

    @api.model
    def _oms_find(self, channel, external_ids):
        orders = self.search([("oms_channel_id", "=", channel.id), ("oms_external_id", "in", list(external_ids))])
        return {order.oms_external_id: order for order in orders}

    @api.model
    def _oms_why_no_order_yet(self):
        return self.env._("A checkout that has not been completed; it becomes an order when the customer completes it.")

    @api.model
    def _oms_create(self, channel, docs, resolver):
        """New quotations for these documents, with their holds.

        One is made for an order that was called off before it came here too, and cancelled at once: an older message about
        it, which may come later, would else be taken for a new order and shipped.
        """
        if not docs:
            return self.browse()
        customers = self.env["res.partner"]._oms_match_customers(channel, docs)
        orders = self.create(
            [
                {
                    **self._oms_prepare(channel, doc, parties, resolver),
                    **self._oms_prepare_service(channel, doc, resolver),
                    **self._oms_prepare_once(channel, doc),
                }
                for doc, parties in zip(docs, customers, strict=True)
            ]
        )
        holds = []
        for order, doc in zip(orders, docs, strict=True):
            holds += [
                {"order_id": order.id, "kind": kind, "reason": reason}
                for kind, reason in dict.fromkeys(order._oms_reasons_to_hold(doc, resolver))
                if doc.status != "cancelled"
            ]
        self.env["oms.hold"].create(holds)
        return orders

    @api.model
    def _oms_prepare_once(self, channel, doc):
        """Values of an order that no update changes."""
        # Pages for quotations, which sale_pdf_quote_builder would look up for each order; this one is placed already.
        quotation_pages = {"quotation_document_ids": []} if "quotation_document_ids" in self._fields else {}
        return {
            **quotation_pages,
            "oms_channel_id": channel.id,
            "oms_external_id": doc.external_id,
            "company_id": channel.company_id.id,
            "team_id": channel.team_id.id,
            "user_id": False,
            "journal_id": channel.sale_journal_id.id,
            "origin": channel.name,
            "client_order_ref": doc.number,
            "require_signature": False,
            "require_payment": False,
            "validity_date": False,  # what was bought does not expire like an offer
        }

    @api.model
    def _oms_prepare(self, channel, doc, parties, resolver):
        """Values of an order that follow from its document."""
        customer, invoice_address, delivery_address = parties
        fiscal_position = resolver.fiscal_position(customer, delivery_address)
        country = resolver.tax_country(fiscal_position)
        return {
            "partner_id": customer.id,
            "partner_invoice_id": invoice_address.id,
            "partner_shipping_id": delivery_address.id,
            "pricelist_id": resolver.pricelist(doc.currency).id,
            "fiscal_position_id": fiscal_position.id,
            "payment_term_id": False,
            "warehouse_id": resolver.warehouse.id,
            "oms_number": doc.number,
            "oms_customer_ref": doc.customer_ref or False,
            "oms_ordered_at": doc.ordered_at.replace(tzinfo=None),
            "date_order": doc.ordered_at.replace(tzinfo=None),
            "oms_updated_at": doc.updated_at.replace(tzinfo=None),
            "oms_content_hash": _content_hash(doc),
            "oms_channel_total": float(doc.total),
            "oms_channel_status": doc.channel_status,
            "oms_payment_method": doc.payment_method,
            **_risk_values(doc.risk),
            "note": as_html(doc.note) if doc.note else False,
            "order_line": [Command.clear()]
            + [
                Command.create(
                    self._oms_prepare_line(line, sequence, resolver.currency(doc.currency), country, resolver)
                )
                for sequence, line in enumerate(doc.lines, 1)
            ],
        }

    @api.model
    def _oms_prepare_line(self, line, sequence, currency, country, resolver):
        """Values of a line that keeps the channel's amounts; see ``sale.order.line``."""
        product = resolver.product(line)
        taxes = resolver.taxes(line, country)
        # In pieces of the product: one unit of the channel may be a pack of several. The amounts are the whole line's.
        quantity = (line.quantity or Decimal(1)) * resolver.pack_size(line)
        charged = line.total + sum((tax.amount for tax, record in taxes if record.price_include), ZERO)
        price_unit = float(charged / quantity)
        return {
            "sequence": sequence,
            "product_id": product.id,
            "name": "\n".join(filter(None, (line.name or product.display_name, line.note))),
            "product_uom_qty": float(quantity),
            "product_uom_id": product.uom_id.id,
            "price_unit": price_unit,
            # Anything but the price itself tells Odoo that the price is not its own to recompute.
            "technical_price_unit": 0.0 if price_unit else 1.0,
            "discount": 0.0,
            "tax_ids": [Command.set([record.id for _tax, record in taxes])],
            "extra_tax_data": self._oms_pin_amounts(line, taxes, price_unit, quantity, currency),
            "oms_external_id": line.external_id,
            "oms_kind": line.kind,
            "oms_sku": line.sku or False,
            "oms_discount_amount": float(line.subtotal - line.total),
            **resolver.line_values(line),
        }

    @api.model
    def _oms_pin_amounts(self, line, taxes, price_unit, quantity, currency):
        """The amounts of a line as charged, in the form in which Odoo's tax engine takes them instead of computing.

        Source: ``account.tax._import_base_line_extra_tax_data``. Of a line without tax Odoo takes nothing from here and
        needs nothing, but the parts of a partial invoice are made from it (``sale.order.line._oms_share``).
        """
        amounts = {}
        for tax, record in taxes:
            entry = amounts.setdefault(
                str(record.id), {"tax_amount_currency": 0.0, "base_amount_currency": float(line.total)}
            )
            entry["tax_amount_currency"] = float(Decimal(repr(entry["tax_amount_currency"])) + tax.amount)
        return {
            "currency_id": currency.id,
            "price_unit": price_unit,
            "discount": 0.0,
            "quantity": float(quantity),
            "manual_total_excluded_currency": float(line.total),
            "manual_tax_amounts": amounts,
        }

    def _oms_reasons_to_hold(self, doc, resolver):
        """Everything that keeps this order from being worked: yields (kind of hold, sentence)."""
        self.ensure_one()
        problems = doc.problems()
        for problem in problems:
            yield HOLD_KIND_BY_PROBLEM.get(problem.code, "manual"), problem.message
        said = any(problem.code == "unknown_status" for problem in problems)
        yield from (pair for pair in self._oms_status_reasons(doc) if not (said and pair[0] == "channel"))
        yield from self._oms_risk_reasons(doc)
        yield from self._oms_address_reasons(doc, resolver)
        unknown = list(resolver.line_reasons(doc, self.tax_country_id))
        yield from unknown
        yield from self._oms_test_reasons(doc)
        if not any(kind == "tax" for kind, _reason in unknown):
            yield from self._oms_tax_reasons(doc, resolver)
        if self.currency_id.compare_amounts(self.amount_total, float(doc.total)) and doc.computed_total() == doc.total:
            yield "total", self._oms_total_reason()

    def _oms_total_reason(self):
        """The sentence about two totals that differ."""
        return self.env._(
            "The channel charged %(theirs)s, the order here comes to %(ours)s. Compare the lines and their taxes before you "
            "release it.",
            theirs=self.currency_id.format(self.oms_channel_total),
            ours=self.currency_id.format(self.amount_total),
        )

    def _oms_status_reasons(self, doc):
        """What the channel itself says against working this order."""
        if doc.status in ("awaiting_payment", "draft"):
            yield (
                "payment",
                self.env._(
                    "The channel has not received the money yet. It goes on by itself when the channel says so."
                ),
            )
        elif doc.status == "on_hold":
            yield (
                "channel",
                self.env._(
                    "The channel keeps this order at “%s”. Change it there, or release it here if it may be shipped.",
                    doc.channel_status,
                ),
            )
        elif doc.status == "fulfilled":
            yield (
                "channel",
                self.env._(
                    "The channel says that this order has been fulfilled already (“%s”). Release it only if the goods have "
                    "still to leave.",
                    doc.channel_status,
                ),
            )
        yield from self._oms_refund_reasons(doc)

    def _oms_risk_reasons(self, doc):
        if doc.risk and doc.risk.level == "high":
            facts = "; ".join(fact.text for fact in doc.risk.facts)
            yield (
                "fraud",
                self.env._(
                    "The channel says that the risk of fraud is high. %s Approve the order, or cancel it.",
                    f"{facts}." if facts else "",
                ),
            )

    def _oms_address_reasons(self, doc, resolver):
        if not any(resolver.product(line).type == "consu" for line in doc.lines):
            return
        if self.oms_delivery_method in COLLECTED_METHODS:
            if not self.oms_pickup_warehouse_id:
                yield "address", resolver.no_pickup_reason(doc)
            return
        # Of a customer who gave no address, the one on file is not taken for it, but one set on the order by hand is.
        by_hand = self.partner_shipping_id not in (self.partner_id, self.partner_invoice_id)
        if not doc.shipping.is_postal() and not by_hand:
            yield (
                "address",
                self.env._("There is no complete delivery address. Ask the customer, fill it in, then release."),
            )
        elif not self.partner_shipping_id.country_id:
            yield (
                "address",
                self.env._(
                    "The country “%s” of the delivery address is not known. Set the right country on the address, then release.",
                    doc.shipping.country_code,
                ),
            )
        elif self.oms_channel_id.check_addresses and self.oms_delivery_method not in COLLECTED_METHODS:
            for problem in self._oms_get_address_problems():
                yield "address", self.env._("%s Correct the address, or keep it and release.", problem.sentence)

    def _oms_get_address_problems(self):
        """What looks wrong about where this order goes; see ``domain/address.py``."""
        self.ensure_one()
        to = self.partner_shipping_id
        return check(
            PostalAddress(
                street=to.street or "",
                street2=to.street2 or "",
                zip=to.zip or "",
                city=to.city or "",
                state=to.state_id.code or "",
                country=to.country_id.code or "",
            ),
            po_box_ok=not self.carrier_id.oms_no_po_box,
        )

    def _oms_get_address_suggestion(self):
        """Values of an address that mend what a slip of the keyboard explains."""
        to = self.partner_shipping_id
        mended = suggest(self._oms_get_address_problems())
        if code := mended.pop("state", ""):
            state = to.country_id.state_ids.filtered(lambda state: state.code == code)[:1]
            mended["state_id"] = state.id
        return mended

    # ------------------------------------------------------------------------------------------------------ UPDATES

    def _oms_update(self, channel, doc, resolver):
        """Bring this order to the state that a document tells; see :meth:`_oms_apply_orders`.

        A quotation follows the document. What is confirmed is not rewritten behind the warehouse's back: the order stops
        and says what changed. A cancellation cancels, unless goods have left.
        """
        self.ensure_one()
        version = doc.updated_at.replace(tzinfo=None)
        if self.oms_updated_at and version < self.oms_updated_at:
            return self, "ignored", self.env._("Older than what is known of this order.")
        content = _content_hash(doc)
        if version == self.oms_updated_at and content == self.oms_content_hash:
            return self, "ignored", self.env._("Nothing new.")
        if doc.status == "cancelled":
            self._oms_cancel(self.env._("The channel cancelled the order (“%s”).", doc.channel_status))
        elif self.state == "cancel" and self.oms_called_off and not doc.cancel_requested:
            # A payment that failed and then succeeded, an order that was binned and restored.
            self.action_draft()
            self.oms_called_off = False
            self._oms_rewrite(channel, doc, resolver)
        elif self.state in ("draft", "sent") and not self._oms_is_changed_here():
            self._oms_rewrite(channel, doc, resolver)
        elif self.state in ("draft", "sent", "sale"):
            if _is_ordered_otherwise(content, self.oms_content_hash or ""):
                self._oms_hold(
                    "change",
                    self.env._(
                        "The customer or the shop changed the order after it was confirmed. Compare the lines and the "
                        "address with order %s on the channel, correct the order here, then release.",
                        doc.number,
                    ),
                )
            self._oms_follow_status(doc)
        self.write({"oms_updated_at": version, "oms_content_hash": content, "oms_channel_status": doc.channel_status})
        return self, "done", self.oms_hold_reason

    def _oms_is_doubtful(self, channel, doc):
        """Whether a document says something else than is known, of the same second, and nobody can tell which came first.

        Channels count seconds, and what they tell may be late. What we read ourselves holds; where the channel can be asked it is
        asked, and where it cannot, what comes last is taken for the newest.
        """
        self.ensure_one()
        return (
            not doc.is_current
            and doc.updated_at.replace(tzinfo=None) == self.oms_updated_at
            and _says_otherwise(doc, self.oms_content_hash)
            and channel._can_read_orders()
        )

    @api.model
    def _oms_why_doubtful(self):
        return self.env._(
            "The channel dates this to the same second as what is known, and it says something else. The order is read there "
            "again, to see which holds."
        )

    @api.model
    def _oms_find_outdated(self, channel, docs):
        """Ids of those orders, just read from the channel, of which another state of the same moment is known here."""
        orders = self._oms_find(channel, {doc.external_id for doc in docs})
        return {
            doc.external_id
            for doc in self._oms_complete_docs(channel, docs)
            if (order := orders.get(doc.external_id))
            and doc.updated_at.replace(tzinfo=None) == order.oms_updated_at
            and _says_otherwise(doc, order.oms_content_hash)
        }

    def _oms_follow_status(self, doc):
        """Stop a confirmed order when the channel says so, and go on when it no longer does.

        Only while goods have still to leave, but a refund is always told. What a person has released is not held again
        before the channel says something new; that the channel completes an order is the answer to its parcels and stops
        nothing.
        """
        self.ensure_one()
        reasons = [pair for pair in self._oms_status_reasons(doc) if doc.status != "fulfilled" or pair[0] == "refund"]
        self.oms_hold_ids.filtered(
            lambda hold: hold.is_open and hold.kind in STATUS_HOLD_KINDS and (hold.kind, hold.reason) not in reasons
        )._release()
        if all(line.qty_delivered >= line.product_uom_qty for line in self.order_line if line._is_oms_goods()):
            reasons = [pair for pair in reasons if pair[0] == "refund"]
        known = {(hold.kind, hold.reason) for hold in self.oms_hold_ids}
        same_status = doc.channel_status == self.oms_channel_status
        for kind, reason in reasons:
            if (kind, reason) not in known or not (same_status or kind == "refund"):
                self._oms_hold(kind, reason)

    def _oms_rewrite(self, channel, doc, resolver):
        """Make a quotation say what its document says now, and set its holds anew.

        Where the document itself is the same as before, the customer, the addresses and the way of delivery stay: somebody
        may have corrected them here.
        """
        service = {}
        if _content_hash(doc) == self.oms_content_hash:
            parties = (self.partner_id, self.partner_invoice_id, self.partner_shipping_id)
            if self.oms_delivery_method in COLLECTED_METHODS and not self.oms_pickup_warehouse_id:
                service = self._oms_prepare_service(channel, doc, resolver)  # the place may be known by now
        else:
            parties = self.env["res.partner"]._oms_match_customers(channel, [doc])[0]
            service = self._oms_prepare_service(channel, doc, resolver)
        self.write({**self._oms_prepare(channel, doc, parties, resolver), **service})
        reasons = list(self._oms_reasons_to_hold(doc, resolver))
        outdated = self.oms_hold_ids.filtered(
            lambda hold: hold.is_open and hold.kind in DOCUMENT_HOLD_KINDS and (hold.kind, hold.reason) not in reasons
        )
        outdated._release()
        accepted = self._oms_accepted_reasons(_content_hash(doc))
        for kind, reason in reasons:
            if (kind, reason) not in accepted:
                self._oms_hold(kind, reason)

    def action_oms_check_again(self):
        """Read the newest message about these quotations again, now that a product, a tax or an address was corrected."""
        self.check_access("write")
        for order in self:
            message = self.env["oms.message"].search(
                [
                    ("res_model", "=", "sale.order"),
                    ("res_id", "=", order.id),
                    ("kind", "=", "order"),
                    ("state", "=", "done"),
                ],
                order="id desc",
                limit=1,
            )
            if not message or order.state not in ("draft", "sent"):
                raise UserError(self.env._("Only a quotation that came from a channel can be checked again."))
            if order._oms_is_changed_here():
                raise UserError(
                    self.env._("%s was changed here; checking it again would undo that.", order.display_name)
                )
            worker = order.oms_channel_id._as_worker()
            doc = worker._parse(message)
            order.with_env(worker.env)._oms_rewrite(worker, doc, worker._get_resolver([doc]))
        self._oms_release_clean()

    # ------------------------------------------------------------------------------------------------ CANCELLATIONS

    @api.model
    def _oms_apply_cancellations(self, channel, docs):
        """Cancel the orders that these ``CancelDoc`` values name. One about an unknown order waits a while for it."""
        orders = self._oms_find(channel, {doc.external_id for doc in docs})
        outcomes = []
        for doc in docs:
            order = orders.get(doc.external_id)
            if not order:
                raise MessageRetry(self.env._("The order was deleted on the channel and has not come here."), "ignored")
            order._oms_cancel(doc.reason or self.env._("The order was deleted on the channel."))
            outcomes.append((order, "done", order.oms_hold_reason))
        return outcomes

    def _oms_get_booked(self):
        """The posted entries of this order: invoices that are not reversed, payments."""
        order_sudo = self.sudo()  # sudo: whether something is booked must not depend on who looks
        invoices = order_sudo.invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice" and move.payment_state != "reversed"
        )
        return (invoices | order_sudo.transaction_ids.payment_id.move_id).filtered(lambda move: move.state == "posted")

    # ----------------------------------------------------------------------------------------------------- PAYMENTS

    @api.model
    def _oms_record_payments(self, channel, orders_and_docs, resolver):
        """Keep the payments that a channel took as native payment transactions; the same payment is kept once."""
        authorized = self._oms_record_authorizations(channel, orders_and_docs, resolver)
        provider = channel._get_payment_provider()
        # sudo: payment transactions are closed to users by design; these only record what the channel has done already
        transactions_sudo = self.env["payment.transaction"].sudo()
        method = self.env.ref("payment.payment_method_unknown")
        values, orders = {}, self.browse()
        for order, doc in orders_and_docs:
            # Money that comes after the order was stopped here has to go back; of one that the channel stopped it goes itself.
            refused = order.state == "cancel" and order.oms_called_off
            for payment in doc.payments if not refused else ():
                # Of what can never change, or the next update would be a second payment.
                reference = f"oms{channel.id}-{doc.external_id}-{payment.external_id}"
                source = authorized.get((order.id, payment.authorization), transactions_sudo)
                orders |= order
                values[reference] = {
                    "reference": reference,
                    "provider_id": provider.id,
                    "payment_method_id": method.id,
                    "provider_reference": payment.reference or payment.external_id,
                    **resolver.payment_values(payment),
                    "amount": float(payment.amount),
                    "currency_id": order.currency_id.id,
                    "partner_id": order.partner_id.id,
                    "state": "done",
                    "is_post_processed": True,  # booked by the hub, together with the invoice
                    "last_state_change": payment.paid_at.replace(tzinfo=None),
                    "sale_order_ids": [Command.link(order.id)],
                    **({"source_transaction_id": source.id, "operation": source.operation} if source else {}),
                }
        if not values and not authorized:
            return
        known = set(transactions_sudo.search([("reference", "in", list(values))]).mapped("reference"))
        new = [
            vals
            for reference, vals in values.items()
            if reference not in known
            and not transactions_sudo.browse(vals.get("source_transaction_id", ()))._oms_adopt(vals)
        ]
        transactions_sudo.create(new)._update_source_transaction_state()
        for order, doc in orders_and_docs:
            for one in doc.authorizations:
                if one.is_over and (source := authorized.get((order.id, one.external_id))):
                    source._oms_end_as_told()
                    orders |= order
        orders._oms_look_at_money()
        orders._oms_check_paid()


#: Changes with what :func:`_content_hash` looks at, so that a new release takes no order for changed.
CONTENT_VERSION = "1"


def _content_hash(doc):
    """What a document says, in short: "<version>:<hash of lines and delivery address>:<hash of the rest>"."""
    ordered = [
        [(line.external_id, line.sku, str(line.quantity), str(line.total), str(line.tax_total)) for line in doc.lines],
        _address(doc.shipping),
        doc.currency,
        str(doc.total),
    ]
    if doc.delivery_method or doc.pickup_ref:  # only where told, so that orders known before compare as they did
        ordered.append([doc.delivery_method, doc.pickup_ref])
    more = [
        doc.cancel_requested,
        doc.is_test,
        [refund.external_id for refund in doc.refunds if refund.pending],
        [payment.tender for payment in doc.payments if payment.tender],
        [line.external_id for line in doc.lines if any(tax.remitted for tax in line.taxes)],
    ]
    rest = [
        doc.status,
        doc.channel_status,
        [(payment.external_id, str(payment.amount)) for payment in doc.payments],
        [(refund.external_id, str(refund.amount)) for refund in doc.refunds],
        doc.note,
        _address(doc.billing),
    ]
    if any(more):  # the same
        rest.append(more)
    if doc.authorizations:  # the same
        rest.append([(one.external_id, str(one.amount), one.is_over) for one in doc.authorizations])
    parts = (hashlib.sha256(repr(part).encode()).hexdigest()[:20] for part in (ordered, rest))
    return ":".join((CONTENT_VERSION, *parts))


def _risk_values(risk):
    """What the channel says about the risk of an order, the facts with their weights, the heaviest first."""
    if not risk:
        return {"oms_risk_level": False, "oms_risk_score": 0.0, "oms_risk_facts": False}
    facts = sorted(risk.facts, key=lambda fact: -abs(fact.weight))
    return {
        "oms_risk_level": risk.level,
        "oms_risk_score": float(risk.score),
        "oms_risk_facts": "\n".join(f"{fact.weight:+} {fact.text}" if fact.weight else fact.text for fact in facts),
    }


def _address(address):
    names = ("name", "company", "street", "street2", "city", "zip", "state_code", "country_code", "email", "phone")
    return [getattr(address, name) for name in names]


def _rank(doc):
    """By which of several documents about an order counts: the newest, and of the same second what was read by ourselves."""
    return doc.updated_at, doc.is_current


def _is_doubtful(doc, other):
    """Whether nobody can tell which of two documents about an order came first."""
    return (
        doc.updated_at == other.updated_at
        and not (doc.is_current and other.is_current)
        and _content_hash(doc) != _content_hash(other)
    )


def _says_otherwise(doc, before):
    """Whether a document says something else than a hash; what another version of the hash said cannot be compared."""
    content = _content_hash(doc)
    return bool(before) and before.split(":")[0] == content.split(":")[0] and before != content


def _is_ordered_otherwise(content, before):
    """Whether lines or delivery address differ; what another version of the hash said cannot be compared."""
    version, ordered, _rest = content.split(":")
    return before.startswith(f"{version}:") and before.split(":")[1] != ordered
