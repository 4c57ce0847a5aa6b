import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { Dialog } from "@web/core/dialog/dialog";
import { ConnectionLostError, RPCError } from "@web/core/network/rpc";
import { useService } from "@web/core/utils/hooks";
import { Component, useState } from "@odoo/owl";
import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { uuidv4 } from "@point_of_sale/utils";

/** Takes back goods of any channel and pays them back. Everything is decided by the server; without it nothing is paid. */
export class ReturnPopup extends Component {
    static template = "oms_returns_pos.ReturnPopup";
    static components = { Dialog };
    static props = { close: Function };

    setup() {
        this.pos = usePos();
        this.orm = useService("orm");
        this.hardwareProxy = useService("hardware_proxy");
        this.state = useState({
            text: "",
            busy: false,
            message: "",
            isBad: false,
            choices: [],
            request: null,
            methodId: false,
        });
        // Names the payment that is tried: once more after a lost connection is not twice.
        this.key = uuidv4();
    }

    get canTakeBack() {
        return this.state.request?.lines.some((line) => Number(line.quantity) > 0);
    }

    format(amount) {
        return this.env.utils.formatCurrency(amount);
    }

    say(message, isBad = false) {
        Object.assign(this.state, { message, isBad });
    }

    /** Ask the server, one question at a time; what it refuses is told in its words. */
    async ask(method, ...args) {
        if (this.state.busy) {
            return false;
        }
        this.state.busy = true;
        try {
            return await this.orm.call("pos.session", method, [[this.pos.session.id], ...args]);
        } catch (error) {
            if (error instanceof ConnectionLostError) {
                this.say(_t("No connection. Press the button again when it is back: nothing is done twice."), true);
            } else if (error instanceof RPCError) {
                this.say(error.data?.message || error.message, true);
            } else {
                throw error;
            }
            return false;
        } finally {
            this.state.busy = false;
        }
    }

    show(request) {
        if (request.id !== this.state.request?.id) {
            this.key = uuidv4();
        }
        for (const line of request.lines) {
            line.quantity = "";
            line.numbers = "";
        }
        const methods = request.methods.map((method) => method.id);
        if (!methods.includes(this.state.methodId)) {
            this.state.methodId = methods[0];
        }
        Object.assign(this.state, { request, choices: [] });
    }

    async find() {
        if (!this.state.text.trim()) {
            return;
        }
        const found = await this.ask("oms_find_returns", this.state.text);
        if (!found) {
            return;
        }
        if (found.id) {
            this.say("");
            return this.show(found);
        }
        Object.assign(this.state, { request: null, choices: found.choices });
        this.say(found.message, Boolean(found.message));
    }

    async choose(choice) {
        const request = choice.return_id
            ? await this.ask("oms_show_return", choice.return_id)
            : await this.ask("oms_start_return", choice.order_id);
        if (request) {
            this.say("");
            this.show(request);
        }
    }

    countAll() {
        for (const line of this.state.request.lines) {
            line.quantity = String(line.expected);
        }
    }

    async takeBack() {
        const counted = this.state.request.lines
            .filter((line) => Number(line.quantity) > 0)
            .map(({ line_id, expected, quantity, grade_id, numbers }) => ({
                line_id,
                expected,
                quantity: Number(quantity),
                grade_id: Number(grade_id) || false,
                numbers,
            }));
        const request = await this.ask("oms_take_back", this.state.request.id, counted);
        if (request) {
            this.say(_t("Taken in."));
            this.show(request);
        }
    }

    async payBack() {
        const { id, amount, methods } = this.state.request;
        const method = methods.find((method) => method.id === Number(this.state.methodId));
        const request = await this.ask("oms_pay_back", id, method.id, amount, this.key);
        if (!request) {
            return;
        }
        this.key = uuidv4();
        if (method.is_cash) {
            this.hardwareProxy.openCashbox(_t("Return paid back"));
            this.say(_t("Give the customer %s.", this.format(amount)));
        } else {
            this.say(_t("Refund %s on the card reader (%s).", this.format(amount), method.name));
        }
        this.show(request);
    }
}

patch(ControlButtons.prototype, {
    onClickReturns() {
        this.props.close?.();
        this.dialog.add(ReturnPopup);
    },
});
