"""A merchant comes from another system and brings its sourcing rules along. Nothing is switched on by that."""

from base64 import b64decode

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..const import MIGRATION_LOOK_MAX
from ..domain.migrating import BadFile, bring
from ..domain.migrating.model import CLOSE, NOT, SAME
from ..domain.migrating.reading import is_json, load
from ..domain.migrating.vectors import prove, read_vectors, vectors_in
from ..domain.words import listed
from ..models.oms_sourcing_rule import COLUMNS
from .oms_sourcing_migration_lines import VERDICTS

KINDS = [("hotwax", "HotWax Commerce"), ("magento", "Magento, Adobe Commerce"), ("shopify", "Shopify")]
#: What a name of the other system is → the column with what it is here.
TARGETS = {"place": "warehouse_id", "group": "node_group_id", "channel": "channel_id"}


class OmsSourcingMigration(models.TransientModel):
    """A file of rules: what each statement becomes, which places are meant, and whether known orders come from the same ones."""

    _name = "oms.sourcing.migration"
    _description = "Bring Sourcing Rules Along"

    state = fields.Selection(
        [("choose", "Choose"), ("preview", "Look"), ("result", "Brought along")], required=True, default="choose"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, default=lambda self: self.env.company)
    kind = fields.Selection(KINDS, string="System", help="Empty: found out by what is in the file.")
    recognised = fields.Selection(KINDS, string="Recognised As", readonly=True)
    file = fields.Binary(string="Rules", attachment=False)
    file_name = fields.Char()
    vector_file = fields.Binary(
        string="Known Orders", attachment=False, help="JSON or CSV; may also be in the file of rules."
    )
    vector_name = fields.Char(string="Name of Known Orders")
    exact = fields.Boolean(
        string="Divide Exactly as There",
        help="Where sources are asked by priority: a policy for each rank, so that orders are divided as there. Longer to read.",
    )
    same_count = fields.Integer(string="Brought", readonly=True)
    close_count = fields.Integer(string="With a Difference", readonly=True)
    left_count = fields.Integer(string="Not Brought", readonly=True)
    warning = fields.Text(readonly=True)
    statement_ids = fields.One2many("oms.sourcing.migration.statement", "migration_id", readonly=True)
    reference_ids = fields.One2many("oms.sourcing.migration.reference", "migration_id")
    answer_ids = fields.One2many("oms.sourcing.migration.answer", "migration_id", readonly=True)
    policy_ids = fields.Many2many(
        "oms.sourcing.policy", "oms_sourcing_migration_policy_rel", readonly=True, context={"active_test": False}
    )
    node_group_ids = fields.Many2many(
        "oms.node.group", "oms_sourcing_migration_group_rel", string="New Groups", readonly=True
    )
    agreement = fields.Char(readonly=True)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_preview(self):
        """Read the file, and show what its statements would become. Nothing is made yet."""
        self.ensure_one()
        self.check_access("write")
        migration, vectors = self._read()
        counts = {verdict: sum(one.verdict == verdict for one in migration.statements) for verdict, _name in VERDICTS}
        self.statement_ids.unlink()
        self.write(
            {
                "state": "preview",
                "recognised": migration.kind,
                "same_count": counts[SAME],
                "close_count": counts[CLOSE],
                "left_count": counts[NOT],
                "warning": self._say_wider(migration),
                "statement_ids": [
                    Command.create(
                        {
                            "place": one.where,
                            "says": one.says,
                            "verdict": one.verdict,
                            "becomes": one.becomes,
                            "code": one.code,
                            "reason": one.why,
                            "todo": one.todo,
                        }
                    )
                    for one in migration.statements
                ],
            }
        )
        self._match(migration, vectors)
        return self._reopen()

    def action_back(self):
        """Choose another file."""
        self.ensure_one()
        self.check_access("write")
        self.state = "choose"
        return self._reopen()

    def action_create(self):
        """Make the policies, first in line but switched off, and compare them with the known orders."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "preview":
            raise UserError(self.env._("Look at what the rules become first."))
        migration, vectors = self._read()
        if not migration.steps:
            raise UserError(
                self.env._("Nothing in the file becomes a policy. The list tells why, and what to do instead.")
            )
        self._match(migration, vectors)
        self._check_references()
        groups = self._make_groups(migration)
        policies = self._make_policies(migration, groups)
        self.write(
            {
                "state": "result",
                "policy_ids": [Command.set([made.id for _chain, made in policies])],
                "warning": "\n".join(
                    filter(None, (self._say_wider(migration), *self._say_left_out(migration, groups)))
                ),
            }
        )
        self._compare(vectors, policies)
        return self._reopen()

    def action_view_policies(self):
        """The new policies, still switched off."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_routing.oms_sourcing_policy_action")
        if len(self.policy_ids) == 1:
            return action | {"views": [(False, "form")], "res_id": self.policy_ids.id, "context": {}}
        return action | {"domain": [("id", "in", self.policy_ids.ids)], "context": {"active_test": False}}

    def action_try(self):
        """How many orders of the last days they would have sent elsewhere: all of the file are tried together."""
        self.ensure_one()
        self.check_access("write")
        return self.policy_ids[:1].action_try()

    def action_discard(self):
        """Take back what was made of the file, as long as nothing of it is switched on."""
        self.ensure_one()
        self.check_access("write")
        if switched_on := self.policy_ids.filtered("active"):
            names = listed(switched_on.mapped("name"))
            raise UserError(self.env._("%s decide already. Switch them off before you take them back.", names))
        self.policy_ids.unlink()
        self.node_group_ids.unlink()
        self.answer_ids.unlink()
        self.write({"state": "preview", "agreement": False, "warning": self._say_wider(self._read()[0])})
        return self._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Rules"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    # ------------------------------------------------------------------------------------------------------ READING

    def _read(self):
        """(``Migration``, its vectors) of the files, as they are now."""
        data = self._get_data("file")
        if not data:
            raise UserError(self.env._("Choose the file of rules that the other system exports."))
        try:
            migration = bring(data, self.kind or "", exact=self.exact)
            vectors = vectors_in(load(data)) if is_json(data) else ()
        except BadFile as error:
            raise UserError(self._say_bad(self.file_name, error)) from None
        try:
            vectors += read_vectors(known) if (known := self._get_data("vector_file")) else ()
        except BadFile as error:
            raise UserError(self._say_bad(self.vector_name, error)) from None
        return migration, vectors

    def _get_data(self, field):
        value = self.with_context(bin_size=False)[field]
        return b64decode(value) if value else b""

    def _say_bad(self, name, error):
        return self.env._(
            "Nothing was taken from %(file)s. %(place)s: %(problem)s",
            file=name or self.env._("the file"),
            place=error.where,
            problem=error.sentence,
        )

    def _say_wider(self, migration):
        if not migration.wider:
            return False
        return self.env._(
            "These would be for more orders than there, as no policy can ask for all that was asked there: %s. Look at what "
            "to do before you switch them on.",
            listed(migration.wider),
        )

    def _say_left_out(self, migration, groups):
        """What policies decide without, as everything that the file names for it was left out: a sentence each."""
        channels = self._get_targets("channel")
        for_all = [step.name for step in migration.steps if step.channels and not set(step.channels) & channels.keys()]
        if for_all:
            yield self.env._(
                "All channels of %s were left out, so that orders of every channel fit. Choose under Which Orders those that are "
                "meant before you switch it on.",
                listed(for_all),
            )
        without = [
            step.name
            for step in migration.steps
            if any(self._prepare_rule(rule, groups) is None for rule in (*step.constraints, *step.objectives))
        ]
        if without:
            yield self.env._(
                "All places of a rule of %s were left out, and it was made without that rule. Look at its rules before you "
                "switch it on.",
                listed(without),
            )

    # --------------------------------------------------------------------------------------------------- REFERENCES

    def _match(self, migration, vectors):
        """A row for each place, group and channel that the files name; what somebody chose stays."""
        places = [*migration.places, *(place for one in vectors for place, _sku in (*one.available, *one.expected))]
        named = [
            *(("place", name) for name in dict.fromkeys(places)),
            *(("group", name) for name in migration.named_groups),
            *(("channel", name) for name in migration.channels),
        ]
        known = {(row.kind, row.name) for row in self.reference_ids}
        gone = known.difference(named)
        self.reference_ids.filtered(lambda row: (row.kind, row.name) in gone).unlink()
        new = [(kind, name) for kind, name in named if (kind, name) not in known]
        found = self._find_targets(new)
        self.env["oms.sourcing.migration.reference"].create(
            [
                {"migration_id": self.id, "kind": kind, "name": name, TARGETS[kind]: found.get((kind, name), False)}
                for kind, name in new
            ]
        )

    def _find_targets(self, named):
        """{(kind, name): id}, by code, name or external identifier; nothing where several are called so."""
        company = [("company_id", "=", self.company_id.id)]
        found = {}
        for kind, model, domain, columns in (
            ("place", "stock.warehouse", company, ("code", "name")),
            ("group", "oms.node.group", [], ("name",)),
            ("channel", "oms.channel", company, ("code", "name")),
        ):
            names = [name for of_kind, name in named if of_kind == kind]
            if not names:
                continue
            records = self.env[model].search(domain, limit=MIGRATION_LOOK_MAX)
            called = {}
            for record in records:
                for column in columns:
                    called.setdefault(_plain(record[column]), set()).add(record.id)
            if kind == "place":
                for record_id, identifier in self._get_identifiers(records, names):
                    called.setdefault(_plain(identifier), set()).add(record_id)
            for name in names:
                ids = called.get(_plain(name), ())
                if len(ids) == 1:
                    found[kind, name] = next(iter(ids))
        return found

    def _get_identifiers(self, records, names):
        # sudo: identifiers that were given when warehouses were imported, of warehouses that were found already
        rows = (
            self.env["ir.model.data"]
            .sudo()
            .search([("model", "=", records._name), ("res_id", "in", records.ids), ("name", "in", names)])
        )
        return [(row.res_id, row.name) for row in rows]

    def _check_references(self):
        open_rows = self.reference_ids.filtered(lambda row: not row.leave_out and not row[TARGETS[row.kind]])
        if open_rows:
            raise UserError(
                self.env._(
                    "Say what is meant by %s here, or tick that it is left out.", listed(open_rows.mapped("name"))
                )
            )

    def _get_targets(self, kind):
        """{name in the file: record} of what is not left out."""
        rows = self.reference_ids.filtered(lambda row: row.kind == kind and not row.leave_out)
        return {row.name: row[TARGETS[kind]] for row in rows}

    # ------------------------------------------------------------------------------------------------------- MAKING

    def _make_groups(self, migration):
        """{name in the file: group of places}; those that the file fills are made, in their order, after all others."""
        groups = self._get_targets("group")
        places = self._get_targets("place")
        model = self.env["oms.node.group"]
        taken = set(model.search([], limit=MIGRATION_LOOK_MAX).mapped("name"))
        last = model.search([], order="sequence desc", limit=1).sequence
        filled = {
            name: [places[place].id for place in inside if place in places]
            for name, inside in migration.groups.items()
            if inside is not None
        }
        filled = {name: ids for name, ids in filled.items() if ids}
        made = model.create(
            [
                {"name": _free_name(name, taken), "sequence": last + number, "warehouse_ids": [Command.set(ids)]}
                for number, (name, ids) in enumerate(filled.items(), 1)
            ]
        )
        self.node_group_ids = made
        return groups | dict(zip(filled, made, strict=True))

    def _make_policies(self, migration, groups):
        """[(chain, policy)] in their sequence, switched off, before all others."""
        policies = self.env["oms.sourcing.policy"].with_context(active_test=False)
        channels = self._get_targets("channel")
        first = policies.search([("company_id", "=", self.company_id.id)], limit=1).sequence
        label = dict(KINDS)[migration.kind]
        brought = self.env._(
            "%(system)s, %(file)s (no. %(number)s)",
            system=label,
            file=self.file_name or self.env._("a file"),
            number=self.id,
        )
        vals_list = []
        for number, step in enumerate(migration.steps):
            of_step = [channels[name].id for name in step.channels if name in channels]
            rules = [(rule, self._prepare_rule(rule, groups)) for rule in (*step.constraints, *step.objectives)]
            vals = {
                "name": step.name,
                "company_id": self.company_id.id,
                "active": False,
                "sequence": first - len(migration.steps) + number,
                "leftover": step.leftover,
                "channel_ids": [Command.set(of_step)],
                "delivery_method": step.delivery_method or False,
                "brought_from": brought,
                "rule_ids": [
                    Command.create({"kind": rule.kind, "hard": rule.hard, "sequence": 10 * place, **columns})
                    for place, (rule, columns) in enumerate(rules, 1)
                    if columns is not None
                ],
            }
            if step.leftover_days is not None:
                vals["leftover_days"] = step.leftover_days
            if step.order_by:
                vals["order_by"] = step.order_by
            vals_list.append(vals)
        made = policies.create(vals_list)
        return [(step.chain, policy) for step, policy in zip(migration.steps, made, strict=True)]

    def _prepare_rule(self, rule, groups):
        """The columns of a rule; nothing where all groups that it is about are left out."""
        values = {}
        for parameter in ("groups", "excluded_groups"):
            names = getattr(rule, parameter)
            found = [groups[name].id for name in names if name in groups]
            if names and not found:
                return None
            values[COLUMNS[parameter][0]] = [Command.set(found)]
        for parameter in ("km", "quantity", "amount", "number"):
            if (number := getattr(rule, parameter)) is not None:
                values[COLUMNS[parameter][0]] = number if parameter == "number" else float(number)
        return values

    def _compare(self, vectors, policies):
        """Plan the known orders under the policies as they were made."""
        chains = {}
        for chain, policy in policies:
            chains.setdefault(chain, self.env["oms.sourcing.policy"])
            chains[chain] += policy
        places = self._get_targets("place")
        warehouses = self.env["stock.warehouse"].union(*places.values())
        nodes = {node.id: node for node in warehouses._to_domain()}
        answers = prove(
            vectors,
            {chain: of_chain._get_chain() for chain, of_chain in chains.items()},
            {name: nodes[warehouse.id] for name, warehouse in places.items()},
        )
        self.env["oms.sourcing.migration.answer"].create(
            [
                {
                    "migration_id": self.id,
                    "name": answer.name,
                    "agrees": answer.agrees,
                    "theirs": answer.theirs,
                    "ours": answer.ours,
                    "why": answer.why,
                }
                for answer in answers
            ]
        )
        if answers:
            self.agreement = self.env._(
                "%(agree)s of %(all)s known orders come from where they came there.",
                agree=sum(answer.agrees for answer in answers),
                all=len(answers),
            )


def _plain(name):
    """A name as it is compared: capitals, underscores and spaces are no difference."""
    return " ".join((name or "").replace("_", " ").lower().split())


def _free_name(name, taken):
    """The name, or the first one with a number after it that nobody has; it is taken then."""
    title, number = name, 1
    while title in taken:
        number += 1
        title = f"{name} ({number})"
    taken.add(title)
    return title
