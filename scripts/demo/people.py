"""Colleagues of Maison Verte, so that anybody can see what each of them sees. The password of each is the login."""

from odoo.fields import Command

#: login: (name, groups)
PEOPLE = {
    "store": ("Salomé Martin, Boutique Lyon", ("oms_core.group_oms_store",)),
    "warehouse": ("Karim Haddad, warehouse", ("oms_core.group_oms_warehouse",)),
    "service": ("Inès Laurent, customer service", ("oms_core.group_oms_user",)),
    "accountant": ("Hugo Lefèvre, accountant", ("oms_core.group_oms_accountant", "account.group_account_user")),
}


def people(env):
    """Make the users; whoever works in a store is told its place when the store is made."""
    env["res.users"].with_context(no_reset_password=True).create(
        [
            {
                "name": name,
                "login": login,
                "password": login,
                "email": f"{login}@maison-verte.example",
                "company_id": env.company.id,
                "company_ids": [Command.set(env.company.ids)],
                "group_ids": [Command.set([env.ref("base.group_user").id, *(env.ref(group).id for group in groups)])],
            }
            for login, (name, groups) in PEOPLE.items()
        ]
    )
