"""From canonical documents to native orders: the one way in, for webhooks, polls, files and forms alike."""

from decimal import Decimal

from odoo import api, models
from odoo.fields import Command

from ..domain.content import content_hash, is_doubtful, rank
from ..domain.documents import FATAL_PROBLEMS
from ..domain.money import ZERO
from ..exceptions import MessageRejected
from ..text import as_html


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
            if before is None or rank(doc) >= rank(docs[before]):
                newest[doc.external_id] = index
            if before is not None and is_doubtful(doc, docs[before]):
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
        channel._read_again({external_id: content_hash(doc) for external_id, doc in doubtful.items()})
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
            "oms_content_hash": content_hash(doc),
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

    # ----------------------------------------------------------------------------------------------------- PAYMENTS

    @api.model
    def _oms_record_payments(self, channel, orders_and_docs, resolver):
        """Keep the payments that a channel took as native payment transactions; the same payment is kept once."""
        authorized = self._oms_record_authorizations(channel, orders_and_docs, resolver)
        provider = channel._get_payment_provider()
        # sudo: payment transactions are closed to users by design; these only record what the channel has done already
        transactions_sudo = self.env["payment.transaction"].sudo()
        method = self.env.ref("payment.payment_method_unknown")
        values, orders, keys = {}, self.browse(), {}
        for order, doc in orders_and_docs:
            # Money that comes after the order was stopped here has to go back; of one that the channel stopped it goes itself.
            refused = order.state == "cancel" and order.oms_called_off
            for payment in doc.payments if not refused else ():
                # Of what can never change, or the next update would be a second payment.
                reference = f"oms{channel.id}-{doc.external_id}-{payment.external_id}"
                source = authorized.get((order.id, payment.authorization), transactions_sudo)
                orders |= order
                keys[reference] = payment.our_key
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
            and not transactions_sudo.browse(vals.get("source_transaction_id", ()))._oms_adopt(vals, keys[reference])
        ]
        transactions_sudo.create(new)._update_source_transaction_state()
        for order, doc in orders_and_docs:
            for one in doc.authorizations:
                if one.is_over and (source := authorized.get((order.id, one.external_id))):
                    source._oms_end_as_told()
                    orders |= order
        orders._oms_look_at_money()
        orders._oms_check_paid()


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
