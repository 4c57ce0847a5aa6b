"""Make the demonstration shop in an empty database: a merchant with three warehouses, goods, books and one web shop.

Run inside ``odoo shell`` by ``scripts/serve`` and ``scripts/bench``; also by the scenario tests, through
:func:`build`. Everything is done with the native models, as an administrator would on the screens.
"""

from datetime import date

from demo.costs import set_costs

from odoo.fields import Command

WAREHOUSES = (
    # code, name, street, zip, city, latitude, longitude
    ("LYO", "Lyon", "12 rue de la Part-Dieu", "69003", "Lyon", 45.76, 4.86),
    ("LIL", "Lille", "3 boulevard de Lille-Europe", "59777", "Lille", 50.64, 3.08),
    ("MRS", "Marseille", "80 quai d'Arenc", "13002", "Marseille", 43.31, 5.37),
)

#: sku: (name, price, cost, VAT percent, cost method, stock in Lyon, Lille, Marseille)
PRODUCTS = {
    "TEA-GREEN-100": ("Green tea, 100 g", 9.90, 3.20, 5.5, "average", (40, 0, 25)),
    "MUG-BLUE": ("Blue mug", 12.00, 4.10, 20, "standard", (30, 0, 12)),
    "POT-TERRA-L": ("Terracotta pot, large", 18.00, 6.50, 20, "standard", (0, 20, 6)),
    "CHAIR-OAK": ("Oak chair", 149.00, 71.00, 20, "fifo", (2, 2, 1)),
    "LAMP-BRASS": ("Brass lamp", 94.90, 38.00, 20, "fifo", (3, 0, 4)),
    "BOOK-GARDEN": ("The gardener's year (book)", 24.90, 11.00, 5.5, "average", (15, 10, 0)),
    "SEED-TOM": ("Tomato seeds", 3.50, 0.90, 5.5, "average", (100, 60, 0)),
    "HOSE-25M": ("Garden hose, 25 m", 39.90, 17.25, 20, "standard", (6, 8, 0)),
    "SHIRT-M": ("T-shirt “Potager”, M", 24.90, 8.00, 20, "average", (12, 4, 0)),
    "SHIRT-L": ("T-shirt “Potager”, L", 24.90, 8.00, 20, "average", (10, 6, 3)),
    "BOLT-M6": ("Bolt M6", 0.04, 0.01, 20, "standard", (5000, 0, 0)),
    "KIT-BALCON": ("Balcony garden kit", 49.90, 21.00, 20, "standard", (5, 2, 0)),
}

#: Sales taxes that the sample orders were charged with: (name, percent). Those of other countries are declared from France
#: (one-stop shop), so they are taxes of the company's own fiscal country.
TAXES = (
    ("TVA 20%", 20),
    ("TVA 5.5%", 5.5),
    ("DE MwSt. 19%", 19),
    ("DE MwSt. 7%", 7),
    ("BE TVA 21%", 21),
    ("US Texas 6.25%", 6.25),
    ("US Austin 2%", 2),
    ("US California 7.25%", 7.25),
    ("US Los Angeles 1.5%", 1.5),
)

CURRENCIES = {"USD": 1.08, "JPY": 162.0, "GBP": 0.85}

WEBHOOK_SECRET = "maison-verte-demo"


def build(env):
    """Make the shop.

    :return: the WooCommerce channel (``oms.channel``)
    """
    company = _company(env)
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    taxes = _taxes(env, company)
    warehouses = _warehouses(env, company)
    set_costs(warehouses)
    products = _products(env, company, taxes)
    _stock(env, company, warehouses, products)
    return open_channel(
        env,
        company,
        warehouses,
        name="Maison Verte web shop",
        code="WEB",
        platform="woocommerce",
        account="101450",
        webhook_secret=WEBHOOK_SECRET,
    )


def _company(env):
    """The database's own company, as Maison Verte: euros, France, a chart of accounts, perpetual valuation."""
    company = env.ref("base.main_company")
    company.write(
        {
            "name": "Maison Verte",
            "street": "12 rue de la Part-Dieu",
            "zip": "69003",
            "city": "Lyon",
            "country_id": env.ref("base.fr").id,
            "email": "bonjour@maison-verte.example",
        }
    )
    eur = env.ref("base.EUR")
    eur.active = True
    company.currency_id = eur
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = eur
    env["product.pricelist"].search([]).currency_id = eur
    company.account_fiscal_country_id = env.ref("base.fr")
    company.inventory_valuation = "real_time"
    if "has_received_warning_stock_sms" in company._fields:
        company.has_received_warning_stock_sms = True  # or the first delivery asks whether to send text messages
    env["res.currency.rate"].search([("company_id", "in", [False, company.id])]).unlink()
    for name, rate in CURRENCIES.items():
        currency = env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
        currency.active = True
        env["res.currency.rate"].create(
            {"currency_id": currency.id, "company_id": company.id, "name": date(2026, 1, 1), "rate": rate}
        )
    env.ref("base.user_admin").group_ids |= (
        env.ref("stock.group_stock_manager")
        | env.ref("account.group_account_manager")
        | env.ref("stock.group_stock_multi_warehouses")
        | env.ref("stock.group_stock_multi_locations")
    )
    return company


