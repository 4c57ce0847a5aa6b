/** @odoo-module **/

import { Component, useRef, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** A field for scanners that type: each code that ends with Enter is counted at once, in the order in which they came. */
export class OmsScan extends Component {
    static template = "oms_core.Scan";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.input = useRef("input");
        this.state = useState({ message: "", ok: true });
        this.scans = Promise.resolve();
    }

    onKeydown(event) {
        const code = event.target.value.trim();
        if (event.key !== "Enter" || !code) {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
        event.target.value = "";
        this.scans = this.scans.then(() => this.scan(code));
    }

    async scan(code) {
        const record = this.props.record;
        try {
            if (await record.isDirty()) {
                await record.save();
            }
            const answer = await this.orm.call(record.resModel, "action_oms_scan", [[record.resId], code]);
            Object.assign(this.state, answer);
            await record.load();
        } catch (error) {
            Object.assign(this.state, { ok: false, message: error.data?.message || error.message });
        }
        this.input.el?.focus();
    }
}

registry.category("view_widgets").add("oms_scan", { component: OmsScan });
