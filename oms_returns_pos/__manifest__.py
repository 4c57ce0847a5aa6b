{
    "name": "Order Management: Returns at the Till",
    "summary": "Goods of any channel are taken back and paid back at the till; store credit is spent there",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_returns", "oms_pos"],
    "data": ["views/pos_payment_method_views.xml"],
    "assets": {"point_of_sale._assets_pos": ["oms_returns_pos/static/src/**/*"]},
    "auto_install": True,
}
