{
    "name": "Order Channels",
    "summary": "Takes the orders of your shops within seconds, to the cent, and loses none",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core"],
    "external_dependencies": {"python": ["requests", "requests-oauthlib"]},
    "data": [
        "security/ir.model.access.csv",
        "security/oms_rules.xml",
        "data/ir_cron_data.xml",
        "views/oms_channel_views.xml",
        "views/oms_channel_audit_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
}
