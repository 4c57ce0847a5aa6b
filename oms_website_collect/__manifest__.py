{
    "name": "Order Management: Click & Collect",
    "summary": "What customers of the website may pick up in a store is what that store has for them",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_website", "website_sale_collect"],
    "auto_install": True,
}
