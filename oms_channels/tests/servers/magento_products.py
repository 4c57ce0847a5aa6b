"""The part of a Magento shop on this machine that is about products: prices, texts, pictures; see :mod:`.magento`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .base import Asked, Reply

NO_ROUTE = Reply(404, {"message": "Request does not match any route."})
NO_ENTITY = Reply(404, {"message": "The entity that was requested doesn't exist. Verify the entity and try again."})


class Products:
    """Derived by the server; all state is its own."""

    products: dict[str, dict[str, Any]]
    classic: dict[str, Any]
    prices: dict[tuple[str, int], float]
    specials: list[dict[str, Any]]
    _found: Callable[[list[dict[str, Any]], Asked], Reply]
    _ids: Iterator[int]

    def _products(self, method: str, path: list[str], asked: Asked) -> Reply:
        body = asked.json or {}
        match method, *path:
            case ("GET",):
                return self._found([_listed(row) for row in self.products.values()], asked)
            case "POST", ("base-prices" | "special-price" | "special-price-delete") as what:
                return self._set_prices(what, body["prices"])
            case "POST", "special-price-information":
                return Reply(200, [row for row in self.specials if row["sku"] in body["skus"]])
            case "PUT", sku, "stockItems", _item_id:
                return self._set_classic(sku, body["stockItem"])
            case "PUT", sku:
                return self._put_product(sku, body["product"])
            case (("GET" | "POST"), sku, "media"):
                return self._media(method, sku, body.get("entry"))
        return NO_ROUTE

    # ---- Stock and prices ----

    def _set_classic(self, sku: str, item: Mapping[str, Any]) -> Reply:
        if sku not in self.products:
            return NO_ENTITY
        self.classic[sku] = {"item_id": 7, **self.classic.get(sku, {}), **item}
        return Reply(200, "7")

    def _set_prices(self, what: str, rows: list[dict[str, Any]]) -> Reply:
        errors = []
        for row in rows:
            if row["sku"] not in self.products:
                errors.append(_price_error(what, row))
            elif what == "base-prices":
                self.prices[row["sku"], row["store_id"]] = row["price"]
            elif what == "special-price":
                self.specials.append({"price_from": None, "price_to": None, **row})
            else:
                self.specials = [one for one in self.specials if one != row]
        return Reply(200, errors)

    # ---- Texts and pictures ----

    def _put_product(self, sku: str, given: Mapping[str, Any]) -> Reply:
        """What is told of a product; what is not told stays. Pictures that are told are all that it has."""
        product = self.products.get(sku)
        if product is None:
            return NO_ENTITY
        if len(given.get("name", "")) > 255:
            return Reply(400, {"message": 'The "Product Name" value is too long.'})
        entries = product.setdefault("media_gallery_entries", [])
        if "media_gallery_entries" in given:
            known = {entry["id"]: entry for entry in entries}
            named = given["media_gallery_entries"]
            if any(entry.get("id") not in known and "content" not in entry for entry in named):
                return Reply(400, {"message": "The image content is invalid. Verify the content and try again."})
            product["media_gallery_entries"] = [{**known[entry["id"]], **entry} for entry in named]
        if "name" in given:
            product["name"] = given["name"]
        told = {row["attribute_code"]: row for row in given.get("custom_attributes", [])}
        kept = [row for row in product.get("custom_attributes", []) if row["attribute_code"] not in told]
        product["custom_attributes"] = [*kept, *told.values()]
        return Reply(200, _listed(product))

    def _media(self, method: str, sku: str, entry: Mapping[str, Any] | None) -> Reply:
        product = self.products.get(sku)
        if product is None:
            return NO_ENTITY
        entries = product.setdefault("media_gallery_entries", [])
        if method == "GET":
            return Reply(200, _entries(entries))
        content = (entry or {}).get("content") or {}
        try:
            contents = base64.b64decode(content["base64_encoded_data"], validate=True)
        except (KeyError, ValueError):
            return Reply(400, {"message": "The image content must be valid base64 encoded data."})
        name = content.get("name", "")
        if content.get("type") not in ("image/jpeg", "image/png", "image/gif") or not contents:
            return Reply(400, {"message": "The image MIME type is not valid or not supported."})
        if not name or any(sign in name for sign in '/\\:*"<>|?'):
            return Reply(400, {"message": "Provided image name contains forbidden characters."})
        # A name that is taken gets a number; files lie by their first two letters.
        stem, _dot, ending = name.lower().rpartition(".")
        count = sum(row["file"].rpartition("/")[2].startswith(stem) for row in entries)
        stored = f"{stem}_{count}.{ending}" if count else name.lower()
        number = next(self._ids)
        entries.append(
            {
                "id": number,
                **{key: value for key, value in (entry or {}).items() if key != "content"},
                "file": f"/{stored[0]}/{stored[1]}/{stored}",
                "_contents": contents,
            }
        )
        return Reply(200, str(number))


def _price_error(what: str, row: Mapping[str, Any]) -> dict[str, Any]:
    if what == "base-prices":
        values = {"fieldName": "SKU", "fieldValue": row["sku"]}
        return {"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": values}
    text = "The product that was requested doesn't exist. Row ID: SKU = %SKU, Store ID: %storeId."
    return {"message": text, "parameters": {"SKU": row["sku"], "storeId": row["store_id"]}}


def _listed(product: Mapping[str, Any]) -> dict[str, Any]:
    """A product as the API shows it: without the contents of its pictures."""
    shown = dict(product)
    if "media_gallery_entries" in shown:
        shown["media_gallery_entries"] = _entries(shown["media_gallery_entries"])
    return shown


def _entries(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "_contents"} for row in rows]
