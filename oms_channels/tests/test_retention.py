"""Personal data go on schedule; the ledger, the taxes and the figures of the shop stay what they were."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.oms_core.domain.third_party import told_of

from .common import ChannelsCommon

#: A picture of one pixel.
SCRAWL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class TestRetention(ChannelsCommon):
    def _sold(self, days_ago, **values):
        order = self._order(**values)
        order.date_order = fields.Datetime.now() - timedelta(days=days_ago)
        return order

    def _run(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_forget_customers").method_direct_trigger()
        self.env.invalidate_all()

    def _figures(self):
        """Trial balance, taxes, and what the order report counts, by country of the customer."""
        self.env.flush_all()
        company = [("company_id", "=", self.company.id)]
        return (
            self.env["account.move.line"]._read_group(
                [*company, ("parent_state", "=", "posted")], ["account_id"], ["balance:sum", "__count"]
            ),
            self.env["oms.tax.report"]._read_group(
                company, ["payer", "rate", "country_id"], ["base:sum", "amount:sum"]
            ),
            self.env["oms.order.report"]._read_group(
                company, ["country_id", "state"], ["amount:sum", "quantity_shipped:sum", "__count"]
            ),
        )

    def _where(self, words):
        """Names of the columns of the whole database in which these words stand, and kinds of messages that hold them."""
        self.env.flush_all()
        columns = self.env.execute_query(
            SQL(
                """SELECT c.table_name, c.column_name FROM information_schema.columns c
                     JOIN information_schema.tables t USING (table_schema, table_name)
                    WHERE c.table_schema = current_schema AND t.table_type = 'BASE TABLE'
                      AND c.data_type IN ('character varying', 'text', 'json', 'jsonb')"""
            )
        )
        found = set()
        for table, column in columns:
            query = SQL(
                "SELECT FROM %s WHERE %s::text ILIKE %s LIMIT 1",
                SQL.identifier(table),
                SQL.identifier(column),
                f"%{words}%",
            )
            if self.env.execute_query(query):
                found.add(f"{table}.{column}")
        messages = self.env["oms.message"].search([("body", "!=", False)])
        return found | {message.kind for message in messages if words.encode() in message._get_body()}

    def _told_everywhere(self, order):
        """Have somebody's address stand wherever the work on an order brings it: held, changed, told to a warehouse, written."""
        address = order.partner_id
        order._oms_hold("address", "Is it right?")
        change = self.env["oms.order.change"].create(
            {
                "order_id": order.id,
                "kind": "address",
                **{name: address[name] for name in ("name", "street", "zip", "city", "phone")},
                "country_id": address.country_id.id,
            }
        )
        change.action_withdraw()
        body = f"Dear customer of {address.street}, we write to {address.email} and call {address.phone}."
        picking = order.picking_ids[:1]
        for record in [order, *picking]:
            record.message_post(body=body, partner_ids=address.ids, email_from=address.email, message_type="comment")
        messages = self.env["oms.message"]
        for kind, direction, about in (("3pl_order", "out", picking or order), ("order", "in", order)):
            message = messages._receive(self.channel, kind, f"{kind}{order.id}", body.encode(), direction=direction)
            message._finish(about, "done", "")

    def test_no_copy_is_left_of_who_was_forgotten(self):
        self.channel.erase_after_days = 30
        who = {"email": "vanish.entirely@example.com", "street": "77 rue du Vanneau", "phone": "+33 1 99 88 77 66"}
        other = {"email": "vanish.too@example.com", "street": "78 rue du Vanneau", "phone": "+33 1 99 88 77 55"}
        booked, called_off = (self._sold(31, billing=self._address(**address)) for address in (who, other))
        self.warehouse.oms_3pl_channel_id = self.channel
        for order in booked | called_off:
            for picking in order.picking_ids:
                picking.oms_3pl_told = told_of(picking._oms_render_order())
            self._told_everywhere(order)
        order_holds = self.env["oms.hold"].search([("order_id", "in", (booked | called_off).ids)])
        order_holds.action_release()
        called_off._action_cancel()
        self._ship(booked)
        self._book(booked)
        before = self._figures()
        places = {"payment_transaction.partner_email", "mail_message.body", "3pl_order", "order"}
        self.assertLess(places, self._where("vanish.entirely"))
        self.assertLess({"oms_order_change.street", "oms_hold.address_original"}, self._where(who["street"]))
        self._run()
        for kept in ("vanish.entirely", "99 88 77 66", "199887766", "vanish.too", "78 rue du Vanneau", "199887755"):
            with self.subTest(kept):
                self.assertEqual(self._where(kept), set())
        self.assertEqual(
            {place.partition(".")[0] for place in self._where(who["street"])},
            {"res_partner"},
            "the posted invoice needs it",
        )
        self.assertEqual(self._figures(), before)

    def _left_about(self, order):
        """What lies around an order besides its own messages: its file, what is attached, signed, said, scanned and merged.

        :return: the attachments.
        """
        words = f"Ask {order.partner_id.email} about it."
        file, message = (
            self.env["oms.message"]._receive(self.channel, kind, f"{kind}{order.id}", words.encode())
            for kind in ("file", "order")
        )
        message.file_id = file
        message._finish(order, "done", "")
        file._finish(self.env["sale.order"], "done", "")
        order.write({"signed_by": words, "signature": SCRAWL})
        self.env["oms.cancellation"].create(
            {"order_id": order.id, "asked_by": "customer", "reason": "customer", "note": words, "state": "too_late"}
        )
        feedback = self.env["oms.feedback"].create({"order_id": order.id, "stars": 4, "words": words})
        line = order.order_line[:1]
        feedback.line_ids.create(
            {
                "feedback_id": feedback.id,
                "sale_line_id": line.id,
                "product_id": line.product_id.id,
                "remark": words,
            }
        )
        self.env["oms.tracking.event"].create(
            {
                "picking_id": order.picking_ids[:1].id,
                "carrier_id": self.env["delivery.carrier"].search([], limit=1).id,
                "tracking_number": "T",
                "at": fields.Datetime.now(),
                "digest": f"digest-{order.id}",
                "text": words,
            }
        )
        newer = self.env["res.partner"].create({"name": "Newer", "email": order.partner_id.email, "customer_rank": 1})
        match = self.env["oms.customer.match"].create({"partner_id": newer.id, "candidate_id": order.partner_id.id})
        match.action_merge()
        return self.env["ir.attachment"].create(
            [
                {"name": "letter.txt", "raw": words.encode(), "res_model": record._name, "res_id": record.id}
                for record in (order, order.picking_ids[:1], order.partner_id)
            ]
        )

    def test_files_words_signatures_and_who_was_merged_go_with_their_customer(self):
        self.channel.erase_after_days = 30
        order = self._sold(31, billing=self._address(email="vanish.entirely@example.com"))
        attached = self._left_about(order)
        self._ship(order)
        self._book(order)
        before = self._figures()
        places = {
            "file", "oms_feedback.words", "oms_feedback_line.remark", "oms_cancellation.note", "sale_order.signed_by",
            "oms_tracking_event.text", "oms_customer_match.snapshot", "mail_message.body",
        }  # fmt: skip
        self.assertLess(places, self._where("vanish.entirely"))
        self._run()
        self.assertEqual(self._where("vanish.entirely"), set())
        self.assertFalse(attached.exists() or order.signature)
        feedback = self.env["oms.feedback"].search([("order_id", "=", order.id)])
        self.assertEqual((feedback.stars, feedback.line_ids.product_id), (4, order.order_line[:1].product_id))
        self.assertEqual(self._figures(), before)

    def test_who_bought_long_ago_is_forgotten_and_no_figure_changes(self):
        self.channel.erase_after_days = 30
        old, new = self._sold(31), self._sold(29)
        (old | new).oms_customer_ref = "C-7"
        called_off = self._sold(40)
        called_off._action_cancel()
        for order in old | new:
            self._ship(order)
            self._book(order)
        before = self._figures()
        name = old.partner_id.name
        self._run()
        self.assertEqual((old.partner_id.email, old.partner_id.phone, old.partner_id.name), (False, False, name))
        self.assertEqual((old.oms_customer_ref, new.oms_customer_ref), (False, "C-7"))
        self.assertTrue(old.partner_id.street, "the posted invoice needs it")
        self.assertEqual((called_off.partner_id.name, called_off.partner_id.street), ("Erased customer", False))
        self.assertTrue(new.partner_id.email)
        self.assertEqual(self._figures(), before)

    def test_what_the_books_needed_goes_when_they_need_it_no_more(self):
        self.channel.erase_after_days = 30
        order = self._sold(31)
        self._ship(order)
        self._book(order)
        self._run()
        before = self._figures()
        long_ago = fields.Date.today() - timedelta(days=4000)
        self.env.cr.execute("UPDATE account_move SET date = %s WHERE company_id = %s", (long_ago, self.company.id))
        self.env.cr.execute("UPDATE sale_order SET date_order = %s WHERE id = %s", (long_ago, order.id))
        order.partner_id.oms_erased_on = long_ago + timedelta(days=31)
        self.env.invalidate_all()
        self._run()
        self.assertEqual((order.partner_id.name, order.partner_id.street), ("Erased customer", False))
        self.assertEqual(self._figures()[0], before[0])

    def test_who_waits_for_a_parcel_or_buys_elsewhere_is_not_forgotten(self):
        self.channel.erase_after_days = 30
        waiting, regular = self._sold(31), self._sold(31)
        self._ship(regular)
        self._book(regular)
        other = self._create_channel("OTHER")
        regular.copy({"oms_channel_id": other.id, "partner_id": regular.partner_id.id})
        self._run()
        self.assertTrue(waiting.partner_id.email and regular.partner_id.email)

    def _over(self, order):
        self._ship(order)
        self._book(order)

    def test_who_bought_on_two_channels_is_forgotten_when_the_days_of_both_are_over(self):
        other = self._create_channel("OTHER")
        order = self._sold(41)
        second = self._apply(self._doc(billing=self._address(email=order.partner_id.email)), channel=other)[0][0]
        self.assertEqual(second.partner_id, order.partner_id)
        second.date_order = fields.Datetime.now() - timedelta(days=41)
        for each in order | second:
            self._over(each)
        self.channel.erase_after_days = 30
        self.assertFalse(self.channel._get_forgettable(), "the other one never forgets by itself")
        other.erase_after_days = 60
        self.assertFalse(self.channel._get_forgettable() | other._get_forgettable())
        other.erase_after_days = 40
        self._run()
        self.assertFalse(order.partner_id.email)

    def test_an_old_cart_or_quotation_that_nobody_paid_keeps_nobody(self):
        self.channel.erase_after_days = 30
        first, second, third, paid = (self._sold(31) for _n in range(4))
        for order in first | second | third | paid:
            self._over(order)
        old, new = (fields.Datetime.now() - timedelta(days=days) for days in (31, 1))
        for order, values in (
            (first, {"oms_channel_id": False, "date_order": old}),
            (second, {"oms_channel_id": self.channel.id, "date_order": old}),
            (third, {"oms_channel_id": False, "date_order": new}),
            (paid, {"oms_channel_id": self.channel.id, "date_order": old}),
        ):
            cart = self.env["sale.order"].create({"partner_id": order.partner_id.id, "company_id": self.company.id})
            cart.write(values)
            if order == paid:
                cart.transaction_ids = paid.transaction_ids[:1].copy({"reference": "of the cart", "state": "done"})
        self._run()
        self.assertFalse(first.partner_id.email or second.partner_id.email)
        self.assertTrue(third.partner_id.email and paid.partner_id.email)
        self.assertFalse(self.channel._get_forgettable(), "nobody is looked at each night for nothing")

    def test_a_login_to_the_portal_goes_with_its_customer_and_that_of_a_colleague_stays(self):
        self.channel.erase_after_days = 30
        buyer, colleague = self._sold(31), self._sold(31)
        for order, group in ((buyer, "base.group_portal"), (colleague, "base.group_user")):
            self._over(order)
            person = order.partner_id
            self._create_user(f"enters.{order.id}", group, partner_id=person.id, name=person.name, email=person.email)
        login, inside = buyer.partner_id.user_ids, colleague.partner_id.user_ids
        name = login.login
        self._run()
        self.assertFalse(buyer.partner_id.email or login.active)
        self.assertEqual(self._where(name), set())
        self.assertTrue(colleague.partner_id.email and inside.active)

    def test_each_is_forgotten_once_and_nobody_where_nothing_is_set(self):
        order = self._sold(31)
        self._ship(order)
        self._book(order)
        self._run()
        self.assertTrue(order.partner_id.email)
        self.channel.erase_after_days = 30
        self.assertEqual(self.channel._get_forgettable(), order.partner_id)
        self._run()
        self.assertFalse(self.channel._get_forgettable())
        with self.assertRaises(ValidationError):
            self.channel.erase_after_days = -1
