"""people, created_by, last_edited_by."""

from __future__ import annotations

from sync_engine.sandbox.apierrors import user_not_found
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import UNDEFINED, Json
from sync_engine.sandbox.model import Page, Property, User
from sync_engine.sandbox.properties.base import PropertyType, ReadOnly, Site
from sync_engine.sandbox.usershapes import person_value
from sync_engine.sandbox.validation import want_list, want_object, want_uuid

SHOWN_ON_PAGE = 25
"""A page shows at most 25 people, with no flag that there are more (documented as possible)."""


class People(PropertyType):
    """Users, bots too, in the order written; at most 100 in one request."""

    name = "people"
    paged = True

    def empty(self) -> Json:
        """Return nobody."""
        return []

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the users' ids, each once."""
        chosen: dict[str, None] = {}
        for number, item in enumerate(want_list(site.path, raw)):
            path = f"{site.path}[{number}]"
            user_id = want_uuid(f"{path}.id", want_object(path, item).get("id", UNDEFINED))
            if site.call.store.find(User, user_id) is None:
                raise user_not_found(user_id, site.call.integration_id)
            chosen[user_id] = None
        return list(chosen)

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the first 25 as whole users."""
        return [person_value(call, each) for each in self.stored(prop, page)[:SHOWN_ON_PAGE]]

    def items(self, call: Call, prop: Property, page: Page) -> list[Json]:
        """Return all of them."""
        return [person_value(call, each) for each in self.stored(prop, page)]

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the ids."""
        return self.stored(prop, page)

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return the names."""
        users = (person_value(call, each) for each in self.stored(prop, page))
        return ", ".join(user.get("name") or user["id"] for user in users)


class Author(ReadOnly):
    """Who made the page, or who edited it last."""

    filter_keys = ("people",)

    def __init__(self, name: str) -> None:
        self.name = name

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the user (recorded: whole, with an empty `bot`)."""
        return person_value(call, page.created_by if self.name == "created_by" else page.edited_by)

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the id in a list, so that it filters as people do."""
        return [page.created_by if self.name == "created_by" else page.edited_by]

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return the name."""
        shown = self.value_out(call, prop, page)
        return str(shown.get("name") or shown["id"])
