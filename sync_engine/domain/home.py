"""Home: which database this is, and whether it still is the one that the engine left. Pure."""

from __future__ import annotations

from dataclasses import dataclass

WENT_BACK = "it counts transactions or events from an earlier point than the log's reader has seen"


@dataclass(frozen=True, slots=True)
class Home:
    """Where an installation lives: the server's identifier, its timeline and the database's number.

    An empty or 0 part is one that the server does not tell, and proves nothing.
    """

    installation: str
    system_id: str = ""
    database: int = 0
    timeline: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """How far an installation had come: the newest link of its chain. Kept outside of the database."""

    installation: str
    link: int
    hash: str
    seq: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to compare: where the database said it lives (None: it never said), where it is, the position
    kept outside (None: there is none), the hash of that link in the database now (empty: there is no such link),
    and whether transaction ids or event numbers are behind what the log's reader has seen."""

    known: Home | None
    here: Home
    kept: Position | None = None
    hash_now: str = ""
    ids_went_back: bool = False


def restored(evidence: Evidence) -> str:
    """Why the database cannot be the one that the engine left, in words; empty when it is.

    Another timeline of the same server is a failover, and none of these, as long as the position kept outside is
    in the chain: then nothing that the engine had sealed was lost.
    """
    known, here = evidence.known, evidence.here
    if evidence.ids_went_back:
        return WENT_BACK
    if evidence.kept is not None and evidence.hash_now != evidence.kept.hash:
        return f"its log lacks link {evidence.kept.link} of the chain, which an earlier pass has seen there"
    if known is None:
        return ""
    if _differ(known.system_id, here.system_id):
        return f"it lies on another server now ({here.system_id}, was {known.system_id})"
    if known.database and here.database and known.database != here.database:
        return "it is another database of the same server now"
    if _differ(known.timeline, here.timeline) and evidence.kept is None:
        return f"its server went from timeline {known.timeline} to {here.timeline}: a failover or a restore"
    return ""


def _differ(left: str, right: str) -> bool:
    return bool(left and right) and left != right
