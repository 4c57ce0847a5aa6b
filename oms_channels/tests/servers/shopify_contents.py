"""What a Shopify shop does about the texts and pictures of products: staged uploads, ``productSet``, media.

A file is brought to a place that is signed for it, by a form whose last part it is; only when a product is set does it become
a picture, with an address that holds its name. What a product is not given any more leaves it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from typing import Any

from .base import Asked, Reply

PICTURE_STARTS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG", "image/gif": b"GIF8", "image/webp": b"RIFF"}
TITLE_MAX = 255


class ProductContents:
    """Derived by the server; all state is its own.

    :ivar products: id → title, descriptionHtml, and ``media``: rows as the API shows them.
    :ivar files: address of a file → its bytes.
    :ivar media_ready: whether new pictures have an address at once, or are still being worked on.
    """

    def _open_contents(self) -> None:
        self.products: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.media_ready = True
        self._places: dict[str, dict[str, Any]] = {}

    def product(self, number: int) -> dict[str, Any]:
        """The product above the variant of that number."""
        product_id = f"gid://shopify/Product/{number}"
        return self.products.setdefault(
            product_id, {"id": product_id, "title": f"Thing {number}", "descriptionHtml": "", "media": []}
        )

    def pictures(self, number: int) -> list[bytes]:
        """What a product shows."""
        return [self.files[row["image"]["url"].partition("?")[0]] for row in self.product(number)["media"]]

    def add_picture(self, number: int, name: str, kind: str = "IMAGE", contents: bytes = b"") -> dict[str, Any]:
        address = f"https://cdn.shopify.example/s/files/1/{next(self._ids)}/{name}"
        self.files[address] = contents
        row = {
            "__typename": "MediaImage" if kind == "IMAGE" else "Video",
            "id": self._new_id("MediaImage" if kind == "IMAGE" else "Video"),
            "mediaContentType": kind,
            "image": {"url": f"{address}?v=1"} if self.media_ready else None,
            "alt": "",
        }
        self.product(number)["media"].append(row)
        return row

    def _product(self, product_id: str) -> dict[str, Any] | None:
        if product_id not in {row["product"]["id"] for row in self.variants}:
            return None
        row = self.product(int(product_id.rpartition("/")[2]))
        return {**row, "media": {"nodes": row["media"]}}

    # ---- Bringing files ----

    def _do_stagedUploadsCreate(self, input: list[Mapping[str, Any]]) -> dict[str, Any]:
        targets = []
        for index, row in enumerate(input):
            if row["resource"] != "IMAGE" or row["mimeType"] not in PICTURE_STARTS or row.get("httpMethod") != "POST":
                message = "File type is not supported"
                field = ["input", str(index), "mimeType"]
                return {"stagedTargets": [], "userErrors": [{"field": field, "message": message}]}
            name = f"tmp/1/products/{secrets.token_hex(8)}/{row['filename']}"
            self._places[name] = {"signature": secrets.token_hex(16), "kind": row["mimeType"], "contents": None}
            parameters = {
                "Content-Type": row["mimeType"],
                "key": name,
                "x-goog-signature": self._places[name]["signature"],
            }
            targets.append(
                {
                    "url": f"{self.url}/staged",
                    "resourceUrl": f"{self.url}/staged/{name}",
                    "parameters": [{"name": key, "value": value} for key, value in parameters.items()],
                }
            )
        return {"stagedTargets": targets, "userErrors": []}

    def _take_file(self, asked: Asked) -> Reply:
        """A form as Google's storage takes it: signed fields, and the file after them."""
        fields = list(_form(asked))
        told = {name: contents for name, _file, contents in fields}
        place = self._places.get(told.get("key", b"").decode())
        signed = place and told.get("x-goog-signature", b"").decode() == place["signature"]
        if not signed or fields[-1][0] != "file" or "authorization" in asked.headers:
            return Reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", {"Content-Type": "application/xml"})
        if "x-shopify-access-token" in asked.headers:
            raise AssertionError("Shopify's token went to the storage")
        place["contents"] = told["file"]
        return Reply(201, b"<PostResponse/>", {"Content-Type": "application/xml"})

    # ---- Products ----

    def _do_productSet(
        self, identifier: Mapping[str, Any], input: Mapping[str, Any], synchronous: bool = True
    ) -> dict[str, Any]:
        found = self._product(identifier["id"])
        if found is None:
            error = {"code": "PRODUCT_DOES_NOT_EXIST", "field": ["identifier"], "message": "Product does not exist"}
            return {"product": None, "userErrors": [error]}
        number = int(identifier["id"].rpartition("/")[2])
        product = self.product(number)
        unknown = set(input) - {"title", "descriptionHtml", "files"}
        assert not unknown, unknown
        if "title" in input and not 0 < len(input["title"]) <= TITLE_MAX:
            return _refuse("title", f"Title is too long (maximum is {TITLE_MAX} characters)")
        rows = []
        if "files" in input:
            known = {row["id"]: row for row in product["media"]}
            for index, row in enumerate(input["files"]):
                place = self._places.get(str(row.get("originalSource", "")).removeprefix(f"{self.url}/staged/"))
                if row.get("id") in known:
                    rows.append(known[row["id"]])
                elif place and (place["contents"] or b"").startswith(PICTURE_STARTS[place["kind"]]):
                    rows.append((row, place))
                else:
                    return _refuse(f"files.{index}", "The file could not be read")
        product |= {name: input[name] for name in ("title", "descriptionHtml") if name in input}
        if "files" in input:
            product["media"] = [row for row in rows if isinstance(row, dict)]
            made = []
            for row in rows:
                if isinstance(row, dict):
                    made.append(row)
                    continue
                given, place = row
                new = self.add_picture(number, given["filename"], contents=place["contents"])
                new["alt"] = given.get("alt", "")
                made.append(new)
            product["media"] = made
        return {"product": {"id": product["id"]}, "userErrors": []}


def _refuse(field: str, message: str) -> dict[str, Any]:
    error = {"code": "INVALID_INPUT", "field": ["input", *field.split(".")], "message": message}
    return {"product": None, "userErrors": [error]}


def _form(asked: Asked) -> Iterator[tuple[str, str, bytes]]:
    """(name, name of the file, contents) of the parts of a form."""
    head = b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n"
    for part in BytesParser().parsebytes(head + asked.raw).get_payload():
        name = part.get_param("name", header="content-disposition")
        yield str(name), part.get_filename() or "", part.get_payload(decode=True)


def picture(seed: str, kind: str = "image/jpeg") -> bytes:
    """Something that begins as a picture does."""
    return PICTURE_STARTS[kind] + hashlib.sha256(seed.encode()).digest() * 20
