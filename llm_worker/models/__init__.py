from .calls import FAILED_STATUSES, LIVE_STATUSES, OPEN_STATUSES, CallStatus, LlmCall
from .jobs import LlmJob
from .judges import JudgeConfiguration, JudgeExamples

__all__ = [
    "FAILED_STATUSES",
    "LIVE_STATUSES",
    "OPEN_STATUSES",
    "CallStatus",
    "JudgeConfiguration",
    "JudgeExamples",
    "LlmCall",
    "LlmJob",
]
