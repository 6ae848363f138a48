from .corpus import Document, Ranking, Run, Topic
from .judging import (
    Assessor,
    Condition,
    Duty,
    Judgment,
    JudgmentEvent,
    JudgmentState,
    Pool,
    PoolItem,
    Reveal,
)
from .tracks import Collection, Grade, Membership, Role, Track, User

__all__ = [
    "Assessor",
    "Collection",
    "Condition",
    "Document",
    "Duty",
    "Grade",
    "Judgment",
    "JudgmentEvent",
    "JudgmentState",
    "Membership",
    "Pool",
    "PoolItem",
    "Ranking",
    "Reveal",
    "Role",
    "Run",
    "Topic",
    "Track",
    "User",
]
