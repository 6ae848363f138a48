"""What pages and commands show of judges and their jobs."""

from .jobs import JobProgress, job_progress, jobs_of_pool, unfinished_job
from .judges import JudgeInTrack, JudgeInUse, judges_in_use, tracks_to_judge
from .reports import (
    JudgeReport,
    Report,
    failed_calls,
    failure_reasons,
    job_report,
    judge_report,
    successes_to_read,
)

__all__ = [
    "JobProgress",
    "JudgeInTrack",
    "JudgeInUse",
    "JudgeReport",
    "Report",
    "failed_calls",
    "failure_reasons",
    "job_progress",
    "job_report",
    "jobs_of_pool",
    "judge_report",
    "judges_in_use",
    "successes_to_read",
    "tracks_to_judge",
    "unfinished_job",
]
