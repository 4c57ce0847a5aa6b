// Opens every menu below a root menu, then its first record, then every tab of that. Run in Odoo's web client by test_screens.py.
(async () => {
    const PATIENCE_MS = 30000;
    const services = odoo.__WOWL_DEBUG__.root.env.services;
    const { rpcBus } = odoo.loader.modules.get("@web/core/network/rpc");
    const pending = new Set();
    rpcBus.addEventListener("RPC:REQUEST", ({ detail }) => pending.add(detail.data.id));
    rpcBus.addEventListener("RPC:RESPONSE", ({ detail }) => pending.delete(detail.data.id));
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));

    async function settled(what) {
        const until = Date.now() + PATIENCE_MS;
        let quiet = 0;
        while (quiet < 4) {
            const wrong = document.querySelector(".o_error_dialog");
            if (wrong) {
                throw new Error(`${what}: ${wrong.innerText}`);
            }
            if (Date.now() > until) {
                throw new Error(`${what}: still loading`);
            }
            quiet = pending.size ? 0 : quiet + 1;
            await pause(25);
        }
    }

    function* withAction(menu) {
        if (menu.actionID && !menu.childrenTree.length) {
            yield menu;
        }
        for (const child of menu.childrenTree) {
            yield* withAction(child);
        }
    }

    async function closeDialog(what) {
        const close = document.querySelector(".o_dialog .btn-close, .o_dialog .o_form_button_cancel");
        if (close) {
            close.click();
            await settled(what);
        }
    }

    const count = { menus: 0, forms: 0, tabs: 0 };
    try {
        const root = services.menu.getApps().find((app) => app.xmlid === ROOT);
        for (const menu of withAction(services.menu.getMenuAsTree(root.id))) {
            const what = `${menu.name} (${menu.xmlid})`;
            console.log(`Opening ${what}`);
            await services.action.doAction(menu.actionID, { clearBreadcrumbs: true });
            await settled(what);
            count.menus += 1;
            const record = document.querySelector(
                ".o_action_manager .o_data_row .o_data_cell:not(.o_list_button, .o_handle_cell), " +
                    ".o_action_manager .o_kanban_record:not(.o_kanban_ghost)"
            );
            // An empty list shows what it would look like, with records that are none.
            const isExample = document.querySelector(".o_action_manager .o_view_sample_data");
            if (record && !isExample && !document.querySelector(".o_dialog")) {
                record.click();
                await settled(`${what}, its first record`);
                count.forms += document.querySelector(".o_action_manager .o_form_view") ? 1 : 0;
                const tabs = document.querySelectorAll(".o_action_manager .o_notebook_headers .nav-link:not(.disabled)");
                for (const tab of tabs) {
                    tab.click();
                    await settled(`${what}, its first record, tab ${tab.innerText}`);
                    count.tabs += 1;
                }
            }
            await closeDialog(what);
        }
        if (!count.menus) {
            throw new Error("no menu was opened");
        }
        console.log(`Opened ${count.menus} menus, ${count.forms} forms and ${count.tabs} tabs`);
        console.log("test successful");
    } catch (error) {
        console.error(error.message);
    }
})();
