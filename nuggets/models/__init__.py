from .answers import Answer, AnswerRun
from .assignments import AssignmentEvent, Label, NuggetAssignment
from .banks import (
    Bank,
    BankCondition,
    BankEdit,
    BankVersion,
    Importance,
    Nugget,
    NuggetPassage,
    TopicBank,
    VersionNugget,
    Wording,
)
from .duties import NuggetDuty, NuggetTask

__all__ = [
    "Answer",
    "AnswerRun",
    "AssignmentEvent",
    "Bank",
    "BankCondition",
    "BankEdit",
    "BankVersion",
    "Importance",
    "Label",
    "Nugget",
    "NuggetAssignment",
    "NuggetDuty",
    "NuggetPassage",
    "NuggetTask",
    "TopicBank",
    "VersionNugget",
    "Wording",
]
