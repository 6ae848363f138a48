"""Calls. A job's progress is derived from them: a stored "running" would stick after a crash."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from assessment.models import Document, Topic

from .jobs import LlmJob
from .judges import JudgeConfiguration


class CallStatus(models.TextChoices):
    WAITING = "waiting", "waiting"
    LEASED = "leased", "at a worker"
    OK = "ok", "judged"
    OUT_OF_SCALE = "out_of_scale", "grade outside the scale"
    UNPARSED = "unparsed", "no grade in the reply"
    TRUNCATED = "truncated", "reply cut off"
    REFUSED = "refused", "refused by the model"
    ERROR = "error", "error"
    CANCELLED = "cancelled", "cancelled"


OPEN_STATUSES = (CallStatus.WAITING, CallStatus.LEASED)
# At most one call of a judge about a pair is in one of these; the database sees to it.
LIVE_STATUSES = (*OPEN_STATUSES, CallStatus.OK)
FAILED_STATUSES = (
    CallStatus.OUT_OF_SCALE,
    CallStatus.UNPARSED,
    CallStatus.TRUNCATED,
    CallStatus.REFUSED,
    CallStatus.ERROR,
)


class LlmCall(models.Model):
    """One question to a judge about one pair, with everything that came back. A failure is a status, never a grade.

    `trial` repeats the mode of its job, for the constraint: a trial's calls are not live ones.
    """

    job = models.ForeignKey(LlmJob, on_delete=models.CASCADE, related_name="calls")
    judge = models.ForeignKey(JudgeConfiguration, on_delete=models.PROTECT, related_name="calls")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(help_text="Order inside the job: topic by topic, for the prefix cache.")
    trial = models.BooleanField(default=False, db_default=False, help_text="Its reply makes no judgment.")
    status = models.CharField(max_length=12, choices=CallStatus, default=CallStatus.WAITING)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    messages_sha256 = models.CharField(max_length=64, blank=True)
    inputs = models.JSONField(
        null=True, blank=True, help_text="What was rendered: tokens of the passage and those kept, examples shown."
    )
    orders_found = ArrayField(
        models.CharField(max_length=40),
        default=list,
        db_default=[],
        blank=True,
        help_text="How the passage tries to give the judge orders.",
    )
    passage_cut = models.BooleanField(default=False, help_text="The passage was longer than the prompt allows.")
    raw_reply = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    grade = models.SmallIntegerField(null=True, blank=True)
    distribution = models.JSONField(null=True, blank=True)
    outside_mass = models.FloatField(null=True, blank=True)
    expected = models.FloatField(null=True, blank=True, help_text="Mean grade of the distribution.")
    entropy = models.FloatField(null=True, blank=True, help_text="Of the distribution, in bits.")
    margin = models.FloatField(null=True, blank=True, help_text="Highest probability less the second.")
    tokens_in = models.PositiveIntegerField(null=True, blank=True)
    tokens_out = models.PositiveIntegerField(null=True, blank=True)
    tokens_cached = models.PositiveIntegerField(null=True, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["job", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "topic", "document"], name="one_call_per_job_and_pair"),
            # Two jobs never hold the same pair, and a stored reply is never paid for twice.
            models.UniqueConstraint(
                fields=["judge", "topic", "document"],
                condition=Q(status__in=[status.value for status in LIVE_STATUSES], trial=False),
                name="one_live_call_per_judge_and_pair",
            ),
            models.CheckConstraint(
                condition=Q(status="ok", grade__isnull=False) | (~Q(status="ok") & Q(grade__isnull=True)),
                name="only_ok_calls_have_a_grade",
            ),
        ]
        indexes = [models.Index(fields=["job", "status", "position"], name="call_by_job_and_status")]

    def __str__(self):
        return f"{self.judge_id} · {self.topic_id} · {self.document_id}: {self.status}"
