{
    "name": "Order Management: Website",
    "summary": "Odoo's own shop is a channel like any other, and sells no more than there is for it",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core", "website_sale_stock"],
    "data": ["views/oms_channel_views.xml"],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
