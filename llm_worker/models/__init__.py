from .calls import FAILED_STATUSES, LIVE_STATUSES, OPEN_STATUSES, CallStatus, LlmCall, status_in_words
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
    "status_in_words",
]
