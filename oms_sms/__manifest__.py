{
    "name": "Order Management: Text Messages",
    "summary": "Customers are told by text message too, by the same rules as by mail",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core", "sms"],
    "data": ["data/sms_template_data.xml", "views/oms_notification_rule_views.xml"],
    "auto_install": True,
}
