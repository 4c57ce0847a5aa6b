"""Titles, descriptions and pictures of products: pictures are brought to Shopify's storage, then the product is set.

A picture is known again by the name of its file, which Shopify keeps in its address; what is there is not brought again.
Pictures that are no longer named leave the product, and stay among the shop's files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ...domain.adapter import Reject, Request, Retry
from ...domain.outgoing import Content, Picture, Result
from ..rest import Answer
from . import answers, const, render

OK = Result("ok")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
NOT_THERE = Result(
    "refused", "Shopify has no such product any more. Fetch the listings again, or take this one out.", gone=True
)


class Contents:
    """The part of the client that changes what products say and show."""

    root: str
    ask: Callable[[Request], dict[str, Any]]
    transfer: Callable[..., Answer]

    def push_content(self, contents: Sequence[Content]) -> Sequence[Result]:
        """One product after the other. Of variants the product is told."""
        results: list[Result] = []
        for content in contents:
            try:
                results.append(self._push_content(content))
            except Retry as error:
                if not results:
                    raise
                # The others would meet the same; what was done is done.
                return results + [Result("retry", str(error))] * (len(contents) - len(results))
            except Reject as error:
                results.append(Result("refused", str(error)))
        return results

    def _push_content(self, content: Content) -> Result:
        if not content.ref.parent_id:
            return Result("refused", "Shopify needs to know the product. Fetch the listings.")
        files = None
        if content.pictures is not None:
            product = self.ask(render.product_media(content.ref.parent_id)).get("product")
            if not isinstance(product, dict):
                return NOT_THERE
            known, others = answers.pictures(product, [picture.key for picture in content.pictures])
            brought = self._bring([picture for picture in content.pictures if picture.key not in known])
            files = [
                {"id": known[picture.key]} if picture.key in known else render.new_file(picture, brought[picture.key])
                for picture in content.pictures
            ] + [{"id": media_id} for media_id in others]
        errors = answers.user_errors(self.ask(render.set_content(content, files)), "productSet")
        if not errors:
            return OK
        if any(error.code in const.NO_PRODUCT_CODES for error in errors):
            return NOT_THERE
        said = " ".join(dict.fromkeys(error.message for error in errors))
        return Result("refused", f"Shopify refuses the texts or pictures: {said}"[:300])

    def _bring(self, pictures: Sequence[Picture]) -> dict[str, str]:
        """{key: by what a product can be given the picture} of pictures brought to Shopify's storage."""
        if not pictures:
            return {}
        data = self.ask(render.stage_uploads(pictures))
        errors = answers.user_errors(data, "stagedUploadsCreate")
        if errors:
            raise Reject(f"Shopify takes no pictures: {errors[0].message}")
        targets = answers.rows(data, "stagedUploadsCreate", "stagedTargets")
        if len(targets) != len(pictures):
            raise Retry("Shopify did not say where to bring the pictures.")
        for picture, target in zip(pictures, targets, strict=True):
            self._upload(picture, target)
        return {
            picture.key: str(target.get("resourceUrl") or "") for picture, target in zip(pictures, targets, strict=True)
        }

    def _upload(self, picture: Picture, target: Mapping[str, Any]) -> None:
        """Bring one file. Our token stays out of it: the form itself is signed."""
        address = str(target.get("url") or "")
        url, own = urlsplit(address), urlsplit(self.root)
        host = url.hostname or ""
        is_storage = url.scheme == "https" and (host == const.STORAGE_HOST or host.endswith(f".{const.STORAGE_HOST}"))
        is_own = (url.scheme, url.netloc) == (own.scheme, own.netloc) and own.hostname in LOOPBACK
        if not (is_storage or is_own) or url.username or url.password:
            raise Reject("Shopify named a place for pictures that is not its own. Nothing was sent there.")
        form = [(str(row.get("name") or ""), str(row.get("value") or "")) for row in answers.rows(target, "parameters")]
        answer = self.transfer("POST", address, data=form, files={"file": (picture.name, picture.load(), picture.kind)})
        if answer.status >= 300:
            # Places are good for some minutes; the next attempt gets a new one.
            raise Retry(f"Shopify's storage does not take the picture (HTTP {answer.status}).", answer.delay_s)
