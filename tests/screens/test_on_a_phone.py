"""RET-09, DEP-02, FUL-05: what customers and vendors see fits a small phone, and can be read to those who do not see it."""

from odoo.tests import tagged

from odoo.addons.oms_purchase.tests.test_vendor_page import VendorPages
from odoo.addons.oms_returns.tests.test_portal_return import ReturnPages

READY = "document.readyState === 'complete'"
PATIENCE_S = 60
LOOK = """
(() => {
    const shown = (element) => element.getClientRects().length > 0;
    const page = document.querySelector("main") || document.body;
    const wrong = [];
    const width = document.documentElement.scrollWidth;
    if (width > window.innerWidth) {
        wrong.push(`the page is ${width} wide, and the phone ${window.innerWidth}`);
    }
    for (const field of page.querySelectorAll("input:not([type=hidden]), select, textarea")) {
        if (shown(field) && !field.labels.length && !field.getAttribute("aria-label") && !field.title) {
            wrong.push(`nothing names the field ${field.name}`);
        }
    }
    for (const target of page.querySelectorAll("button, a.btn, input[type=submit]")) {
        const { width, height } = target.getBoundingClientRect();
        if (shown(target) && (width < 24 || height < 24)) {
            wrong.push(`"${target.innerText}" is too small for a finger: ${width} by ${height}`);
        }
    }
    for (const picture of page.querySelectorAll("img:not([alt])")) {
        wrong.push(`nothing says what ${picture.src} shows`);
    }
    if (wrong.length) {
        console.error(wrong.join("; "));
    } else {
        console.log("test successful");
    }
})();
"""


class Phone:
    browser_size = "375x667"
    touch_enabled = True

    def _look_at(self, path, login=None):
        self.env.flush_all()
        self.browser_js(path, LOOK, READY, login=login, timeout=PATIENCE_S)


@tagged("post_install", "-at_install")
class TestOnAPhone(Phone, ReturnPages):
    def setUp(self):
        super().setUp()
        self.user.name = "Anna Martin"  # Odoo's header breaks no name; that of a test's user is longer than people's

    def test_the_link_of_a_mail(self):
        self._look_at(self._link(path=""))

    def test_the_beginning_of_a_return(self):
        self._look_at(self._link())

    def test_looking_an_order_up(self):
        self._look_at("/oms/track")

    def test_an_order_in_the_account(self):
        self._look_at(self.order.get_portal_url(), login=self.user.login)

    def test_changing_an_order(self):
        self._look_at(f"/my/orders/{self.order.id}/cancel", login=self.user.login)

    def test_a_return_that_was_begun(self):
        record = self._return(self.order, 1)
        self._look_at(f"/my/returns/{record.id}", login=self.user.login)

    def test_all_returns(self):
        self._return(self.order, 1)
        self._look_at("/my/returns", login=self.user.login)


@tagged("post_install", "-at_install")
class TestVendorOnAPhone(Phone, VendorPages):
    def test_what_a_vendor_is_asked_to_send(self):
        self._look_at(self.purchase.get_portal_url())

    def test_what_a_vendor_has_still_to_send(self):
        self.purchase.action_oms_vendor_accept()
        self._look_at(self.purchase.get_portal_url())
