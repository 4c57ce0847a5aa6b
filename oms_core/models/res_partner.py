import re

from odoo import api, fields, models
from odoo.tools import SQL, email_normalize

from ..const import MATCH_SCAN_MAX
from ..domain.matching import BLOCK_MAX, Person, fold, is_no_number, is_same_caller

#: What makes two addresses the same place for the same person.
ADDRESS_FIELDS = ("name", "street", "street2", "zip", "city", "state_id", "country_id")


class ResPartner(models.Model):
    _inherit = "res.partner"

    oms_customer_ref_ids = fields.One2many("oms.customer.ref", "partner_id", string="Accounts on Channels")

    # The digits of a phone number, so that one is found however it was typed; see _oms_find_by_phone.
    _oms_phone_digits_idx = models.Index(r"(regexp_replace(phone, '\D', '', 'g')) WHERE phone IS NOT NULL")

    @api.model
    def _oms_match_customers(self, channel, docs):
        """The customer of each order, found or made, with a fixed number of queries for all of them.

        Matched by the channel's id of the customer, then by e-mail, then by phone and name together; never by name alone,
        because two people called Jean Martin are two people, and never by phone alone, because colleagues share a line and
        one would read the other's mail. What is only likely is for a person to decide (``oms.customer.match``). A customer
        of whom none of these is known is a new one for every order.

        :param docs: ``OrderDoc`` values.
        :return: for each the triple (customer, invoice address, delivery address).
        """
        by_ref = {
            ref.external_id: ref.partner_id
            for ref in self.env["oms.customer.ref"].search(
                [("channel_id", "=", channel.id), ("external_id", "in", [key for doc in docs for key in _keys(doc)])]
            )
        }
        by_email = self._oms_find_by_email(channel, {_email(doc) for doc in docs} - {""})
        by_phone = self._oms_find_by_phone(channel, {_phone(doc) for doc in docs} - {""})
        places = _Places(self.env, docs)
        found, missing = [], []
        for doc in docs:
            partner = (
                by_ref.get(doc.customer_ref)
                or by_email.get(_email(doc))
                or _same_caller(by_phone.get(_phone(doc), ()), doc, places)
                or next((by_ref[key] for key in _keys(doc) if key in by_ref), None)
            )
            found.append(partner)
            if not partner:
                missing.append(doc)
        made = self._oms_create_customers(channel, missing, places)
        customers = [partner or made[id(doc)] for partner, doc in zip(found, docs, strict=True)]
        self._oms_remember_refs(channel, docs, customers, by_ref)
        return self._oms_match_addresses(docs, customers, places)

    @api.model
    def _oms_find_by_email(self, channel, emails):
        """{normalised e-mail: the oldest contact of the company that has it}"""
        if not emails:
            return {}
        partners = self.search(
            [
                ("email_normalized", "in", list(emails)),
                ("company_id", "in", [False, channel.company_id.id]),
                ("type", "=", "contact"),
            ],
            order="id desc",
        )
        return {partner.email_normalized: partner for partner in partners}

    @api.model
    def _oms_find_by_phone(self, channel, phones):
        """{digits of a phone number: contacts of the company that have it, the oldest first}

        A number that many have tells nothing about anybody.
        """
        if not phones:
            return {}
        self.flush_model(["phone"])
        rows = self.env.execute_query(
            SQL(
                r"SELECT id, regexp_replace(phone, '\D', '', 'g') FROM res_partner"
                r" WHERE phone IS NOT NULL AND regexp_replace(phone, '\D', '', 'g') IN %s AND active"
                r" AND (company_id IS NULL OR company_id = %s) AND type = 'contact' ORDER BY id LIMIT %s",
                tuple(phones),
                channel.company_id.id,
                MATCH_SCAN_MAX,
            )
        )
        digits = dict(rows)
        allowed = self.browse(digits)._filtered_access("read")
        found = allowed.grouped(lambda partner: digits[partner.id])
        return {number: partners for number, partners in found.items() if len(partners) <= BLOCK_MAX}

    @api.model
    def _oms_create_customers(self, channel, docs, places):
        """New contacts for the customers that nobody knows yet; orders of one new customer share one contact.

        :return: {``id`` of the document: contact}
        """
        first, place, known = [], {}, {}
        for doc in docs:
            keys = _keys(doc)
            place[id(doc)] = next((known[key] for key in keys if key in known), len(first))
            if place[id(doc)] == len(first):
                first.append(doc)
            for key in keys:
                known.setdefault(key, place[id(doc)])
        partners = self.create(
            [
                {
                    **places.values(
                        doc.billing if not doc.billing.is_empty() else doc.shipping,
                        self.env._("Customer of order %s", doc.number or doc.external_id),
                    ),
                    "email": doc.billing.email or doc.shipping.email or False,
                    "phone": doc.billing.phone or doc.shipping.phone or False,
                    "company_id": False,
                    "customer_rank": 1,
                    "user_id": False,
                    "lang": self.env.lang or channel.company_id.partner_id.lang,
                }
                for doc in first
            ]
        )
        return {doc_id: partners[index] for doc_id, index in place.items()}

    @api.model
    def _oms_remember_refs(self, channel, docs, customers, known):
        """Keep who is who. The unique key also decides between two workers that both meet a new customer: they do not see
        each other's contact, but one of them is refused and looks again."""
        new = {
            key: partner for doc, partner in zip(docs, customers, strict=True) for key in _keys(doc) if key not in known
        }
        self.env["oms.customer.ref"].create(
            [
                {"channel_id": channel.id, "external_id": external_id, "partner_id": partner.id}
                for external_id, partner in new.items()
            ]
        )

    @api.model
    def _oms_match_addresses(self, docs, customers, places):
        """Invoice and delivery address of each order: the customer's own, one that is stored below it, or a new one.

        What a known customer's record says is never overwritten by an order; a different address is a further one.
        """
        self.browse({customer.id for customer in customers}).child_ids.fetch(ADDRESS_FIELDS)
        result = []
        for doc, customer in zip(docs, customers, strict=True):
            invoice = self._oms_address(customer, doc.billing, "invoice", places)
            same = doc.shipping == doc.billing
            delivery = invoice if same else self._oms_address(customer, doc.shipping, "delivery", places)
            result.append((customer, invoice, delivery))
        return result

    @api.model
    def _oms_address(self, customer, address, kind, places):
        if not address.is_postal():
            return customer
        values = places.values(address)
        wanted = _address_key(values)
        for candidate in customer | customer.child_ids:
            if _address_key(candidate._oms_address_values()) == wanted:
                return candidate
        if not customer.street and not customer.zip:
            customer.write({name: value for name, value in values.items() if name != "name"})
            return customer
        return self.create(
            {
                **values,
                "parent_id": customer.id,
                "type": kind,
                "phone": address.phone or False,
                "is_company": False,
                "user_id": False,
            }
        )

    def _oms_address_values(self):
        self.ensure_one()
        return {name: self[name].id if name.endswith("_id") else self[name] for name in ADDRESS_FIELDS}


