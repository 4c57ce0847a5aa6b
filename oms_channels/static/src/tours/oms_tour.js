import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/** Opens a menu below one of the top menus of Order Management; says why before, and what one sees after it. */
function open(section, item, why, screen) {
    return [
        {
            trigger: `.o_menu_sections [data-menu-xmlid='oms_core.${section}']`,
            content: why,
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: `.dropdown-item[data-menu-xmlid='${item}']`,
            content: why,
            tooltipPosition: "right",
            run: "click",
        },
        { trigger: screen },
    ];
}

registry.category("web_tour.tours").add("oms_tour", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps("oms_core.menu_oms_root", _t("Orders of all your shops are in one place: here.")),
        ...open(
            "menu_oms_orders",
            "oms_core.menu_oms_orders_all",
            _t("Every order of every channel, with where it stands. Filters and groups work on that, too."),
            ".o_action_manager .o_list_view"
        ),
        ...open(
            "menu_oms_orders",
            "oms_core.menu_oms_exceptions",
            _t("What cannot go on by itself, the most money first: each with the reason and what to do."),
            ".o_action_manager .o_list_view"
        ),
        ...open(
            "menu_oms_channels",
            "oms_channels.menu_oms_channel_connect",
            _t("Connect your first shop: its name and its keys, and each error says what to do about it."),
            ".o_dialog .o_form_view"
        ),
        {
            trigger: ".o_dialog .o_form_view .o_field_widget",
            content: _t("Choose where you sell. The next steps follow from that."),
            tooltipPosition: "bottom",
            run: "click",
        },
    ],
});
