from .assessors import Assessor
from .corpus import Document, Ranking, Run, Topic
from .duties import Condition, Duty, DutyItem, DutyRank, Lease, Plan, Reveal
from .ensembles import Ensemble
from .judging import Adjudication, Judgment, JudgmentEvent, JudgmentState, ScanTerms
from .pools import POOL_ORDERS, RANKED_ORDERS, Order, Pool, PoolItem, PoolRun, Routed
from .tracks import Collection, Grade, Membership, Role, Track, User

__all__ = [
    "POOL_ORDERS",
    "RANKED_ORDERS",
    "Routed",
    "DutyRank",
    "Ensemble",
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