class _Places:
    """Countries and states of a batch of orders, looked up once."""

    def __init__(self, env, docs):
        codes = {address.country_code.upper() for doc in docs for address in (doc.billing, doc.shipping)} - {""}
        countries = env["res.country"].search([("code", "in", list(codes))]) if codes else env["res.country"]
        self.countries = {country.code: country for country in countries}
        self.states = {
            (state.country_id.id, state.code): state
            for state in (env["res.country.state"].search([("country_id", "in", countries.ids)]) if countries else ())
        }

    def values(self, address, unnamed="?"):
        """The values of a contact for an ``AddressDoc``; a company's name goes before the person's."""
        country = self.countries.get(address.country_code.upper())
        state = country and self.states.get((country.id, address.state_code.upper()))
        name = address.name or address.company or address.email or address.phone or unnamed
        return {
            "name": f"{address.company}, {address.name}" if address.company and address.name else name,
            "street": address.street or False,
            "street2": address.street2 or False,
            "zip": address.zip or False,
            "city": address.city or False,
            "state_id": state.id if state else False,
            "country_id": country.id if country else False,
        }


def _email(doc):
    return email_normalize(doc.billing.email or doc.shipping.email) or ""


def _phone(doc):
    digits = re.sub(r"\D", "", doc.billing.phone or doc.shipping.phone)
    return "" if is_no_number(digits) else digits


def _same_caller(partners, doc, places):
    """Of the contacts that have the phone number of a document, the oldest that is surely the same person."""
    address = doc.billing if not doc.billing.is_empty() else doc.shipping
    person = Person(
        0,
        places.values(address)["name"],
        _email(doc),
        doc.billing.phone or doc.shipping.phone,
        country=address.country_code.upper(),
    )
    for partner in partners:
        known = Person(
            partner.id,
            partner.name or "",
            partner.email_normalized or "",
            partner.phone or "",
            country=partner.country_id.code or "",
        )
        if is_same_caller(person, known):
            return partner
    return None


def _keys(doc):
    """What a customer is remembered by, surest first. A phone number only where there is no e-mail, and with the name."""
    email, phone = _email(doc), _phone(doc)
    name = fold(doc.billing.name or doc.shipping.name)
    caller = f"phone:{phone}:{name}" if phone and name and not email else ""
    return [key for key in (doc.customer_ref, email and f"email:{email}", caller) if key]


def _address_key(values):
    """An address without the differences that do not make another place."""
    return tuple(
        re.sub(r"[\W_]+", " ", value).strip().casefold() if isinstance(value, str) else value or ""
        for value in (values[name] for name in ADDRESS_FIELDS)
    )
