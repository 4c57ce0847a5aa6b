"""Local stand-ins for the platforms, true to their contracts. For tests and demonstrations; nothing imports odoo."""
