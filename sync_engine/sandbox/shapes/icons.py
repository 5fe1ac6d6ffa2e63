"""Icons and covers as the API shows them."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import page_time
from sync_engine.sandbox.jsontypes import Json

_HOUR = 3_600_000
_HOST = "https://files.sandbox.invalid"


def icon_out(call: Call, stored: Json) -> Json:
    """Return a stored icon or cover as shown; an upload becomes a hosted file whose address expires."""
    if not isinstance(stored, dict) or stored["type"] not in ("file_upload", "file"):
        return stored
    inner = stored[stored["type"]]
    signature = call.ids.uuid().replace("-", "")
    address = inner.get("url") or f"{_HOST}/{inner['id']}"
    hosted = {"url": f"{address.split('?')[0]}?X-Amz-Signature={signature}"}
    return {"type": "file", "file": {**hosted, "expiry_time": page_time(call.now + _HOUR)}}
