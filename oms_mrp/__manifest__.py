{
    "name": "Order Management: Kits",
    "summary": "Kits can be promised as often as their components allow",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core", "sale_mrp"],
    "auto_install": True,
}
