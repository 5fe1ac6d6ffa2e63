"""The chain is made by the reader: whatever commits when, each event is in exactly one link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from sync_engine.adapters.postgres.chain import LINK, PostgresChain
from sync_engine.domain.chain import Inspection, Link, content_hash, link_hash
from tests.support.captured import CaptureLab, capture_lab
from tests.support.postgres import Database


@pytest.fixture
def lab(database: Database) -> Iterator[CaptureLab]:
    with capture_lab(database) as made:
        made.sql("CREATE TABLE things (id int PRIMARY KEY, name text)")
        made.capture(made.mapping("things"))
        yield made


def links(lab: CaptureLab) -> list[Link]:
    with lab.engine.begin() as connection:
        return list(PostgresChain(connection).links())


def problems(lab: CaptureLab) -> list[str]:
    inspection = Inspection()
    with lab.engine.begin() as connection:
        chain = PostgresChain(connection)
        for link in chain.links():
            inspection.look(link, chain.digests(link))
        return [item.problem for item in inspection.finish(chain.strays(10))]


def sealed(lab: CaptureLab) -> Counter[int]:
    return Counter(seq for link in links(lab) for seq, _ in link.events())


def seal(lab: CaptureLab) -> None:
    with lab.log() as log:
        log.seal()


@pytest.mark.every_postgres
def test_a_link_covers_its_events_and_the_link_before(lab: CaptureLab) -> None:
    for number in range(3):
        lab.sql("INSERT INTO things VALUES (%s, 'a')", number)
        seal(lab)
        seal(lab)
    made = links(lab)
    assert [link.id for link in made] == [1, 2, 3], "nothing new makes no link"
    previous = b""
    for link in made:
        with lab.engine.begin() as connection:
            assert link.content == content_hash(PostgresChain(connection).digests(link))
        assert link.hash == link_hash(previous, link)
        previous = link.hash
    assert problems(lab) == []


def test_a_large_tick_makes_many_links(lab: CaptureLab) -> None:
    lab.sql(f"INSERT INTO things SELECT n, 'a' FROM generate_series(1, {2 * LINK + 5}) n")
    seal(lab)
    assert [len(link.events()) for link in links(lab)] == [LINK, LINK, 5]
    assert problems(lab) == []


def test_what_commits_late_is_sealed_once(lab: CaptureLab, database: Database) -> None:
    with database.connect() as late, database.connect() as later:
        late.execute("INSERT INTO things VALUES (1, 'late')")
        lab.sql("INSERT INTO things VALUES (2, 'early')")
        seal(lab)
        later.execute("INSERT INTO things VALUES (3, 'later')")
        assert len(sealed(lab)) == 1
        late.commit()
        lab.read()
        assert len(sealed(lab)) == 2
        later.rollback()
    lab.sql("INSERT INTO things VALUES (4, 'last')")
    lab.read()
    seal(lab)
    assert sealed(lab) == Counter({seq: 1 for (seq,) in lab.sql("SELECT seq FROM sync_engine.sync_events")})
    assert problems(lab) == []


def test_a_tick_that_another_has_overtaken_seals_nothing_twice(lab: CaptureLab) -> None:
    lab.sql("INSERT INTO things VALUES (1, 'a')")
    with lab.log() as log:
        tick = log.tick("test")
        lab.sql("INSERT INTO things VALUES (2, 'b')")
        seal(lab)
        log.advance("test", tick)
    seal(lab)
    assert set(sealed(lab).values()) == {1}
    assert len(sealed(lab)) == 2
    assert problems(lab) == []


def test_what_happened_since_a_time_is_found_without_reading_what_was_before(lab: CaptureLab) -> None:
    lab.sql("INSERT INTO things SELECT n, 'a' FROM generate_series(1, 50) n")
    seal(lab)
    lab.sql("ALTER TABLE sync_engine.sync_chain DISABLE TRIGGER USER")
    lab.sql("UPDATE sync_engine.sync_chain SET at = at - interval '2 hours'")
    lab.sql("INSERT INTO things VALUES (51, 'b')")
    [(now,)] = lab.sql("SELECT clock_timestamp()")
    with lab.log() as log:
        assert log._sealed_before(now - timedelta(hours=1)) == 50
        assert log._sealed_before(now - timedelta(hours=3)) == 0
    assert [event.key for event in lab.events(since=now - timedelta(seconds=30))][-1] == "51"
    assert len(lab.events(since=now - timedelta(hours=3))) == 51


@pytest.mark.every_postgres
def test_the_digest_does_not_depend_on_the_session(lab: CaptureLab) -> None:
    lab.sql("INSERT INTO things VALUES (1, 'Ünï')")
    seal(lab)
    [link] = links(lab)
    with lab.engine.begin() as connection:
        for setting in (
            "TimeZone = 'Asia/Kathmandu'",
            "DateStyle = 'German'",
            "extra_float_digits = -3",
            "bytea_output = 'escape'",
        ):
            connection.exec_driver_sql(f"SET LOCAL {setting}")
            assert content_hash(PostgresChain(connection).digests(link)) == link.content
