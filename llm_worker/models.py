"""Judges, jobs and calls. A job's progress is derived from its calls: a stored "running" would stick after a crash."""

from django.db import models
from django.db.models import Q

from assessment.models import Assessor, Document, Pool, Topic, Track, User


class JudgeConfiguration(models.Model):
    """A judge: engine, model, prompt, decoding and parameters. Never changed once it has judged.

    Its name is the name of its assessor in every track that it judges in.
    """

    class Decoding(models.TextChoices):
        REFERENCE = "reference", "reference text, strictly parsed"
        TOKEN = "token", "one constrained token"
        NONE = "none", "no text (a lexical baseline)"

    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    engine = models.CharField(max_length=20)
    model = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict, blank=True, help_text="Where the engine is; never a key.")
    prompt = models.CharField(max_length=80, blank=True)
    prompt_sha256 = models.CharField(max_length=64, blank=True)
    decoding = models.CharField(max_length=12, choices=Decoding)
    max_passage_words = models.PositiveIntegerField(default=800, help_text="Longer passages are cut, and marked so.")
    queue = models.CharField(max_length=20, default="cpu")
    caveat = models.CharField(max_length=200, blank=True, help_text="What everyone who sees its labels must know.")
    assessors = models.ManyToManyField(Assessor, blank=True, related_name="judges")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class LlmJob(models.Model):
    """One judge over (part of) one pool. `wanted` is what people asked for; the rest is derived from the calls."""

    class Wanted(models.TextChoices):
        RUN = "run", "run"
        CANCEL = "cancel", "cancelled"

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="llm_jobs")
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="llm_jobs")
    judge = models.ForeignKey(JudgeConfiguration, on_delete=models.PROTECT, related_name="jobs")
    assessor = models.ForeignKey(Assessor, on_delete=models.PROTECT, related_name="+")
    wanted = models.CharField(max_length=10, choices=Wanted, default=Wanted.RUN)
    halted_because = models.TextField(
        blank=True, help_text="Why the worker stopped it (engine down, cannot be fitted)."
    )
    retry_at = models.DateTimeField(null=True, blank=True, help_text="After an engine failure: when to try again.")
    last_enqueued_at = models.DateTimeField(null=True, blank=True)
    engine_failures = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.judge} over {self.pool}"


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
    """One question to a judge about one pair, with everything that came back. A failure is a status, never a grade."""

    job = models.ForeignKey(LlmJob, on_delete=models.CASCADE, related_name="calls")
    judge = models.ForeignKey(JudgeConfiguration, on_delete=models.PROTECT, related_name="calls")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(help_text="Order inside the job: topic by topic, for the prefix cache.")
    status = models.CharField(max_length=12, choices=CallStatus, default=CallStatus.WAITING)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    messages_sha256 = models.CharField(max_length=64, blank=True)
    passage_cut = models.BooleanField(default=False, help_text="The passage was longer than the prompt allows.")
    raw_reply = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    grade = models.SmallIntegerField(null=True, blank=True)
    distribution = models.JSONField(null=True, blank=True)
    outside_mass = models.FloatField(null=True, blank=True)
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
                condition=Q(status__in=[status.value for status in LIVE_STATUSES]),
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