def _taxes(env, company):
    """{percent: sales tax}; they replace those that came with the chart."""
    of_chart = env["account.tax"].search([("company_id", "=", company.id)])
    account = of_chart.invoice_repartition_line_ids.account_id[:1]
    group = of_chart.tax_group_id[:1].copy({"name": "VAT", "country_id": company.account_fiscal_country_id.id})
    of_chart.active = False
    repartition = [
        Command.create({"repartition_type": "base"}),
        Command.create({"repartition_type": "tax", "account_id": account.id}),
    ]
    taxes = env["account.tax"].create(
        [
            {
                "name": name,
                "amount": percent,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "company_id": company.id,
                "country_id": company.account_fiscal_country_id.id,
                "tax_group_id": group.id,
                "invoice_repartition_line_ids": repartition,
                "refund_repartition_line_ids": repartition,
            }
            for name, percent in TAXES
        ]
    )
    result = {percent: tax for (_name, percent), tax in zip(TAXES, taxes, strict=True)}
    company.account_sale_tax_id = result[20]
    company.account_purchase_tax_id = False
    return result


def _warehouses(env, company):
    result = env["stock.warehouse"]
    existing = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
    for sequence, (code, name, street, zip_code, city, latitude, longitude) in enumerate(WAREHOUSES, 1):
        address = env["res.partner"].create(
            {
                "name": f"Maison Verte {name}",
                "street": street,
                "zip": zip_code,
                "city": city,
                "country_id": env.ref("base.fr").id,
                "partner_latitude": latitude,
                "partner_longitude": longitude,
                "company_id": company.id,
            }
        )
        values = {"name": name, "code": code, "partner_id": address.id, "sequence": sequence}
        if existing:
            existing.write(values)
            result |= existing
            existing = None
        else:
            result |= env["stock.warehouse"].create({**values, "company_id": company.id})
    return result


def _products(env, company, taxes):
    """{sku: product}, in one category for each way of costing."""
    categories = {
        method: env["product.category"].create(
            {"name": label, "property_cost_method": method, "property_valuation": "real_time"}
        )
        for method, label in (("standard", "Household"), ("average", "Garden and table"), ("fifo", "Furniture"))
    }
    return {
        sku: env["product.product"].create(
            {
                "name": name,
                "default_code": sku,
                "is_storable": True,
                "list_price": price,
                "standard_price": cost,
                "categ_id": categories[method].id,
                "taxes_id": [Command.set(taxes[vat].ids)],
                "supplier_taxes_id": [Command.clear()],
                "invoice_policy": "delivery",
            }
        )
        for sku, (name, price, cost, vat, method, _stock) in PRODUCTS.items()
    }


def _stock(env, company, warehouses, products):
    """Count the opening stock, and book its value against equity, so that the ledger and the shelves agree."""
    quants = env["stock.quant"].with_context(inventory_mode=True)
    for sku, product in products.items():
        for warehouse, quantity in zip(warehouses, PRODUCTS[sku][5], strict=True):
            if quantity:
                quants |= quants.create(
                    {
                        "product_id": product.id,
                        "location_id": warehouse.lot_stock_id.id,
                        "inventory_quantity": quantity,
                    }
                )
    quants.action_apply_inventory()
    value = sum(PRODUCTS[sku][2] * sum(PRODUCTS[sku][5]) for sku in products)
    equity = env["account.account"].search(
        [("company_ids", "in", company.ids), ("account_type", "=", "equity")], limit=1
    )
    journal = env["account.journal"].search([("company_id", "=", company.id), ("type", "=", "general")], limit=1)
    env["account.move"].create(
        {
            "journal_id": journal.id,
            "ref": "Opening stock",
            "date": date(2026, 11, 1),
            "line_ids": [
                Command.create(
                    {"account_id": company.account_stock_valuation_id.id, "name": "Opening stock", "debit": value}
                ),
                Command.create({"account_id": equity.id, "name": "Opening stock", "credit": value}),
            ],
        }
    ).action_post()


def open_channel(env, company, warehouses, name, code, platform, account, **values):
    """A channel whose money waits on an account of its own until it is paid out.

    :param account: number and, with the name of the channel, name of that account.
    """
    clearing = env["account.account"].create(
        {
            "name": f"{name} clearing",
            "code": account,
            "account_type": "asset_current",
            "reconcile": True,
            "company_ids": [Command.link(company.id)],
        }
    )
    journal = env["account.journal"].create(
        {"name": f"{name} payments", "code": f"{code[:4]}C", "type": "bank", "company_id": company.id}
    )
    (journal.inbound_payment_method_line_ids | journal.outbound_payment_method_line_ids).payment_account_id = clearing
    return env["oms.channel"].create(
        {
            "name": name,
            "code": code,
            "platform": platform,
            "company_id": company.id,
            "user_id": env.ref("base.user_admin").id,
            "warehouse_ids": [Command.set(warehouses.ids)],
            "clearing_journal_id": journal.id,
            **values,
        }
    )
