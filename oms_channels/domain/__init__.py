"""Pure decisions about channels: standard library only, no `odoo`, no clock, no I/O."""
