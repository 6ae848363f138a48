"""Who judges what, under which condition, and what is on whose desk."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .assessors import Assessor
from .corpus import Document, Topic
from .pools import RANKED_ORDERS, Order, Pool, PoolItem
from .tracks import User


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


class Plan(models.Model):
    """What an organizer asked of a plan when its duties were made: people, weights, seed, shares."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="plans")
    settings = models.JSONField()
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-made_at", "-pk"]

    def __str__(self):
        return f"plan {self.pk} of {self.pool}"


class Duty(models.Model):
    """One assessor judges one topic of a pool under one condition. What he or she may see is decided here.

    Which passages that are stands in one place, the view behind DutyItem. `order`: empty is the pool's.
    `sample_percent`: only the pairs with the lowest lots, for an overlap by pairs. `rest_of`: what these assessors,
    who had the topic before, have left unjudged. `vigilance_percent`: how many passages are planted among them, for
    a hundred that are shown; `trusted` has graded those.
    """

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="duties")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="duties")
    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="duties")
    condition = models.CharField(max_length=12, choices=Condition)
    reveal = models.CharField(max_length=20, choices=Reveal, default=Reveal.NEVER)
    suggestion_source = models.ForeignKey(
        Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="suggests_to"
    )
    order = models.CharField(max_length=14, choices=Order, blank=True)
    ranked_by = models.ForeignKey(
        Assessor,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ranks_for",
        help_text="Whose distribution orders the passages; the duty's assessor never learns of it.",
    )
    sample_percent = models.PositiveSmallIntegerField(default=100)
    rest_of = ArrayField(models.BigIntegerField(), default=list, blank=True)
    vigilance_percent = models.PositiveSmallIntegerField(default=0)
    trusted = models.ForeignKey(Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.SET_NULL, null=True, blank=True, related_name="duties")
    due_on = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Since then it can be read, not judged.")
    message = models.TextField(blank=True, help_text="The organizer's word to the assessor, shown above the passage.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pool", "topic__position"]
        verbose_name_plural = "duties"
        constraints = [
            models.CheckConstraint(condition=Q(sample_percent__range=(1, 100)), name="sample_is_a_share"),
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
            models.CheckConstraint(
                condition=Q(vigilance_percent=0, trusted__isnull=True)
                | Q(vigilance_percent__range=(1, 100), trusted__isnull=False, condition="post_edit"),
                name="vigilance_needs_somebody_trusted",
            ),
            models.CheckConstraint(
                condition=Q(order__in=[order.value for order in RANKED_ORDERS], ranked_by__isnull=False)
                | ~Q(order__in=[order.value for order in RANKED_ORDERS]) & Q(ranked_by__isnull=True),
                name="ranked_duties_know_by_whom",
            ),
        ]

    def __str__(self):
        return f"{self.assessor} · {self.pool} · {self.topic_id} · {self.condition}"


class DutyRank(models.Model):
    """Where a passage stands in the order that a judge's distribution gave it when the duty was made, and its score:
    the expected grade, or the entropy in bits. Kept, so that the order is on record and never moves under a person."""

    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="ranks")
    item = models.ForeignKey(PoolItem, on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveIntegerField(help_text="From 1.")
    score = models.FloatField(null=True, blank=True, help_text="Empty: the judge has no distribution for it.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["duty", "item"], name="one_rank_per_duty_and_item")]

    def __str__(self):
        return f"{self.duty_id} · {self.item_id}: {self.rank}"


class DutyItem(models.Model):
    """A passage that a duty shows, and what its assessor has said of it. A database view: nothing is stored here.

    `filtered` and `post_edit` leave out what the suggestion source graded 0; its failures stay, and so does what the
    assessor has judged already. Of a shared pool, passages that enough others have judged are left out.
    """

    item = models.OneToOneField(PoolItem, on_delete=models.DO_NOTHING, primary_key=True, related_name="+")
    duty = models.ForeignKey(Duty, on_delete=models.DO_NOTHING, related_name="shown_items")
    topic = models.ForeignKey(Topic, on_delete=models.DO_NOTHING, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.DO_NOTHING, related_name="+")
    position = models.PositiveIntegerField()
    best_rank = models.PositiveIntegerField()
    lot = models.BigIntegerField()
    vigilance = models.BooleanField()
    judgment = models.ForeignKey("Judgment", on_delete=models.DO_NOTHING, null=True, related_name="+")
    state = models.CharField(max_length=12, help_text="Of the assessor's judgment; empty: unjudged.")
    grade = models.SmallIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "assessment_dutyitem"

    def __str__(self):
        return f"{self.duty_id} · {self.item_id}"


class Lease(models.Model):
    """A passage that one person has on the desk, or next on the pile, until `expires_at` unless it is renewed.

    It outlives its end, so that whoever comes back may still save; another may claim the passage from then on.
    `tab` is the browser tab that holds it; of all passages of a person one is open.
    """

    item = models.ForeignKey(PoolItem, on_delete=models.CASCADE, related_name="leases")
    assessor = models.ForeignKey(Assessor, on_delete=models.CASCADE, related_name="leases", db_index=False)
    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="leases")
    tab = models.UUIDField()
    is_open = models.BooleanField(default=False)
    claimed_at = models.DateTimeField(default=timezone.now)
    renewed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessor", "item"], name="one_lease_per_assessor_and_item"),
            models.UniqueConstraint(
                fields=["assessor"], condition=Q(is_open=True), name="one_open_passage_per_assessor"
            ),
        ]

    def __str__(self):
        return f"{self.assessor_id} · {self.item_id} until {self.expires_at}"
