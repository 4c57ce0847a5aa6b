"""What the codes in canonical documents mean in this database: products, taxes, currencies, fiscal positions."""

from ..const import DELIVERY_METHODS
from ..exceptions import MessageRejected


class Resolver:
    """What the codes in a batch of documents mean here: products, taxes, currencies, looked up once for all."""

    def __init__(self, channel, docs):
        self.channel = channel
        self.env = channel.env
        skus = {line.sku for doc in docs for line in doc.lines if line.kind == "product" and line.sku}
        self.products = self.env["product.product"]._oms_match_skus(channel, skus)
        self.taxes_by_rate = self.env["account.tax"]._oms_sale_taxes_by_rate(channel.company_id)
        codes = {doc.currency for doc in docs}
        # Inactive currencies too, to be able to say that one has to be activated.
        currencies = self.env["res.currency"].with_context(active_test=False).search([("name", "in", list(codes))])
        self.currencies = {currency.name: currency for currency in currencies}
        self.pricelists = {}
        self.fiscal_positions = {}
        self.remitted_taxes = {}
        self.warehouse = channel._get_warehouses()[:1]
        self.shipping_rules = channel.shipping_rule_ids
        refs = {doc.pickup_ref for doc in docs if doc.pickup_ref}
        places = self.env["stock.warehouse"]
        if refs:
            places = places.search([("company_id", "=", channel.company_id.id), ("code", "in", list(refs))])
        self.places = {place.code: place for place in places}
        self.by_fiscal_position = self.env["account.fiscal.position"].search_count(
            [*self.env["account.fiscal.position"]._check_company_domain(channel.company_id), ("auto_apply", "=", True)],
            limit=1,
        )

    def delivery_method(self, doc):
        """How the customer wants the goods: as the document says, else as the name of the shipping method does."""
        if doc.delivery_method in dict(DELIVERY_METHODS):
            return doc.delivery_method
        return self.env["oms.shipping.rule"]._match(self.shipping_rules, doc.shipping_method) or "ship"

    def carrier(self, doc):
        """The delivery method of ours that the customer chose; empty where the channel does not say."""
        return self.env["delivery.carrier"]

    def payment_values(self, payment):
        """Where the money of a ``PaymentDoc`` belongs: values of its ``payment.transaction``."""
        return {"oms_tender": payment.tender or False, "oms_method": payment.method or False}

    def finish(self, orders):
        """Called when the documents of the batch have been applied.

        :param orders: {the channel's id: ``sale.order``}
        """

    def pickup_place(self, doc):
        """Where the customer will come; empty when that is not known here."""
        return self.places.get(doc.pickup_ref, self.env["stock.warehouse"])

    def no_pickup_reason(self, doc):
        if doc.pickup_ref:
            return self.env._(
                "The customer wants to fetch the goods at “%s”, which is the code of no place here. Choose the place on the "
                "order, then release.",
                doc.pickup_ref,
            )
        return self.env._(
            "The customer wants to fetch the goods, and the channel does not say where. Choose the place on the order, then "
            "release."
        )

    def promise(self, method, pickup, ordered_at):
        """By when the goods must leave and arrive; places share one look at their hours."""
        return self.channel._oms_promise(method, pickup or self.warehouse, ordered_at)

    def fiscal_position(self, customer, delivery_address):
        """What the company does about this customer's taxes and accounts, by its own rules."""
        own = delivery_address.property_account_position_id or customer.property_account_position_id
        if own or not self.by_fiscal_position:
            return own
        # All that the company's rules look at; orders to one country share one look.
        key = (
            delivery_address.country_id,
            delivery_address.state_id,
            delivery_address.zip,
            delivery_address.vat,
            customer.vat,
            customer.country_id,
        )
        if key not in self.fiscal_positions:
            self.fiscal_positions[key] = self.env["account.fiscal.position"]._get_fiscal_position(
                customer, delivery_address
            )
        return self.fiscal_positions[key]

    def tax_country(self, fiscal_position):
        """The country to which the taxes of an order are declared; only its taxes may stand on the order."""
        if fiscal_position.foreign_vat:
            return fiscal_position.country_id
        return self.channel.company_id.account_fiscal_country_id

    def currency(self, code):
        currency = self.currencies.get(code)
        if not currency or not currency.active:
            raise MessageRejected(
                self.env._(
                    "The order is in %s, a currency that is not in use here. Activate it under Accounting > Configuration > "
                    "Currencies, give it a rate, then retry.",
                    code,
                )
            )
        return currency

    def pricelist(self, code):
        """The price list of the channel, by which is priced what somebody adds later. Where it has none in this currency, any
        of the company, which makes it the currency of the order; an empty one is made where there is none."""
        if code not in self.pricelists:
            currency = self.currency(code)
            pricelists = self.env["product.pricelist"]
            company = self.channel.company_id
            if own := self.channel._get_pricelist(currency):
                self.pricelists[code] = own
            elif currency == company.currency_id:
                self.pricelists[code] = pricelists
            else:
                found = pricelists.search(
                    [("currency_id", "=", currency.id), ("company_id", "in", [False, company.id])], limit=1
                )
                # sudo: price lists belong to sales managers; this one holds no price, only the currency
                self.pricelists[code] = found or pricelists.sudo().create(
                    {"name": self.env._("Orders in %s", code), "currency_id": currency.id, "company_id": company.id}
                )
        return self.pricelists[code]

    def product(self, line):
        if line.kind == "product":
            return self.known_product(line) or self.env.ref("oms_core.product_unmapped")
        return self.env.ref(f"oms_core.product_{line.kind}")

    def known_product(self, line):
        """The product that a line is about; empty when nobody knows."""
        return self.products.get(line.sku) or self.env["product.product"]

    def pack_size(self, line):
        """Pieces of the product in one unit of the channel's line."""
        return 1

    def line_values(self, line):
        """What an order's line keeps of how it was understood."""
        return {"oms_pack_size": self.pack_size(line)}

    def taxes(self, line, country):
        """[(``TaxDoc``, ``account.tax``)] of a line; a tax of a rate that does not exist here is left out, and told by
        :meth:`line_reasons`."""
        pairs = ((tax, self.tax(tax, country)) for tax in line.taxes)
        return [(tax, record) for tax, record in pairs if record]

    def tax(self, tax, country):
        """The sales tax of this rate; for one that the channel pays to the state, the company's stand-in for those."""
        if not tax.remitted:
            return self.taxes_by_rate.get((country, tax.rate.normalize()))
        if not tax.amount:
            return self.env["account.tax"]
        key = (country, tax.rate)
        if key not in self.remitted_taxes:
            self.remitted_taxes[key] = self.channel.company_id._oms_get_remitted_tax(country, tax.rate)
        return self.remitted_taxes[key]

    def line_reasons(self, doc, country):
        """What of the lines is not known here: yields (kind of hold, sentence)."""
        for line in doc.lines:
            if line.kind == "product" and not self.known_product(line):
                yield "product", self.unknown_reason(line)
        unknown = {
            tax.rate: tax
            for line in doc.lines
            for tax in line.taxes
            if tax.amount and tax.rate and not tax.remitted and not self.tax(tax, country)
        }
        for tax in unknown.values():
            yield "tax", self.unknown_tax_reason(tax, country)

    def unknown_reason(self, line):
        """Why nobody knows what product a line is about, and what to do."""
        if line.sku:
            return self.env._(
                "“%(name)s” has the SKU “%(sku)s”, which no product, or more than one, has as internal reference. "
                "Correct that, then choose Check Again.",
                name=line.name,
                sku=line.sku,
            )
        return self.env._(
            "“%s” came without a SKU. Give it one in the shop, and choose the product on the order's line here.",
            line.name,
        )

    def unknown_tax_reason(self, tax, country):
        """Why a tax that the channel charged is not known here, and what to do."""
        return self.env._(
            "The channel charged “%(name)s” of %(rate)s %%, and there is no sales tax of that rate for %(country)s. Create "
            "it under Accounting > Configuration > Taxes, then choose Check Again.",
            name=tax.name,
            rate=tax.rate.normalize(),
            country=country.name,
        )
