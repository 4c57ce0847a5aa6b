/** @odoo-module **/

import { Component, onWillStart, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** A control chart: the share of each period, what is usual, and the limit above which it is hardly chance. */
export class OmsControlChart extends Component {
    static template = "oms_returns.ControlChart";
    static props = { ...standardFieldProps };

    setup() {
        this.canvas = useRef("canvas");
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                this.draw();
                return () => this.chart && this.chart.destroy();
            },
            () => [this.props.record.data[this.props.name]]
        );
    }

    get points() {
        return JSON.parse(this.props.record.data[this.props.name] || '{"labels": []}');
    }

    /** The same for those who do not see it. */
    get description() {
        const { labels, rate, usual, limit } = this.points;
        return labels
            .map((label, index) => `${label}: ${rate[index]} % (${usual[index]} %, ${limit[index]} %)`)
            .join("; ");
    }

    draw() {
        const { labels, rate, usual, limit, said } = this.points;
        if (!this.canvas.el || !labels.length) {
            return;
        }
        const colors = rate.map((value, index) => (value > limit[index] ? "#D44C59" : "#0180A5"));
        const line = { pointRadius: 0, borderWidth: 1.5, fill: false };
        this.chart = new Chart(this.canvas.el, {
            type: "line",
            data: {
                labels,
                datasets: [
                    {
                        label: _t("Came back (%)"),
                        data: rate,
                        borderColor: "#0180A5",
                        pointBackgroundColor: colors,
                        pointBorderColor: colors,
                        backgroundColor: "#0180A5",
                        pointRadius: 4,
                        borderWidth: 2,
                        fill: false,
                    },
                    { ...line, label: _t("Usual (%)"), data: usual, borderColor: "#8F8F8F" },
                    { ...line, label: _t("Limit (%)"), data: limit, borderColor: "#D44C59", borderDash: [6, 4] },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                scales: { y: { beginAtZero: true } },
                plugins: {
                    legend: { position: "bottom" },
                    tooltip: { callbacks: { footer: (items) => said[items[0].dataIndex] } },
                },
            },
        });
    }
}

registry.category("fields").add("oms_control_chart", {
    component: OmsControlChart,
    displayName: _t("Control Chart"),
    supportedTypes: ["text", "char"],
});
