"""Calls. A job's progress is derived from them: a stored "running" would stick after a crash."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from assessment.models import Document, Topic
from nuggets.models import Answer

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
    BLOCKED = "blocked", "waits for the window before it"
    SKIPPED = "skipped", "not asked, for a window before it failed"


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


_OF_NUGGETS = {
    CallStatus.OK: "answered",
    CallStatus.UNPARSED: "reply is not as asked",
    CallStatus.OUT_OF_SCALE: "label that nobody offered",
}


def status_in_words(status: str, of_nuggets: bool) -> str:
    """A status as people read it; a call about nuggets knows no grades."""
    known = CallStatus(status)
    return _OF_NUGGETS.get(known, known.label) if of_nuggets else known.label


class LlmCall(models.Model):
    """One question to a judge, with everything that came back. A failure is a status, never a grade or a label.

    Most are about a *pair* of topic and document. Those about nuggets say in `part` what they ask for, in `step` the
    how-manieth of its topic or answer it is, from 1, and in `material` what is shown:

        window      {"documents": [key, ...], "nuggets": [text, ...]}   the list so far, once the window before is done
        importance  {"nuggets": [text, ...]}
        assignment  {"wordings": [key, ...]}                            of which the `answer` is searched

    and `most_tokens`, a bound of these texts. `result` is what an answered one came to: {"nuggets": [text, ...],
    "change": as `ListChange.as_dict`} of a window, else {"labels": [label, ...]} in the material's order. The last one
    of a topic has `written`: whether its list came into the bank, or there was one already.
    `trial` repeats the mode of its job, for the constraint: a trial's calls are not live ones.
    """

    class Part(models.TextChoices):
        PAIR = "pair", "pair"
        WINDOW = "window", "window"
        IMPORTANCE = "importance", "importance"
        ASSIGNMENT = "assignment", "assignment"

    job = models.ForeignKey(LlmJob, on_delete=models.CASCADE, related_name="calls")
    judge = models.ForeignKey(JudgeConfiguration, on_delete=models.PROTECT, related_name="calls")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    part = models.CharField(max_length=10, choices=Part, default=Part.PAIR, db_default=Part.PAIR)
    step = models.PositiveSmallIntegerField(default=0, db_default=0)
    material = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
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
            models.UniqueConstraint(
                fields=["job", "topic", "part", "step"],
                condition=Q(part__in=["window", "importance"]),
                name="one_call_per_job_topic_and_step",
            ),
            models.UniqueConstraint(
                fields=["job", "answer", "step"],
                condition=Q(part="assignment"),
                name="one_call_per_job_answer_and_step",
            ),
            models.CheckConstraint(
                condition=Q(part="pair", document__isnull=False, answer__isnull=True)
                | Q(part__in=["window", "importance"], document__isnull=True, answer__isnull=True)
                | Q(part="assignment", document__isnull=True, answer__isnull=False),
                name="a_call_is_about_what_its_part_says",
            ),
            models.CheckConstraint(
                condition=Q(status="ok", part="pair", grade__isnull=False, result__isnull=True)
                | Q(~Q(part="pair"), status="ok", grade__isnull=True, result__isnull=False)
                | (~Q(status="ok") & Q(grade__isnull=True, result__isnull=True)),
                name="only_ok_calls_have_a_grade",
            ),
        ]
        indexes = [models.Index(fields=["job", "status", "position"], name="call_by_job_and_status")]

    def __str__(self):
        about = self.document_id or self.answer_id or self.step
        return f"{self.judge_id} · {self.topic_id} · {self.part} {about}: {self.status}"

    @property
    def status_in_words(self) -> str:
        return status_in_words(self.status, self.part != self.Part.PAIR)
