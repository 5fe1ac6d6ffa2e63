"""The story: set up, sync, merge, a conflict and its review, a bulk mistake and its rollback, the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cli.demo.narrator import Narrator, found, objects
from cli.demo.person import choice, plain_text
from cli.demo.stage import APPLICATION, Stage
from sync_engine.domain.values import Json

AGENT = "evidence_cartographer"
MISTAKEN = 12
PERSON = "Ada Keller"


@dataclass
class Story:
    """Both sides, and somebody to tell it."""

    stage: Stage
    narrator: Narrator

    def tell(self) -> None:
        """Tell all of it. Raises DemoFailed at the first step that does not do what it says."""
        self.begin()
        self.merge()
        self.conflict()
        self.mistake()
        self.proof()

    def begin(self) -> None:
        """Setup and first sync."""
        narrator = self.narrator
        narrator.chapter("Set up and sync")
        narrator.say(
            "14 tables of the VITAL example, and four that link them, lie in a Postgres of the demo's own."
        )
        narrator.say(
            "Notion is a local one that speaks the real API; its limit of 3 requests a second is lifted here."
        )
        narrator.run("setup")
        first = narrator.run("sync")
        rows = sum(int(str(item["rows"])) for item in self._tables())
        created = found(first, "applied", "notion", "create")
        narrator.check(created == rows and rows > 0, f"{rows} rows, but {created} pages were created")
        narrator.say("Every row has its page. A second pass finds nothing to do:")
        again = narrator.run("sync")
        narrator.check(_writes(again) == 0, "the second pass wrote something")

    def merge(self) -> None:
        """Different fields of one record, edited on both sides."""
        narrator = self.narrator
        narrator.chapter("Both sides edit one record, in different fields")
        self._in_postgres("department", "Evidence and Insights")
        self._in_notion("Display Name", "Evidence Cartographer, Basel", AGENT)
        done = narrator.run("sync")
        narrator.check(found(done, "conflicts", "new") == 0, "different fields were taken for a conflict")
        narrator.check(
            self.stage.value("display_name", AGENT) == "Evidence Cartographer, Basel",
            "the edit made in Notion did not reach Postgres",
        )
        narrator.check(
            self._in_page("Department") == "Evidence and Insights",
            "the edit made in Postgres did not reach Notion",
        )
        narrator.say("Both edits arrived on both sides; that is no conflict.")

    def conflict(self) -> None:
        """The same field, edited on both sides."""
        narrator = self.narrator
        narrator.chapter("Both sides edit the same field")
        self._in_postgres("description", "Maps what is known about a clinical question.")
        self._in_notion("Description", "Draws the map of the evidence, with its blank areas.", AGENT)
        done = narrator.run("sync")
        narrator.check(found(done, "conflicts", "new") == 1, "the conflict was not flagged")
        narrator.say("One value had to win; the other is kept.")
        listed = objects(narrator.run("conflicts", "list"))
        narrator.check(len(listed) == 1, f"{len(listed)} conflicts are listed, not one")
        if listed[0]["type"] == "ambiguous_time":
            narrator.say(
                "Notion shows edit times to the minute only, so the order of two edits this close cannot be"
            )
            narrator.say("known. That is flagged, and Notion's edit stays (`ambiguous` in sync.toml).")
        number = str(listed[0]["id"])
        narrator.run("conflicts", "show", number)
        narrator.say("A look decides otherwise: the other value after all, on both sides, with one command.")
        narrator.run("conflicts", "swap", number)
        wanted = "Maps what is known about a clinical question."
        narrator.check(self.stage.value("description", AGENT) == wanted, "the swap did not reach Postgres")
        narrator.check(self._in_page("Description") == wanted, "the swap did not reach Notion")

    def mistake(self) -> None:
        """A bulk mistake in Notion, taken back."""
        narrator = self.narrator
        names = [
            row[0]
            for row in self.stage.sql(
                "SELECT name FROM agents WHERE status = 'active' AND name <> %s ORDER BY name LIMIT %s",
                AGENT,
                MISTAKEN,
            )
        ]
        narrator.chapter(f"Somebody overwrites {len(names)} agents in Notion")
        narrator.run("mark", "create", "before-the-mistake")
        before = self._statuses()
        self._in_notion("Status", "retired", *names)
        narrator.run("sync")
        narrator.check(
            sum(status == "retired" for status in self._statuses().values())
            == sum(status == "retired" for status in before.values()) + MISTAKEN,
            "the bulk edit did not reach Postgres",
        )
        narrator.say("It is in production now. Which run brought it?")
        runs = objects(narrator.run("runs", "list", "--limit", "3"))
        run_id = str(runs[0]["run_id"])
        narrator.run("rollback", "--run", run_id, "--dry-run")
        undone = narrator.run("rollback", "--run", run_id, "--yes")
        narrator.check(found(undone, "undone") == MISTAKEN, f"{found(undone, 'undone')} records were taken back")
        narrator.check(self._statuses() == before, "Postgres does not hold what it held before the mistake")
        narrator.check(self._chosen("Status", names[0]) == "active", "the page does not show its status again")
        narrator.say("Taken back on both sides. `rollback --to before-the-mistake` would have done the same.")

    def proof(self) -> None:
        """Verify, and the audit trail of one record."""
        narrator = self.narrator
        narrator.chapter("Proof")
        verified = narrator.run("verify")
        narrator.check(found(verified, "in_sync") is True, "the sides differ")
        key = str(self.stage.value("id", AGENT))
        events = objects(narrator.run("audit", "history", "agents", key))
        actors = str([event["actor"] for event in events])
        narrator.check(APPLICATION in actors and PERSON in actors, "the audit trail does not name who did it")
        narrator.run("status")

    def _in_postgres(self, column: str, value: str) -> None:
        self.narrator.say(
            f"Postgres, the {APPLICATION}: UPDATE agents SET {column} = '{value}' WHERE name = '{AGENT}'"
        )
        self.stage.sql(f"UPDATE agents SET {column} = %s WHERE name = %s", value, AGENT)

    def _in_notion(self, name: str, value: str, *agents: str) -> None:
        whose = agents[0] if len(agents) == 1 else f"{len(agents)} agents"
        self.narrator.say(f"Notion, {PERSON}: sets {name} of {whose} to “{value}”")
        written = choice(value) if name == "Status" else plain_text(value)
        for agent in agents:
            self.stage.person.edit(str(self._page(agent)["id"]), {name: written})

    def _page(self, agent: str) -> dict[str, Json]:
        return self.stage.person.page_titled(self._agents, "Name", agent)

    @cached_property
    def _agents(self) -> str:
        """The data source of the agents in Notion."""
        return next(str(item["notion_data_source_id"]) for item in self._tables() if item["table"] == "agents")

    def _in_page(self, name: str) -> str:
        runs = found(self._page(AGENT), "properties", name, "rich_text")
        return "".join(str(run["plain_text"]) for run in objects(runs))

    def _chosen(self, name: str, agent: str) -> str:
        return str(found(self._page(agent), "properties", name, "select", "name"))

    def _tables(self) -> list[dict[str, Json]]:
        return objects(found(self.narrator.ask("status"), "tables"))

    def _statuses(self) -> dict[str, str]:
        return dict(self.stage.sql("SELECT name, status::text FROM agents"))


def _writes(summary: Json) -> int:
    counts = [found(summary, "applied", side) for side in ("postgres", "notion")]
    return sum(int(str(count)) for side in counts if isinstance(side, dict) for count in side.values())
