"""Who labels."""

from django.db import models
from django.db.models import Q

from .tracks import Track, User


class Assessor(models.Model):
    """Whoever labels: a person, an LLM judge, or a qrels file. Everything after this row treats them alike."""

    class Kind(models.TextChoices):
        HUMAN = "human", "person"
        LLM = "llm", "judge"
        IMPORTED = "imported", "imported"
        ADJUDICATED = "adjudicated", "adjudicated"

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="assessors")
    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=150)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="assessors")
    file_name = models.CharField(max_length=255, blank=True, help_text="Of an imported assessor.")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the imported lines, sorted.")
    caveat = models.CharField(max_length=200, blank=True, help_text="What everyone who sees its labels must know.")
    language_models = models.CharField(
        max_length=300, blank=True, help_text="The language models behind it, separated by commas; of judges."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["track", "name"], name="assessor_name_once_per_track"),
            models.UniqueConstraint(fields=["track", "user"], name="one_assessor_per_person_and_track"),
            models.CheckConstraint(
                condition=Q(kind="human", user__isnull=False) | (~Q(kind="human") & Q(user__isnull=True)),
                name="human_assessors_are_users",
            ),
        ]

    def __str__(self):
        return self.name
