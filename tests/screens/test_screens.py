"""CAP-07, UX-01: every screen of Order Management is opened in a real browser, by everybody who has it in the menu.

The whole run does so on the demonstration shop, where the lists are full; elsewhere on whatever the database has.
"""

from pathlib import Path

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

ROOT = "oms_core.menu_oms_root"
FORMS = (Path(__file__).parent / "every_form.js").read_text(encoding="utf-8")
READY = "odoo.isReady === true"
PATIENCE_S = 1200

ROLES = {
    "store": ["oms_core.group_oms_store"],
    "warehouse": ["oms_core.group_oms_warehouse"],
    "service": ["oms_core.group_oms_user"],
    "accountant": ["oms_core.group_oms_accountant", "account.group_account_user"],
    "manager": ["oms_core.group_oms_manager", "account.group_account_manager", "stock.group_stock_manager"],
}


@tagged("post_install", "-at_install")
class TestScreens(HttpCase):
    allow_end_on_form = True

    def _become(self, role):
        login = f"screens_{role}"
        groups = [self.env.ref(name).id for name in ["base.group_user", *ROLES[role]]]
        companies = self.env.company
        user = self.env["res.users"].create(
            {
                "name": role,
                "login": login,
                "password": login,
                "email": f"{login}@example.com",
                "group_ids": [Command.set(groups)],
                "company_id": companies.id,
                "company_ids": [Command.set(companies.ids)],
            }
        )
        if role == "store":
            places = self.env["stock.warehouse"].search([("company_id", "=", companies.id)])
            (places.filtered(lambda place: place.oms_node_type == "store") or places)[:1].oms_user_ids += user
        return login

    def _open_every_form(self, role):
        code = f"const ROOT = '{ROOT}';\n{FORMS}"
        self.browser_js("/odoo", code, READY, login=self._become(role), timeout=PATIENCE_S)

    def test_the_clerk_opens_all_that_is_in_the_menu(self):
        self._open_every_form("service")

    def test_the_accountant_opens_all_that_is_in_the_menu(self):
        self._open_every_form("accountant")

    def test_the_store_opens_all_that_is_in_the_menu(self):
        self._open_every_form("store")

    def test_the_warehouse_opens_all_that_is_in_the_menu(self):
        self._open_every_form("warehouse")

    def test_the_manager_opens_all_that_is_in_the_menu(self):
        self._open_every_form("manager")

    def test_the_manager_switches_to_every_view_and_sets_every_filter(self):
        click = "odoo.loader.modules.get('@web/webclient/clickbot/clickbot_loader').startClickEverywhere"
        self.browser_js(
            "/odoo",
            f"{click}('{ROOT}')",
            READY,
            login=self._become("manager"),
            timeout=PATIENCE_S,
            success_signal="clickbot test succeeded",
        )

    def test_who_is_new_is_shown_around(self):
        self.start_tour("/odoo", "oms_tour", login=self._become("manager"))
