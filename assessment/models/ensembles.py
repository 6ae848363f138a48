"""Several assessors' labels combined into one by a rule."""

from django.db import models

from .assessors import Assessor
from .tracks import User


class Ensemble(models.Model):
    """A named rule over several assessors, an assessor of its own (of the kind LLM): its labels are the judgments of
    `result`, made anew from the members' whenever somebody asks. A pair needs the labels of `quorum` members."""

    class Rule(models.TextChoices):
        MEDIAN = "median", "median"
        MEAN = "mean", "mean"
        MAJORITY = "majority", "majority"

    result = models.OneToOneField(Assessor, on_delete=models.CASCADE, related_name="ensemble")
    members = models.ManyToManyField(Assessor, related_name="ensembles")
    rule = models.CharField(max_length=10, choices=Rule)
    quorum = models.PositiveSmallIntegerField(help_text="Fewer labels than so many make none.")
    combined_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(quorum__gte=1), name="an_ensemble_has_a_quorum"),
        ]

    def __str__(self):
        return f"ensemble {self.result}"
