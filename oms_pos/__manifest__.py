{
    "name": "Order Management: Point of Sale",
    "summary": "What is sold at the till stands in the one order list, and is gone for every other channel at once",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core", "pos_sale"],
    "data": [
        "data/res_partner_data.xml",
        "data/ir_cron_data.xml",
        "views/pos_order_views.xml",
        "views/sale_order_views.xml",
    ],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
