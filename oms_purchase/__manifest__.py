{
    "name": "Order Management: Purchase",
    "summary": "Vendors as places that orders are fulfilled from",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core", "stock_dropshipping"],
    "data": [
        "security/ir.model.access.csv",
        "security/oms_purchase_rules.xml",
        "wizards/oms_vendor_reject_views.xml",
        "views/purchase_order_views.xml",
        "views/account_move_views.xml",
        "views/portal_templates.xml",
    ],
    "auto_install": True,
}
