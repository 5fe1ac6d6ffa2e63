"""Answers that are not 2xx: one exception that carries Notion's error body.

Texts are Notion's own where one is known (recorded or quoted by users); see docs/reference/sandbox.md.
"""

from __future__ import annotations

from sync_engine.sandbox.jsontypes import Json, JsonObject


class ApiError(Exception):
    """An error answer. `headers` go out beside the body; `additional` is `additional_data` or None."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        additional: JsonObject | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.additional = additional
        self.headers = headers or {}

    def body(self, request_id: str) -> JsonObject:
        """Return the JSON body, keys in Notion's order."""
        body: JsonObject = {
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": self.message,
        }
        if self.additional is not None:
            body["additional_data"] = self.additional
        body["request_id"] = request_id
        return body


def invalid(message: str) -> ApiError:
    """Return a 400 `validation_error` with exactly this message."""
    return ApiError(400, "validation_error", message)


def unauthorized() -> ApiError:
    """Return the 401 of a missing, unknown or revoked token (recorded)."""
    return ApiError(401, "unauthorized", "API token is invalid.")


def invalid_url() -> ApiError:
    """Return the 400 of an unknown path or method (recorded)."""
    return ApiError(400, "invalid_request_url", "Invalid request URL.")


def invalid_json() -> ApiError:
    """Return the 400 of a body that is not JSON (recorded)."""
    return ApiError(400, "invalid_json", "Error parsing JSON body.")


def restricted() -> ApiError:
    """Return the 403 of a missing capability (documented)."""
    return ApiError(403, "restricted_resource", "API token does not have access to this resource.")


def not_found(kind: str, object_id: str, connection: str, integration_id: str) -> ApiError:
    """Return the recorded 404: gone, not shared or never there; Notion does not tell them apart."""
    return ApiError(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {object_id}. Make sure the relevant pages and databases are "
        f'shared with your integration "{connection}".',
        additional={"integration_id": integration_id},
    )


def user_not_found(object_id: str, integration_id: str) -> ApiError:
    """Return the recorded 404 of a user."""
    return ApiError(
        404,
        "object_not_found",
        f"Could not find user with ID: {object_id}. Make sure your integration has capabilities to read user "
        "information. With those capabilities, only members and guests in the integration's workspace are "
        "visible.",
        additional={"integration_id": integration_id},
    )


def rate_limited(retry_after: int, reason: str) -> ApiError:
    """Return a 429 with `Retry-After` in whole seconds and the documented reason."""
    additional: dict[str, Json] = {"rate_limit_reason": reason, "retry_after": str(retry_after)}
    return ApiError(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        additional=additional,
        headers={"retry-after": str(retry_after)},
    )
