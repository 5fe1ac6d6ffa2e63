"""Long texts in the body of a page: whole, in one toggle, complete after any interruption, beside other text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync_engine.adapters.notion.calls import Call, Effect
from sync_engine.adapters.notion.client import NotionClient
from sync_engine.adapters.notion.paging import listed
from sync_engine.adapters.notion.payloads import LARGEST_BODY
from sync_engine.adapters.notion.wire import as_object, as_text, in_trash, plain_text, uuid_text
from sync_engine.domain.codecs.runs import rich_text
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import NotionUnavailable

HEADING = "Whole values"
_BLOCK_CHARACTERS = 20_000
_BLOCKS_A_REQUEST = 50


@dataclass(frozen=True, slots=True)
class _Block:
    id: str
    kind: str
    text: str


class Bodies:
    """Thread-safe."""

    def __init__(self, client: NotionClient) -> None:
        self._client = client

    def write(self, page_id: str, name: str, texts: Sequence[tuple[str, str]]) -> None:
        """See the port. What is there already is read first, so a lost answer is never repeated blindly."""
        heading = f"{HEADING} · {name}"
        wanted = list(_blocks(texts))
        toggle = self._toggle(page_id, heading)
        there = [block.text for block in self._under(toggle.id)]
        if there != [text for _, text in wanted[: len(there)]]:
            self._delete(toggle)
            toggle, there = self._toggle(page_id, heading), []
        for batch in _batches(wanted[len(there) :]):
            self._append(toggle.id, batch)

    def _toggle(self, page_id: str, heading: str) -> _Block:
        """The toggle of that heading; made when it is not there. Former ones of this engine go."""
        found: _Block | None = None
        for block in self._own(page_id):
            if block.text == heading and found is None:
                found = block
            else:
                self._delete(block)
        if found is None:
            self._append(page_id, [{"type": "toggle", "toggle": {"rich_text": rich_text(heading)}}])
            found = next((block for block in self._own(page_id) if block.text == heading), None)
        if found is None:
            raise NotionUnavailable(f"what was put into the body of page {page_id} is not there yet")
        return found

    def _own(self, page_id: str) -> list[_Block]:
        blocks = self._under(page_id)
        return [block for block in blocks if block.kind == "toggle" and block.text.startswith(f"{HEADING} · ")]

    def _under(self, block_id: str) -> list[_Block]:
        found = (item for item in listed(self._client, f"blocks/{block_id}/children") if not in_trash(item))
        return [_read(item) for item in found]

    def _delete(self, block: _Block) -> None:
        self._client.send(Call("DELETE", f"blocks/{block.id}", Effect.SET))

    def _append(self, block_id: str, children: list[Json]) -> None:
        self._client.send(Call("PATCH", f"blocks/{block_id}/children", Effect.CREATE, {"children": children}))


def _read(item: JsonObject) -> _Block:
    kind = as_text(item.get("type"))
    return _Block(uuid_text(item.get("id")), kind, plain_text(as_object(item.get(kind)).get("rich_text")))


def _blocks(texts: Sequence[tuple[str, str]]) -> Iterator[tuple[JsonObject, str]]:
    """(block, its text): a heading for each text, then the text in paragraphs of bounded size."""
    for label, text in texts:
        yield {"type": "heading_3", "heading_3": {"rich_text": rich_text(label)}}, label
        for start in range(0, len(text), _BLOCK_CHARACTERS):
            part = text[start : start + _BLOCK_CHARACTERS]
            yield {"type": "paragraph", "paragraph": {"rich_text": rich_text(part)}}, part


def _batches(blocks: Sequence[tuple[JsonObject, str]]) -> Iterator[list[Json]]:
    batch: list[Json] = []
    size = 0
    for block, _ in blocks:
        bytes_of = len(json.dumps(block).encode())
        if batch and (size + bytes_of > LARGEST_BODY or len(batch) >= _BLOCKS_A_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append(block)
        size += bytes_of
    if batch:
        yield batch
