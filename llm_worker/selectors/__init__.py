"""What pages and commands show of judges and their jobs."""

from .jobs import (
    JobProgress,
    failed_calls,
    failure_reasons,
    grades_given,
    job_progress,
    jobs_of_pool,
    unfinished_job,
)
from .judges import JudgeInTrack, JudgeInUse, judges_in_use

__all__ = [
    "JobProgress",
    "JudgeInTrack",
    "JudgeInUse",
    "failed_calls",
    "failure_reasons",
    "grades_given",
    "job_progress",
    "jobs_of_pool",
    "judges_in_use",
    "unfinished_job",
]
