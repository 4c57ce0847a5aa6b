{
    "name": "Order Management: CRM",
    "summary": "Opportunities that come out of orders and contacts",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "OMS for Odoo contributors",
    "website": "https://github.com/oms-odoo/oms",
    "license": "LGPL-3",
    "depends": ["oms_core", "sale_crm"],
    "data": ["views/crm_lead_views.xml", "views/sale_order_views.xml", "views/res_partner_views.xml"],
    "auto_install": True,
}
