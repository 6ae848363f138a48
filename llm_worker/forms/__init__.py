from .jobs import JobForm, RepliesForm
from .judges import CompareForm, JudgeForm, TermsForm
from .limits import LimitsForm

__all__ = ["CompareForm", "JobForm", "JudgeForm", "LimitsForm", "RepliesForm", "TermsForm"]
