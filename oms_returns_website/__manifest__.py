{
    "name": "Order Management: Store Credit on the Website",
    "summary": "Customers use their store credit in the checkout of Odoo's own shop, and pay the rest as ever",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_returns", "oms_website"],
    "data": ["data/ir_cron_data.xml", "views/payment_templates.xml"],
    "auto_install": True,
}
