"""Laws of the log's reader, on a model of transactions and snapshots: nothing below the floor is ever missed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from sync_engine.adapters.postgres import tick_bounds
from sync_engine.adapters.postgres.event_log import BEGINNING
from sync_engine.domain.ordering import visible_in


@dataclass
class Cluster:
    """Transaction ids, a sequence, and who sees what; the rules of Postgres' snapshots."""

    next_xid: int = 700
    newest_ended: int = 699
    running: set[int] = field(default_factory=set)
    last_seq: int = 0
    events: list[tuple[int, int]] = field(default_factory=list)
    committed: set[int] = field(default_factory=set)
    reading: int = 0
    """The reader's own transaction: nobody else writes in it or ends it."""

    def begin(self) -> int:
        xid = self.next_xid
        self.next_xid += 1
        self.running.add(xid)
        return xid

    def write(self, xid: int) -> None:
        self.last_seq += 1
        self.events.append((self.last_seq, xid))

    def end(self, xid: int, commit: bool) -> None:
        self.running.discard(xid)
        self.newest_ended = max(self.newest_ended, xid)
        if commit:
            self.committed.add(xid)

    def snapshot(self) -> str:
        """A running transaction above the newest ended one is not listed: that is what makes it hard."""
        xmax = self.newest_ended + 1
        listed = sorted(xid for xid in self.running if xid < xmax)
        return f"{listed[0] if listed else xmax}:{xmax}:{','.join(map(str, listed))}"


@dataclass
class Reader:
    """The tick of `PostgresEventLog`, step by step, so that others can move between the steps."""

    cluster: Cluster
    previous: str = BEGINNING
    bounds: tuple[tick_bounds.Bound, ...] = ()
    delivered: list[int] = field(default_factory=list)
    scanned: int = 0

    def tick(self, dice: random.Random, others: Others) -> None:
        cluster = self.cluster
        early = dice.random() < 0.2
        xid = cluster.reading = cluster.begin() if early else 0
        others.move(dice)
        last_seq = cluster.last_seq
        others.move(dice)
        xid = cluster.reading = xid or cluster.begin()
        others.move(dice)
        current = cluster.snapshot()
        others.move(dice)
        self.read(current)
        self.bounds = tick_bounds.kept(current, self.bounds, None if early else (xid, last_seq))
        self.previous = current
        cluster.end(xid, commit=True)

    def read(self, current: str) -> None:
        floor = tick_bounds.floor(self.previous, current, self.bounds)
        for seq, xid in self.cluster.events:
            if xid in self.cluster.committed and visible_in(xid, current) and not visible_in(xid, self.previous):
                assert seq > floor, "an event of this tick lies below its floor"
                self.delivered.append(seq)
        self.scanned += sum(1 for seq, _ in self.cluster.events if seq > floor)

    def check_tail(self) -> None:
        after = tick_bounds.floor_after(self.previous, self.bounds)
        for seq, xid in self.cluster.events:
            assert seq > after or visible_in(xid, self.previous)


@dataclass
class Others:
    """Writers that begin, write and end at any moment; some of them stay open for long."""

    cluster: Cluster
    long: float

    def move(self, dice: random.Random) -> None:
        for _ in range(dice.randint(0, 4)):
            running = sorted(self.cluster.running - {self.cluster.reading})
            choice = dice.random()
            if choice < 0.4 or not running:
                self.cluster.write(self.cluster.begin())
            elif choice < 0.7:
                self.cluster.write(dice.choice(running))
            elif dice.random() > self.long:
                self.cluster.end(dice.choice(running[len(running) // 2 :]), commit=dice.random() < 0.8)


@given(st.integers(0, 2**32), st.floats(0, 0.9))
@settings(max_examples=300, deadline=None)
def test_G1_no_event_lies_below_the_floor_and_each_is_delivered_once(seed: int, long: float) -> None:
    dice = random.Random(seed)
    cluster = Cluster()
    reader, others = Reader(cluster), Others(cluster, long)
    for _ in range(30):
        reader.tick(dice, others)
        reader.check_tail()
        listed = tick_bounds.parse_snapshot(reader.previous)[2]
        assert len(reader.bounds) <= len(listed) + 3, "what is remembered is bounded by what ran at the tick"
    for xid in sorted(cluster.running):
        cluster.end(xid, commit=True)
    reader.tick(dice, Others(cluster, 1.0))
    reader.tick(random.Random(0), Others(Cluster(), 1.0))
    committed = [
        seq for seq, xid in cluster.events if xid in cluster.committed and visible_in(xid, reader.previous)
    ]
    assert sorted(reader.delivered) == sorted(committed)
    assert len(set(reader.delivered)) == len(reader.delivered)


def test_a_long_transaction_costs_one_pass_over_its_lifetime() -> None:
    """While it runs, each tick looks at what is new; when it ends, once at what was written since it began."""
    cluster = Cluster()
    reader, nobody = Reader(cluster), Others(Cluster(), 1.0)
    dice = random.Random(1)
    slow = cluster.begin()
    cluster.write(slow)
    for _ in range(100):
        for _ in range(10):
            xid = cluster.begin()
            cluster.write(xid)
            cluster.end(xid, commit=True)
        reader.tick(dice, nobody)
    while_it_ran = reader.scanned
    assert while_it_ran < 3 * len(cluster.events)
    cluster.end(slow, commit=True)
    reader.tick(dice, nobody)
    assert reader.delivered[-1] == 1
    assert reader.scanned - while_it_ran <= len(cluster.events)


def test_bounds_of_the_first_tick() -> None:
    assert tick_bounds.floor(BEGINNING, "10:12:10", ()) == 0
    assert tick_bounds.kept("10:12:10", (), (15, 7)) == ((15, 7),)
    assert tick_bounds.floor_after("10:12:10", ((15, 7),)) == 0
    assert tick_bounds.kept("16:20:", ((15, 7),), (21, 9)) == ((15, 7), (21, 9))
    assert tick_bounds.kept("30:30:", ((15, 7), (21, 9)), None) == ((21, 9),)
