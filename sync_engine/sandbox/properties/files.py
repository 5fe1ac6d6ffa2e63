"""files: external links, uploads, and echoes of hosted files whose address expires."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import page_time
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import Page, Property, Upload
from sync_engine.sandbox.properties.base import PropertyType, Site
from sync_engine.sandbox.validation import fix_one, problem, want_list, want_object, want_string, want_uuid

HOUR = 3_600_000
_HOST = "https://files.sandbox.invalid"
_KINDS = ("external", "file_upload", "file")


class Files(PropertyType):
    """Files by name; a hosted one shows a new address, good for an hour, at every read (documented)."""

    name = "files"

    def empty(self) -> Json:
        """Return no files."""
        return []

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the files as stored: external address, or the fixed part of a hosted one."""
        items = enumerate(want_list(site.path, raw))
        return [_file_in(site.call, f"{site.path}[{number}]", item) for number, item in items]

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the files as shown."""
        return [_file_out(call, stored) for stored in self.stored(prop, page)]

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the names."""
        return [stored["name"] for stored in self.stored(prop, page)]


def _file_in(call: Call, path: str, raw: Json) -> JsonObject:
    given = want_object(path, raw)
    kind = next((name for name in _KINDS if name in given), None)
    if kind is None:
        raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in _KINDS)
    inner = want_object(f"{path}.{kind}", given[kind])
    if kind == "file_upload":
        return _uploaded(call, want_uuid(f"{path}.file_upload.id", inner.get("id", UNDEFINED)), given)
    name = want_string(f"{path}.name", given.get("name", UNDEFINED), most=100)
    url = want_string(f"{path}.{kind}.url", inner.get("url", UNDEFINED), most=2000)
    if kind == "external":
        return {"name": name, "type": "external", "url": url}
    return {"name": name, "type": "file", "path": urlsplit(url).path}


def _uploaded(call: Call, upload_id: str, given: JsonObject) -> JsonObject:
    upload = call.store.find(Upload, upload_id)
    if upload is None:
        raise call.missing("file_upload", upload_id)
    if upload.status != "uploaded":
        raise invalid(f"File upload {upload_id} has not been completed; its status is {upload.status}.")
    name = given.get("name") or upload.filename or "upload"
    return {"name": name, "type": "file", "path": f"/{upload_id}/{quote(upload.filename or 'upload')}"}


def _file_out(call: Call, stored: JsonObject) -> JsonObject:
    if stored["type"] == "external":
        return {"name": stored["name"], "type": "external", "external": {"url": stored["url"]}}
    signature = call.ids.uuid().replace("-", "")
    hosted = {
        "url": f"{_HOST}{stored['path']}?X-Amz-Signature={signature}",
        "expiry_time": page_time(call.now + HOUR),
    }
    return {"name": stored["name"], "type": "file", "file": hosted}
