"""Judges: configurations that are never changed once they have been used."""

from django.db import models
from django.db.models import Q

from assessment.models import Assessor, Track


class JudgeConfiguration(models.Model):
    """A judge: task, engine, model and revision, prompt, decoding and parameters.

    From `frozen_at` on the database refuses to change what decides its labels; prices and descriptions may change. Its
    name is the name of its assessor in every track that it judges in.
    """

    class Task(models.TextChoices):
        RELEVANCE = "relevance", "relevance"
        NUGGETS = "nuggets", "make nuggets"
        NUGGET_ASSIGNMENT = "nugget_assignment", "assign nuggets"

    class Decoding(models.TextChoices):
        REFERENCE = "reference", "reference text, strictly parsed"
        TOKEN = "token", "one constrained token"
        JSON = "json", "constrained JSON"
        NONE = "none", "no text (a lexical baseline)"

    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    task = models.CharField(max_length=20, choices=Task, default=Task.RELEVANCE)
    engine = models.CharField(max_length=20)
    model = models.CharField(max_length=200, blank=True)
    model_revision = models.CharField(
        max_length=100, blank=True, help_text="Of the model's weights, as their hub says."
    )
    options = models.JSONField(default=dict, blank=True, help_text="Where the engine is; never a key.")
    prompt = models.CharField(max_length=80, blank=True)
    prompt_sha256 = models.CharField(max_length=64, blank=True)
    decoding = models.CharField(max_length=12, choices=Decoding)
    max_passage_words = models.PositiveIntegerField(
        null=True, blank=True, default=800, help_text="Longer passages are cut, and marked so; empty: not by words."
    )
    max_passage_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="The same in the model's own tokens; empty: not by tokens."
    )
    examples_from = models.CharField(
        max_length=150, blank=True, help_text="Whose grades of other topics the prompt shows; empty: no examples."
    )
    examples_per_grade = models.PositiveSmallIntegerField(default=0)
    examples_seed = models.PositiveIntegerField(default=0)
    price_in = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text="Of a million tokens read."
    )
    price_cached = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text="Of a million tokens read from a cache."
    )
    price_out = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text="Of a million tokens written."
    )
    currency = models.CharField(max_length=3, default="USD")
    queue = models.CharField(max_length=20, default="cpu")
    caveat = models.CharField(max_length=200, blank=True, help_text="What everyone who sees its labels must know.")
    assessors = models.ManyToManyField(Assessor, blank=True, related_name="judges")
    frozen_at = models.DateTimeField(null=True, blank=True, help_text="When it was first used.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(examples_per_grade=0, examples_from="")
                | Q(examples_per_grade__gt=0) & ~Q(examples_from=""),
                name="examples_come_from_somebody",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_by_files_only(self) -> bool:
        """Whether no worker can ask it: a model behind an OpenAI-compatible interface whose address nobody gave."""
        return self.engine == "openai" and not self.options.get("base_url")


class JudgeExamples(models.Model):
    """The graded pairs that a judge's prompt may show in a track, drawn once and then kept as they are.

    `drawn` lists [qid, docid, grade], for each grade in the order of the draw. What belongs to the topic being judged
    is passed over, so that no judgment of a topic ever speaks in its own case.
    """

    judge = models.ForeignKey(JudgeConfiguration, on_delete=models.PROTECT, related_name="example_sets")
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="+")
    drawn_from = models.ForeignKey(Assessor, on_delete=models.PROTECT, related_name="+")
    drawn = models.JSONField()
    drawn_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["judge", "track"], name="examples_once_per_judge_and_track")]

    def __str__(self):
        return f"examples of {self.judge_id} in {self.track_id}"
