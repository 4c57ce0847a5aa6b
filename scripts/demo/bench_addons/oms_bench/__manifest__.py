{
    "name": "Bench: a Controller That Inserts One Row",
    "summary": "What the intake of webhooks is measured against. Never installed in a real database.",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "author": "OMS for Odoo contributors",
    "depends": ["base"],
    "installable": True,
}
