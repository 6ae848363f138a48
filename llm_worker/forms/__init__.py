from .jobs import JobForm
from .judges import CompareForm, JudgeForm, TermsForm
from .limits import LimitsForm

__all__ = ["CompareForm", "JobForm", "JudgeForm", "LimitsForm", "TermsForm"]
