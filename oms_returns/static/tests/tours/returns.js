import { registry } from "@web/core/registry";

// What a person does who has a minute; the orders are made by tests/test_on_screen.py.

/** Choose what the customer gets for a line of the return. */
function outcome(line, label) {
    const cell = `.o_field_widget[name=line_ids] .o_data_row:nth-child(${line}) td[name=outcome]`;
    return [
        { trigger: cell, run: "click" },
        { trigger: `${cell} .o_select_menu_toggler`, run: "click" },
        { trigger: `.o_select_menu_item:text(${label})`, run: "click" },
        { trigger: `${cell} .o_select_menu_toggler:value(${label})` },
    ];
}

/** Press a button of the form and wait for the stage that follows. */
function press(action, stage) {
    return [
        { trigger: `.o_statusbar_buttons button.oe_highlight[name=${action}], .o_statusbar_buttons button.btn-primary[name=${action}]`, run: "click" },
        { trigger: `.o_arrow_button_current:text(${stage})` },
    ];
}

registry.category("web_tour.tours").add("oms_returns_five_lines", {
    steps: () => [
        { trigger: "button[name=action_oms_return]", run: "click" },
        { trigger: ".o_field_widget[name=line_ids] .o_data_row:nth-child(5)" },
        { trigger: ".o_field_widget[name=set_reason_id] input", run: "edit Defective" },
        { trigger: ".ui-autocomplete .dropdown-item:contains(Defective)", run: "click" },
        { trigger: ".o_data_row:nth-child(5) td[name=reason_id]:contains(Defective)" },
        ...outcome(2, "Store credit"),
        ...outcome(3, "Exchange"),
        ...outcome(4, "Replacement"),
        ...outcome(5, "Nothing"),
        ...press("action_authorize", "Expected"),
        ...press("action_receive", "Accepted"),
        ...press("action_refund", "Settled"),
        ...press("action_repay", "Closed"),
    ],
});

registry.category("web_tour.tours").add("oms_returns_postings", {
    steps: () => [
        { trigger: ".o_notebook a[name=postings]", run: "click" },
        { trigger: ".o_field_widget[name=posting_ids] .o_data_row:contains(came back and were accepted)" },
        { trigger: ".o_field_widget[name=posting_ids] .o_data_row:contains(went back by the way the customer paid)" },
        { trigger: ".o_field_widget[name=posting_ids] button[name=action_oms_view_items]:first", run: "click" },
        { trigger: ".o_list_view .o_data_row td[name=debit]" },
        { trigger: ".o_breadcrumb a, .breadcrumb-item a", run: "click" },
        { trigger: ".o_field_widget[name=posting_ids]" },
    ],
});

registry.category("web_tour.tours").add("oms_returns_on_a_phone", {
    steps: () => [
        { trigger: "a:contains(Send something back)", run: "click", expectUnloadPage: true },
        { trigger: ".o_oms_line:first .o_oms_take", run: "click" },
        { trigger: ".o_oms_line:first select[name^=reason_]:visible", run: "selectByLabel Defective" },
        { trigger: "button[name=step][value=check]", run: "click", expectUnloadPage: true },
        { trigger: "[name=amounts] td[name=total]" },
        { trigger: "button[name=step][value=apply]", run: "click", expectUnloadPage: true },
        { trigger: "h1:contains(Return)" },
    ],
});
