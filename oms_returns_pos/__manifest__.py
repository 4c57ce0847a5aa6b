{
    "name": "Order Management: Store Credit at the Till",
    "summary": "What customers have as store credit is spent at the till, and checked there against the one ledger",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_returns", "oms_pos"],
    "data": ["views/pos_payment_method_views.xml"],
    "auto_install": True,
}
