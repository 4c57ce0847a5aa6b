"""Pure decisions and values: standard library only, no `odoo`, no clock, no I/O."""
