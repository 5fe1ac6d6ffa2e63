"""POST and GET file_uploads, POST file_uploads/{id}/send and /complete, GET file_uploads/{id}.

Of a file its length is kept, not its content; an address to import counts as imported at the next read.
"""

from __future__ import annotations

import mimetypes
from dataclasses import replace

from sync_engine.sandbox.access import path_id, require
from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import database_time, page_time
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import Upload, User
from sync_engine.sandbox.shapes.lists import list_shape, page_size_of_query, sliced
from sync_engine.sandbox.usershapes import MAX_UPLOAD
from sync_engine.sandbox.validation import refuse_unknown, want_one_of, want_string

_HOUR = 3_600_000
_MODES = ("single_part", "multi_part", "external_url")
_STATUSES = ("pending", "uploaded", "expired", "failed")


def create(call: Call) -> JsonObject:
    """Announce a file; it expires an hour later unless it is sent."""
    require(call, "insert_content")
    refuse_unknown(call.body, ("mode", "filename", "content_type", "number_of_parts", "external_url"))
    mode = want_one_of("body.mode", call.body.get("mode", "single_part"), _MODES)
    name = call.body.get("filename")
    if name is not None or mode != "single_part":
        name = want_string("body.filename", call.body.get("filename", UNDEFINED), most=900)
    if mode == "external_url":
        want_string("body.external_url", call.body.get("external_url", UNDEFINED), most=2000)
    kind = call.body.get("content_type") or mimetypes.guess_type(name or "")[0]
    upload = Upload(
        id=call.ids.uuid(),
        created=call.minute,
        created_by=call.actor.user_id,
        mode=mode,
        filename=name,
        content_type=kind,
        seq=call.store.next_sequence(),
    )
    call.store.put(upload)
    return _shape(call, upload)


def send(call: Call) -> JsonObject:
    """Take the content of a file, one part of it when it was announced in parts."""
    require(call, "insert_content")
    upload = _found(call)
    if call.content is None:
        raise invalid("body failed validation: body.file should be defined, instead was `undefined`.")
    if len(call.content) > MAX_UPLOAD:
        raise invalid(f"File size exceeds the limit of {MAX_UPLOAD} bytes.")
    done = upload.mode == "single_part"
    length = len(call.content) + (0 if done else upload.length or 0)
    upload = replace(upload, length=length, status="uploaded" if done else "pending")
    call.store.put(upload)
    return _shape(call, upload)


def complete(call: Call) -> JsonObject:
    """End a file that was sent in parts."""
    require(call, "insert_content")
    upload = replace(_found(call), status="uploaded")
    call.store.put(upload)
    return _shape(call, upload)


def retrieve(call: Call) -> JsonObject:
    """Show one upload."""
    return _shape(call, _imported(call, _found(call)))


def index(call: Call) -> JsonObject:
    """List the uploads of this connection, newest first."""
    wanted = call.asked("status")
    if wanted is not None:
        want_one_of("query.status", wanted, _STATUSES)
    own = [each for each in call.store.every(Upload) if each.created_by == call.actor.user_id]
    known = [_imported(call, each) for each in own]
    known = [each for each in known if wanted in (None, each.status)]
    known.sort(key=lambda each: -each.seq)
    size, cursor = page_size_of_query(call), call.asked("start_cursor")
    page, following = sliced(known, [each.id for each in known], cursor, size)
    return list_shape("file_upload", [_shape(call, each) for each in page], following)


def _found(call: Call) -> Upload:
    upload = call.store.find(Upload, path_id(call, "file_upload_id"))
    if upload is None:
        raise call.missing("file_upload", path_id(call, "file_upload_id"))
    return upload


def _imported(call: Call, upload: Upload) -> Upload:
    if upload.mode != "external_url" or upload.status != "pending":
        return upload
    changed = replace(upload, status="uploaded", length=0)
    call.store.put(changed)
    return changed


def _shape(call: Call, upload: Upload) -> JsonObject:
    author = call.store.find(User, upload.created_by)
    shape: JsonObject = {
        "object": "file_upload",
        "id": upload.id,
        "created_time": page_time(upload.created),
        "created_by": {"id": upload.created_by, "type": author.type if author else "bot"},
        "last_edited_time": page_time(upload.created),
        "expiry_time": page_time(upload.created + _HOUR),
    }
    if upload.status == "pending":
        shape["upload_url"] = f"https://api.notion.com/v1/file_uploads/{upload.id}/send"
    ending: dict[str, Json] = {
        "in_trash": False,
        "status": upload.status,
        "filename": upload.filename,
        "content_type": upload.content_type,
        "content_length": upload.length,
    }
    shape.update(ending)
    if upload.mode == "external_url" and upload.status == "uploaded":
        imported = database_time(upload.created)
        shape["file_import_result"] = {"type": "success", "success": {}, "imported_time": imported}
    if call.legacy_archived:
        shape["archived"] = False
    return shape
