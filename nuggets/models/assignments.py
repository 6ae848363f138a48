"""What an answer says of a nugget: support, partial support, or not."""

from django.db import models
from django.utils import timezone

from assessment.models import Assessor, Condition, User

from .answers import Answer
from .banks import Wording


class Label(models.TextChoices):
    SUPPORT = "support", "support"
    PARTIAL_SUPPORT = "partial_support", "partial support"
    NOT_SUPPORT = "not_support", "not supported"


class NuggetAssignment(models.Model):
    """What one assessor (a person, a judge, a file) says of one answer and one wording. No row: not yet said."""

    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="nugget_assignments", db_index=False)
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="assignments")
    wording = models.ForeignKey(Wording, on_delete=models.CASCADE, related_name="assignments")
    label = models.CharField(max_length=15, choices=Label)
    condition = models.CharField(max_length=12, choices=Condition, blank=True)
    sentence = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Which sentence supports it, from 0; empty: not marked."
    )
    suggestion = models.CharField(max_length=15, choices=Label, blank=True, help_text="The label that was shown.")
    suggestion_by = models.ForeignKey(Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    active_ms = models.PositiveIntegerField(null=True, blank=True)
    away_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessor", "answer", "wording"], name="one_assignment_per_assessor_answer_wording"
            ),
        ]

    def __str__(self):
        return f"{self.assessor_id} · {self.answer_id} · {self.wording_id}: {self.label}"


class AssignmentEvent(models.Model):
    """Append-only: each label that a person gave or took back. `saved_as` makes a repeated save harmless."""

    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="+", db_index=False)
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="+")
    wording = models.ForeignKey(Wording, on_delete=models.CASCADE, related_name="+")
    label = models.CharField(max_length=15, choices=Label, blank=True, help_text="Empty: taken back.")
    before = models.CharField(max_length=15, choices=Label, blank=True)
    sentence = models.PositiveSmallIntegerField(null=True, blank=True)
    saved_as = models.UUIDField(unique=True)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["assessor", "answer", "wording"], name="event_by_assignment")]

    def __str__(self):
        return f"{self.assessor_id} · {self.answer_id} · {self.wording_id}: {self.label or 'taken back'}"
