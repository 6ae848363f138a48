"""What assessors said, and how it came about."""

from django.db import models
from django.db.models import Manager, Q
from django.utils import timezone

from .assessors import Assessor
from .corpus import Document, Topic
from .duties import Condition
from .pools import Pool
from .tracks import User


class JudgmentState(models.TextChoices):
    """No row means unjudged."""

    GRADED = "graded", "graded"
    SKIPPED = "skipped", "judge later"
    UNJUDGEABLE = "unjudgeable", "can't be judged"


class LabelManager(Manager):
    """What was said of pairs that were not planted: the labels that everything is computed from."""

    def get_queryset(self):
        return super().get_queryset().filter(vigilance=False)


class Judgment(models.Model):
    """What one assessor says of one (topic, document) pair, and how that came about.

    `Judgment.objects` and `assessor.judgments` leave out answers to vigilance items; joins must do so themselves.
    """

    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="judgments", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="judgments")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="judgments")
    state = models.CharField(max_length=12, choices=JudgmentState, default=JudgmentState.GRADED)
    grade = models.SmallIntegerField(null=True, blank=True)
    raw_grade = models.SmallIntegerField(null=True, blank=True, help_text="An imported negative grade, as it stood.")
    iteration = models.CharField(max_length=40, blank=True, help_text="Column 2 of the qrels file, verbatim.")
    condition = models.CharField(max_length=12, choices=Condition, blank=True)
    suggestion_grade = models.SmallIntegerField(null=True, blank=True, help_text="The label that was shown, if any.")
    suggestion_by = models.ForeignKey(Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    suggestion_shown_at = models.DateTimeField(null=True, blank=True)
    grade_before_reveal = models.SmallIntegerField(
        null=True, blank=True, help_text="Given before the suggestion came into sight (commit, then reveal)."
    )
    vigilance = models.BooleanField(
        default=False, db_default=False, help_text="An answer to a planted pair: never a label."
    )
    confidence = models.FloatField(null=True, blank=True)
    distribution = models.JSONField(null=True, blank=True, help_text="Probability of each grade, by a judge.")
    active_ms = models.PositiveIntegerField(null=True, blank=True)
    away_ms = models.PositiveIntegerField(null=True, blank=True)
    note = models.TextField(blank=True)
    evidence = models.JSONField(
        null=True, blank=True, help_text="Spans of the document's text: [{start, end, text}], in code points."
    )
    reason = models.TextField(blank=True, help_text="Why it was put off or can't be judged.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    with_vigilance = Manager()
    objects = LabelManager()

    class Meta:
        base_manager_name = "with_vigilance"
        default_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["assessor", "topic", "document", "vigilance"], name="one_judgment_per_assessor_and_pair"
            ),
            models.CheckConstraint(
                condition=Q(state="graded", grade__isnull=False) | (~Q(state="graded") & Q(grade__isnull=True)),
                name="graded_means_a_grade",
            ),
            models.CheckConstraint(condition=Q(grade__isnull=True) | Q(grade__gte=0), name="judgment_not_negative"),
        ]

    def __str__(self):
        label = self.state if self.grade is None else self.grade
        return f"{self.assessor_id} · {self.topic_id} · {self.document_id}: {label}"


class JudgmentEvent(models.Model):
    """Append-only history of what people did. The client's idempotency key makes a repeated save harmless."""

    class Kind(models.TextChoices):
        RECORDED = "recorded", "graded"
        ACCEPTED = "accepted", "accepted the suggestion"
        BULK = "bulk", "accepted with others at once"
        TAKEN_OVER = "taken_over", "taken over: all agreed"
        UNDONE = "undone", "undone"
        NOTED = "noted", "changed the note or the evidence"  # the grade stands as it was; no step of undo

    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="events", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=12, choices=JudgmentState, blank=True, help_text="Empty: unjudged after it.")
    grade = models.SmallIntegerField(null=True, blank=True)
    previous_state = models.CharField(max_length=12, choices=JudgmentState, blank=True)
    previous_grade = models.SmallIntegerField(null=True, blank=True)
    suggestion_grade = models.SmallIntegerField(null=True, blank=True)
    vigilance = models.BooleanField(default=False, db_default=False)
    active_ms = models.PositiveIntegerField(null=True, blank=True)
    away_ms = models.PositiveIntegerField(null=True, blank=True)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    idempotency_key = models.UUIDField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["assessor", "topic", "document"], name="event_by_pair")]

    def __str__(self):
        return f"{self.kind} {self.assessor_id} · {self.topic_id} · {self.document_id}"


class ScanTerms(models.Model):
    """The words that an assessor has marked in the passages of a topic."""

    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="scan_terms", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    terms = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assessor", "topic"], name="scan_terms_once_per_topic")]

    def __str__(self):
        return f"{self.assessor_id} · {self.topic_id}: {', '.join(self.terms)}"


class Adjudication(models.Model):
    """Several assessors' labels made into one set, the judgments of `result`: a person decides where they differ."""

    result = models.OneToOneField(Assessor, on_delete=models.CASCADE, related_name="adjudication")
    sources = models.ManyToManyField(Assessor, related_name="adjudicated_in")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, blank=True, help_text="Empty: the whole track.")
    adjudicator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="adjudications")
    hide_names = models.BooleanField(default=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"adjudication of {self.result}"
