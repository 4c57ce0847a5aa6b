from odoo import fields, models

from ..domain.migrating.model import CLOSE, NOT, SAME

VERDICTS = [(SAME, "Brought"), (CLOSE, "With a difference"), (NOT, "Not brought")]


class OmsSourcingMigrationStatement(models.TransientModel):
    """One thing that the file says, and what it becomes."""

    _name = "oms.sourcing.migration.statement"
    _description = "Statement of a File of Sourcing Rules"

    migration_id = fields.Many2one("oms.sourcing.migration", required=True, ondelete="cascade")
    place = fields.Char(string="In the File", readonly=True)
    says = fields.Char(string="There", readonly=True)
    verdict = fields.Selection(VERDICTS, readonly=True)
    becomes = fields.Char(readonly=True)
    code = fields.Char(readonly=True)
    reason = fields.Char(readonly=True)
    todo = fields.Char(string="What to Do", readonly=True)


class OmsSourcingMigrationReference(models.TransientModel):
    """A place, a group of places or a channel as the other system calls it, and what it is here."""

    _name = "oms.sourcing.migration.reference"
    _description = "Name in a File of Sourcing Rules"

    migration_id = fields.Many2one("oms.sourcing.migration", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="migration_id.company_id")
    kind = fields.Selection([("place", "Place"), ("group", "Group of places"), ("channel", "Channel")], readonly=True)
    name = fields.Char(string="Name There", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", domain="[('company_id', '=', company_id)]")
    node_group_id = fields.Many2one("oms.node.group", string="Group of Places")
    channel_id = fields.Many2one("oms.channel", domain="[('company_id', '=', company_id)]")
    leave_out = fields.Boolean(help="The rules are made as if the file did not name it.")


class OmsSourcingMigrationAnswer(models.TransientModel):
    """A known order: from where it came there, and from where it comes here."""

    _name = "oms.sourcing.migration.answer"
    _description = "Known Order Compared"
    _order = "agrees, id"

    migration_id = fields.Many2one("oms.sourcing.migration", required=True, ondelete="cascade")
    name = fields.Char(string="Order", readonly=True)
    agrees = fields.Boolean(readonly=True)
    theirs = fields.Char(string="There", readonly=True)
    ours = fields.Char(string="Here", readonly=True)
    why = fields.Char(readonly=True)
