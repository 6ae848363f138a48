"""Jobs: one judge over (part of) a pool, or of a bank of nuggets, within limits."""

from django.db import models
from django.db.models import Q

from assessment.models import Assessor, Pool, Track, User
from nuggets.models import Bank

from .judges import JudgeConfiguration


class LlmJob(models.Model):
    """One judge over (part of) one pool, or of one bank, as the judge's task says. `wanted` is what people asked for;
    progress is derived from the calls.

    A *trial* asks about a few pairs before anything is decided: its replies make no judgments, and a later job of the
    same judge takes them over instead of paying again. A *batch* is asked elsewhere, by files; no worker touches it.

    `settings` of a job over a bank: `window`, `most_nuggets`, `most_words`, `keep`, `batch`, `threshold` and
    `grades_of` where it makes lists; `empty_answers`, how many were labelled without a call, where it assigns.
    """

    class Wanted(models.TextChoices):
        RUN = "run", "run"
        PAUSE = "pause", "paused"
        CANCEL = "cancel", "cancelled"

    class Mode(models.TextChoices):
        WORKERS = "workers", "by workers"
        TRIAL = "trial", "a trial"
        BATCH = "batch", "by batch files"

    class HaltedBy(models.TextChoices):
        ENGINE = "engine", "engine down"
        BREAKER = "breaker", "circuit breaker"
        LIMIT = "limit", "limit reached"
        DEFECT = "defect", "cannot be done"

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="llm_jobs")
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, null=True, blank=True, related_name="llm_jobs")
    bank = models.ForeignKey(Bank, on_delete=models.CASCADE, null=True, blank=True, related_name="llm_jobs")
    settings = models.JSONField(default=dict, db_default={}, blank=True)
    judge = models.ForeignKey(JudgeConfiguration, on_delete=models.PROTECT, related_name="jobs")
    assessor = models.ForeignKey(Assessor, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.WORKERS)
    wanted = models.CharField(max_length=10, choices=Wanted, default=Wanted.RUN)
    retry_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="retries")
    max_tokens = models.PositiveBigIntegerField(null=True, blank=True, help_text="Read and written together.")
    max_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    max_seconds = models.PositiveIntegerField(null=True, blank=True, help_text="Of running; pauses do not count.")
    max_failures = models.PositiveIntegerField(null=True, blank=True)
    breaker = models.PositiveSmallIntegerField(
        default=20, help_text="So many failures in a row stop the job; 0: it never stops by itself."
    )
    running_since = models.DateTimeField(null=True, blank=True, help_text="Since it was last started or resumed.")
    ran_seconds = models.FloatField(default=0, help_text="Before that.")
    estimate = models.JSONField(null=True, blank=True, help_text="What was expected of it when it was made.")
    halted_because = models.TextField(
        blank=True, help_text="Why the worker stopped it (engine down, cannot be fitted)."
    )
    halted_by = models.CharField(max_length=10, choices=HaltedBy, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True, help_text="After an engine failure: when to try again.")
    last_enqueued_at = models.DateTimeField(null=True, blank=True)
    engine_failures = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(halted_by="") | ~Q(halted_because=""), name="a_halt_has_its_reason"),
            models.CheckConstraint(
                condition=Q(pool__isnull=False, bank__isnull=True) | Q(pool__isnull=True, bank__isnull=False),
                name="a_job_is_over_a_pool_or_a_bank",
            ),
        ]

    def __str__(self):
        return f"{self.judge} over {self.over}"

    @property
    def over(self) -> Pool | Bank:
        """What it works through."""
        return self.pool if self.bank_id is None else self.bank

    @property
    def makes_nuggets(self) -> bool:
        return self.judge.task == JudgeConfiguration.Task.NUGGETS
