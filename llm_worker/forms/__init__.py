from .jobs import JobForm, RepliesForm
from .judges import CompareForm, JudgeForm, TermsForm
from .limits import LimitsForm
from .nuggets import AssignForm, ListsForm

__all__ = ["AssignForm", "CompareForm", "JobForm", "JudgeForm", "LimitsForm", "ListsForm", "RepliesForm", "TermsForm"]
