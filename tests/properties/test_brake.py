"""The laws of the brake: small changes pass, a share of one never stops, more never passes where less stops."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.brake import Mass, exceeds
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import Brake

counts = st.integers(0, 5000)
brakes = st.builds(
    Brake,
    share=st.floats(0, 1),
    minimum=st.integers(0, 200),
    update_share=st.none() | st.floats(0, 1),
)


@st.composite
def masses(draw: st.DrawFn) -> Mass:
    count = draw(counts)
    stopped = draw(st.integers(0, count))
    largest = draw(st.integers(min(1, count - stopped), count - stopped))
    return Mass(draw(st.sampled_from(Side)), draw(st.sampled_from(("delete", "update"))), count, stopped, largest)


@given(masses(), brakes, counts, st.booleans())
def test_up_to_the_minimum_everything_passes(mass: Mass, brake: Brake, linked: int, continuous: bool) -> None:
    if mass.count <= brake.minimum:
        assert not exceeds(mass, brake, linked, continuous=continuous)


@given(masses(), st.integers(0, 200), counts, st.booleans())
def test_a_share_of_one_never_stops_anything(mass: Mass, minimum: int, linked: int, continuous: bool) -> None:
    among = linked if mass.kind == "delete" else max(linked, mass.count)
    assert not exceeds(mass, Brake(1.0, minimum), among, continuous=continuous)


@given(masses(), brakes, counts)
def test_more_than_minimum_and_share_stops(mass: Mass, brake: Brake, linked: int) -> None:
    records = linked + mass.count
    if mass.kind == "delete" and mass.count > brake.minimum and mass.count > brake.share * records:
        assert exceeds(mass, brake, linked)


@given(masses(), st.integers(1, 500), brakes, counts)
def test_more_of_the_same_never_passes_where_less_stops(mass: Mass, more: int, brake: Brake, linked: int) -> None:
    larger = Mass(mass.side, mass.kind, mass.count + more, mass.stopped, mass.largest + more)
    if mass.kind == "update" and exceeds(mass, brake, linked):
        assert exceeds(larger, brake, linked)


@given(masses(), brakes, counts)
def test_updates_that_wait_already_do_not_stop_others(mass: Mass, brake: Brake, linked: int) -> None:
    waiting = Mass(mass.side, "update", mass.count, mass.count, 0)
    assert not exceeds(waiting, brake, linked)


@given(masses(), brakes, counts)
def test_deletes_that_wait_already_count_with_the_new_ones(mass: Mass, brake: Brake, linked: int) -> None:
    fresh = Mass(mass.side, "delete", mass.count, 0, mass.count)
    partly = Mass(mass.side, "delete", mass.count, mass.count // 2, 1)
    assert exceeds(fresh, brake, linked) == exceeds(partly, brake, linked)


@given(counts, brakes, counts)
def test_single_edits_that_pile_up_in_a_run_are_no_mass(count: int, brake: Brake, linked: int) -> None:
    piled = Mass(Side.NOTION, "update", count, 0, min(count, 1))
    if brake.minimum:
        assert not exceeds(piled, brake, linked, continuous=True)
