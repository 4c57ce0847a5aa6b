{
    "name": "Order Management: Batch Transfers",
    "summary": "Orders are picked in waves, planned by carrier, cut-off and capacity",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core", "delivery_stock_picking_batch"],
    "data": [
        "security/ir.model.access.csv",
        "security/oms_batch_rules.xml",
        "data/ir_cron_data.xml",
        "wizards/oms_wave_plan_views.xml",
        "views/stock_picking_batch_views.xml",
        "views/stock_picking_type_views.xml",
    ],
    "auto_install": True,
}
