"""What a new workspace starts with: a bot, people, their tokens and a page to create databases under."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.sandbox.clock import minute_floor
from sync_engine.sandbox.ids import IdSource
from sync_engine.sandbox.model import Page, Parent, Setting, Token, User
from sync_engine.sandbox.richtext import plain_run
from sync_engine.sandbox.store import Store

CAPABILITIES = (
    "read_content",
    "update_content",
    "insert_content",
    "read_comments",
    "insert_comments",
    "read_users",
    "read_user_email",
)
PEOPLE = (
    ("Ada Keller", "ada@example.com"),
    ("Bruno Santos", "bruno@example.com"),
    ("Chioma Obi", "chioma@example.com"),
)
CONNECTION = "sync-engine"
WORKSPACE = "Sandbox workspace"


@dataclass(frozen=True, slots=True)
class Doors:
    """How to get in; the same for the life of a data file."""

    token: str
    person_token: str
    parent_page_id: str


def seed(store: Store, ids: IdSource, now: int) -> Doors:
    """Fill an empty store and return its doors; leave a filled one as it is."""
    if store.setting("parent_page_id") is None:
        _fill(store, ids, now)
        store.commit()
    return Doors(
        token=str(store.setting("token")),
        person_token=str(store.setting("person_token")),
        parent_page_id=str(store.setting("parent_page_id")),
    )


def add_connection(store: Store, ids: IdSource, name: str, capabilities: tuple[str, ...]) -> Token:
    """Add a bot with a token of its own, with these capabilities only."""
    bot = User(ids.uuid(), name, "bot")
    token = Token(bot.id, _secret(ids), bot.id, name, capabilities)
    store.put(bot)
    store.put(token)
    store.commit()
    return token


def people(store: Store) -> list[tuple[User, Token]]:
    """Return the people of the workspace with their tokens, by name."""
    both = [(store.take(User, token.user_id), token) for token in store.every(Token)]
    return sorted((pair for pair in both if pair[0].type == "person"), key=lambda pair: pair[0].name)


def _fill(store: Store, ids: IdSource, now: int) -> None:
    bot = User(ids.uuid(), CONNECTION, "bot")
    people = [User(ids.uuid(), name, "person", email) for name, email in PEOPLE]
    other_bot = User(ids.uuid(), "Another connection", "bot")
    for user in (*people, bot, other_bot):
        store.put(user)
    secrets = {"token": _secret(ids), "person_token": _secret(ids, "person_")}
    store.put(Token(bot.id, secrets["token"], bot.id, CONNECTION, CAPABILITIES))
    for number, person in enumerate(people):
        secret = secrets["person_token"] if number == 0 else _secret(ids, "person_")
        store.put(Token(ids.uuid(), secret, person.id, f"{person.name}'s token", CAPABILITIES))
    page = _parent_page(store, ids, now, people[0].id)
    store.put(Setting("workspace_id", ids.uuid()))
    store.put(Setting("workspace_name", WORKSPACE))
    store.put(Setting("parent_page_id", page.id))
    for name, value in secrets.items():
        store.put(Setting(name, value))


def _parent_page(store: Store, ids: IdSource, now: int, owner: str) -> Page:
    floored = minute_floor(now)
    page = Page(
        id=ids.uuid(),
        parent=Parent("workspace"),
        created=floored,
        edited=floored,
        created_by=owner,
        edited_by=owner,
        seq=store.next_sequence(),
        values={"title": [plain_run("Shared with sync-engine")]},
    )
    store.put(page)
    return page


def _secret(ids: IdSource, middle: str = "") -> str:
    return f"ntn_sandbox_{middle}{ids.uuid().replace('-', '')}"
