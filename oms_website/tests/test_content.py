import base64
import io
from unittest.mock import patch

from PIL import Image

from odoo.tests import tagged

from .common import ShopCommon


def picture(color):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(stream, "PNG")
    return base64.b64encode(stream.getvalue())


@tagged("post_install", "-at_install")
class TestContent(ShopCommon):
    """CAP-12: what the shop keeps of a product besides its name is told to other channels, too."""

    def test_whoever_tells_others_what_a_product_shows_hears_of_its_further_pictures(self):
        template, other = self.product_standard.product_tmpl_id, self.product_average.product_tmpl_id
        told = []
        kind = type(template)
        with patch.object(kind, "_oms_content_changed", lambda records: told.append(records)):
            image = self.env["product.image"].create(
                {"name": "Back", "product_tmpl_id": template.id, "image_1920": picture("blue")}
            )
            self.assertEqual(told.pop(), template)
            told.clear()
            image.product_tmpl_id = other
            self.assertEqual(template.union(*told), template | other)
            told.clear()
            image.unlink()
            self.assertEqual(told, [other])

    def test_they_and_the_description_of_the_shop_are_what_a_listing_says(self):
        if "oms.channel.listing" not in self.env:
            return  # nobody is told
        template = self.product_standard.product_tmpl_id
        template.write({"image_1920": picture("red"), "description_ecommerce": "<p>Of <b>oak</b></p>"})
        for sequence, color in ((2, "blue"), (1, "green")):
            values = {"name": color, "product_tmpl_id": template.id, "sequence": sequence}
            self.env["product.image"].create({**values, "image_1920": picture(color)})
        channel = self._create_channel("SHOP", platform="woocommerce")
        listing = self.env["oms.channel.listing"].create(
            {"channel_id": channel.id, "external_id": "1", "product_id": self.product_standard.id}
        )
        content = listing._get_contents()[listing.id]
        self.assertEqual(content.description, "<p>Of <b>oak</b></p>")
        shown = [one.load() for one in content.pictures]
        self.assertEqual(shown, [base64.b64decode(picture(color)) for color in ("red", "green", "blue")])
