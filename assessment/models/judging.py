"""Who judges what, and what they said."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from .corpus import Document, Run, Topic
from .tracks import Track, User


class Assessor(models.Model):
    """Whoever labels: a person, an LLM judge, or a qrels file. Everything after this row treats them alike."""

    class Kind(models.TextChoices):
        HUMAN = "human", "person"
        LLM = "llm", "judge"
        IMPORTED = "imported", "imported"

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="assessors")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=150)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="assessors")
    file_name = models.CharField(max_length=255, blank=True, help_text="Of an imported assessor.")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the imported lines, sorted.")
    caveat = models.CharField(max_length=200, blank=True, help_text="What everyone who sees its labels must know.")
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


class Pool(models.Model):
    class Order(models.TextChoices):
        SHUFFLE = "shuffle", "seeded shuffle"
        DOCID = "docid", "docid"
        BEST_RANK = "best_rank", "best rank"

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="pools")
    name = models.CharField(max_length=80)
    depth = models.PositiveIntegerField()
    order = models.CharField(max_length=12, choices=Order, default=Order.SHUFFLE)
    seed = models.PositiveIntegerField(default=0)
    runs = models.ManyToManyField(Run, related_name="pools")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["track", "name"], name="pool_name_once_per_track")]

    def __str__(self):
        return self.name


class PoolItem(models.Model):
    """A (topic, document) pair to judge. Which runs brought it is kept here and hidden from assessors."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="items", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="pool_items")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="pool_items")
    position = models.PositiveIntegerField()
    best_rank = models.PositiveIntegerField()
    run_ids = ArrayField(models.BigIntegerField())
    ranks = ArrayField(models.IntegerField())

    class Meta:
        ordering = ["pool", "topic", "position"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "topic", "document"], name="document_once_per_pool_topic"),
            models.UniqueConstraint(fields=["pool", "topic", "position"], name="position_once_per_pool_topic"),
            models.CheckConstraint(condition=Q(run_ids__len=F("ranks__len")), name="pool_item_ranks_match_runs"),
        ]

    def __str__(self):
        return f"{self.pool} · {self.topic_id} · {self.document_id}"


class Condition(models.TextChoices):
    """The four conditions of the TREC 2024 RAG study (Upadhyay et al., arXiv 2411.08275)."""

    MANUAL = "manual", "manual"
    FILTERED = "filtered", "filtered"
    POST_EDIT = "post_edit", "post-edit"
    AUTOMATIC = "automatic", "automatic"


class Reveal(models.TextChoices):
    NEVER = "never", "never"
    ALWAYS = "always", "always"
    COMMIT_THEN_REVEAL = "commit_then_reveal", "after the first grade"


class Duty(models.Model):
    """One assessor judges one topic of a pool under one condition. What he or she may see is decided here."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="duties")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="duties")
    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="duties")
    condition = models.CharField(max_length=12, choices=Condition)
    reveal = models.CharField(max_length=20, choices=Reveal, default=Reveal.NEVER)
    suggestion_source = models.ForeignKey(
        Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="suggests_to"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pool", "topic__position"]
        verbose_name_plural = "duties"
        constraints = [
            models.UniqueConstraint(fields=["pool", "topic", "assessor"], name="one_duty_per_pool_topic_assessor"),
            models.CheckConstraint(
                condition=Q(condition__in=["manual", "filtered", "automatic"], reveal="never")
                | Q(condition="post_edit", reveal__in=["always", "commit_then_reveal"]),
                name="duty_reveal_fits_condition",
            ),
            models.CheckConstraint(
                condition=Q(condition="manual") | Q(suggestion_source__isnull=False),
                name="duty_needs_a_suggestion_source",
            ),
        ]

    def __str__(self):
        return f"{self.assessor} · {self.pool} · {self.topic_id} · {self.condition}"


class JudgmentState(models.TextChoices):
    """No row means unjudged."""

    GRADED = "graded", "graded"
    SKIPPED = "skipped", "judge later"
    UNJUDGEABLE = "unjudgeable", "can't be judged"


class Judgment(models.Model):
    """What one assessor says of one (topic, document) pair, and how that came about."""

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
    confidence = models.FloatField(null=True, blank=True)
    distribution = models.JSONField(null=True, blank=True, help_text="Probability of each grade, by a judge.")
    active_ms = models.PositiveIntegerField(null=True, blank=True)
    away_ms = models.PositiveIntegerField(null=True, blank=True)
    note = models.TextField(blank=True)
    reason = models.TextField(blank=True, help_text="Why it was put off or can't be judged.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessor", "topic", "document"], name="one_judgment_per_assessor_and_pair"
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
        UNDONE = "undone", "undone"

    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="events", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=12, choices=JudgmentState, blank=True, help_text="Empty: unjudged after it.")
    grade = models.SmallIntegerField(null=True, blank=True)
    previous_state = models.CharField(max_length=12, choices=JudgmentState, blank=True)
    previous_grade = models.SmallIntegerField(null=True, blank=True)
    suggestion_grade = models.SmallIntegerField(null=True, blank=True)
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
