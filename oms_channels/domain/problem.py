"""What is answered to a request that cannot be served: RFC 9457, with a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TYPE_PREFIX = "urn:oms:problem:"
#: What the statuses are called (RFC 9110, 15.5, and RFC 6585).
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
}


class ApiProblem(Exception):
    """A request that cannot be served.

    :param code: stable, for programs.
    :param detail: a sentence: what is wrong, and what to do.
    :param errors: ``{"path", "code", "detail"}`` of each place that is wrong.
    :param retry_after: seconds after which the same may be asked again.
    """

    def __init__(
        self, status: int, code: str, detail: str, errors: Sequence[dict[str, str]] = (), retry_after: int | None = None
    ):
        super().__init__(detail)
        self.status, self.code, self.detail, self.errors, self.retry_after = status, code, detail, errors, retry_after

    def document(self) -> dict[str, Any]:
        """As ``application/problem+json``."""
        made: dict[str, Any] = {
            "type": f"{TYPE_PREFIX}{self.code}",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        return made | ({"errors": list(self.errors)} if self.errors else {})
