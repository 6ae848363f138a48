from .assessors import Assessor
from .corpus import Document, Ranking, Run, Topic
from .duties import Condition, Duty, DutyItem, Lease, Plan, Reveal
from .judging import Adjudication, Judgment, JudgmentEvent, JudgmentState, ScanTerms
from .pools import Order, Pool, PoolItem, PoolRun
from .tracks import Collection, Grade, Membership, Role, Track, User

__all__ = [
    "ScanTerms",
    "PoolRun",
    "Plan",
    "Order",
    "Lease",
    "DutyItem",
    "Adjudication",
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
