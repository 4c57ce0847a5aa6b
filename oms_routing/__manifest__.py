{
    "name": "Order Routing",
    "summary": "Ships each order from the best place, splits it where it must, and tells why",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core"],
    "data": [
        "security/ir.model.access.csv",
        "security/oms_rules.xml",
        "views/oms_sourcing_decision_views.xml",
        "views/sale_order_views.xml",
        "views/oms_menus.xml",
    ],
}
