"""Who edits or assigns which topic, and what he or she may see."""

from django.db import models
from django.db.models import Q

from assessment.models import Assessor, Condition

from .banks import TopicBank


class NuggetTask(models.TextChoices):
    EDIT = "edit", "edit the bank"
    ASSIGN = "assign", "assign answers"


class NuggetDuty(models.Model):
    """One person edits a topic's list, or assigns its answers' labels. What may be seen is decided here: suggestions
    only under post-edit, importance only where it is not hidden (NIST's practice in the first pass)."""

    topic_bank = models.ForeignKey(TopicBank, on_delete=models.CASCADE, related_name="duties")
    task = models.CharField(max_length=6, choices=NuggetTask)
    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="nugget_duties")
    condition = models.CharField(max_length=12, choices=Condition, default=Condition.MANUAL)
    suggestion_source = models.ForeignKey(Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    hides_importance = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["topic_bank", "task", "assessor__name"]
        verbose_name_plural = "nugget duties"
        constraints = [
            models.UniqueConstraint(fields=["topic_bank", "task", "assessor"], name="one_nugget_duty_per_person"),
            models.CheckConstraint(
                condition=Q(condition="manual", suggestion_source__isnull=True)
                | Q(condition="post_edit", task="assign", suggestion_source__isnull=False)
                | Q(condition="post_edit", task="edit", suggestion_source__isnull=True),
                name="nugget_duty_suggestion_fits_condition",
            ),
        ]

    def __str__(self):
        return f"{self.assessor} · {self.task} · {self.topic_bank}"
