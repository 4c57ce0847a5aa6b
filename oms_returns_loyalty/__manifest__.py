{
    "name": "Order Management: Returns as Gift Cards",
    "summary": "The money of a return becomes a gift card of Odoo's own, good in the shop, the back office and at the till",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_returns", "sale_loyalty"],
    "data": [
        "data/ir_cron_data.xml",
        "views/oms_channel_views.xml",
        "views/oms_return_views.xml",
        "views/portal_return_templates.xml",
    ],
    "auto_install": True,
}
