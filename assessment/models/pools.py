"""Which pairs are to be judged."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Manager, Q

from .assessors import Assessor
from .corpus import Document, Run, Topic
from .tracks import Track, User


class Order(models.TextChoices):
    """In which order the passages of a topic come."""

    SHUFFLE = "shuffle", "seeded shuffle"
    DOCID = "docid", "docid"
    BEST_RANK = "best_rank", "best rank"
    MOVE_TO_FRONT = "move_to_front", "move-to-front"
    LIKELY = "likely", "most likely relevant first"
    UNCERTAIN = "uncertain", "most uncertain first"


# By a judge's distribution; orders of a duty, which names the judge, never of a pool.
RANKED_ORDERS = (Order.LIKELY, Order.UNCERTAIN)
POOL_ORDERS = tuple(order for order in Order if order not in RANKED_ORDERS)


class Pool(models.Model):
    """Pairs to judge. Without a quota, everyone with a duty judges every passage of the topic. With one, those who have
    a duty in a topic share its passages: each is judged by `quota` of them, `overlap_percent` % of them by one more.

    A *routed* pool has those pairs of the pool `routed_from` that a rule on the confidence of `routed_by` sends to
    people, and a random sample of the rest; `routing` keeps the rule, its seed, and how many pairs it was applied to.
    """

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="pools")
    name = models.CharField(max_length=80)
    depth = models.PositiveIntegerField()
    order = models.CharField(max_length=14, choices=Order, default=Order.SHUFFLE)
    seed = models.PositiveIntegerField(default=0)
    quota = models.PositiveSmallIntegerField(null=True, blank=True, help_text="People per passage; empty: everyone.")
    overlap_percent = models.PositiveSmallIntegerField(default=0)
    routed_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="routed_pools"
    )
    routed_by = models.ForeignKey(Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    routing = models.JSONField(null=True, blank=True)
    runs = models.ManyToManyField(Run, through="PoolRun", related_name="pools")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["track", "name"], name="pool_name_once_per_track"),
            models.CheckConstraint(condition=Q(quota__isnull=True) | Q(quota__gte=1), name="quota_at_least_one"),
            models.CheckConstraint(
                condition=Q(overlap_percent=0) | Q(overlap_percent__lte=100, quota__isnull=False),
                name="pool_overlap_needs_a_quota",
            ),
            models.CheckConstraint(
                condition=Q(routed_from__isnull=True, routed_by__isnull=True, routing__isnull=True)
                | Q(routed_from__isnull=False, routed_by__isnull=False, routing__isnull=False),
                name="routed_pools_keep_their_rule",
            ),
            models.CheckConstraint(
                condition=~Q(order__in=[order.value for order in RANKED_ORDERS]), name="a_judge_ranks_duties_not_pools"
            ),
        ]

    def __str__(self):
        return self.name


class PoolRun(models.Model):
    """A run that the pool was built from, and how deep."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE)
    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    depth = models.PositiveIntegerField(null=True, blank=True, help_text="Of this run; empty: the pool's.")

    class Meta:
        db_table = "assessment_pool_runs"
        constraints = [models.UniqueConstraint(fields=["pool", "run"], name="run_once_per_pool")]

    def __str__(self):
        return f"{self.run_id} in {self.pool_id}"


class Routed(models.TextChoices):
    """Why a pair is in a routed pool."""

    UNSURE = "unsure", "the judge was unsure"
    UNJUDGED = "unjudged", "the judge has no label"
    AUDIT = "audit", "drawn at random from the rest"


class PoolItemManager(Manager):
    """The pool itself: what was planted for vigilance is not of it."""

    def get_queryset(self):
        return super().get_queryset().filter(planted_for__isnull=True)


class PoolItem(models.Model):
    """A (topic, document) pair to judge. Which runs brought it is kept here and hidden from assessors.

    A vigilance item is an extra pair, planted for one duty: somebody who is trusted has graded it, and the suggestion
    shown with it is wrong on purpose. `PoolItem.objects` and `pool.items` leave it out; joins must do so themselves.
    The database scatters the keys, which assessors see, so that nobody can tell by them what came last.
    """

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="items", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="pool_items")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="pool_items")
    position = models.PositiveIntegerField(help_text="In the pool's order, from 1; what is added later comes last.")
    best_rank = models.PositiveIntegerField()
    lot = models.BigIntegerField(help_text="Drawn from the pool's seed, the topic id and the docid: 0 to 2^63 - 1.")
    run_ids = ArrayField(models.BigIntegerField())
    ranks = ArrayField(models.IntegerField())
    routed_because = models.CharField(
        max_length=10, choices=Routed, blank=True, db_default="", help_text="In a routed pool: what brought it here."
    )
    selection_probability = models.FloatField(
        null=True, blank=True, help_text="In a routed pool: how probable it was that the rule takes this pair."
    )
    planted_for = models.ForeignKey("Duty", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    planted = models.JSONField(null=True, blank=True, help_text="The wrong label: grade, confidence, distribution.")
    trusted_grade = models.SmallIntegerField(null=True, blank=True)
    trusted_by = models.ForeignKey(Assessor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    with_planted = Manager()
    objects = PoolItemManager()

    class Meta:
        ordering = ["pool", "topic", "position"]
        base_manager_name = "with_planted"
        default_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "topic", "document", "planted_for"],
                name="document_once_per_pool_topic",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["pool", "topic", "position"],
                condition=Q(planted_for__isnull=True),
                name="position_once_per_pool_topic",
            ),
            models.CheckConstraint(condition=Q(run_ids__len=F("ranks__len")), name="pool_item_ranks_match_runs"),
            models.CheckConstraint(
                condition=Q(
                    planted_for__isnull=True,
                    planted__isnull=True,
                    trusted_grade__isnull=True,
                    trusted_by__isnull=True,
                )
                | Q(
                    planted_for__isnull=False,
                    planted__isnull=False,
                    trusted_grade__isnull=False,
                    trusted_by__isnull=False,
                ),
                name="vigilance_items_are_complete",
            ),
            models.CheckConstraint(
                condition=Q(selection_probability__isnull=True, routed_because="")
                | Q(selection_probability__gt=0, selection_probability__lte=1) & ~Q(routed_because=""),
                name="routed_items_know_their_probability",
            ),
        ]

    def __str__(self):
        return f"{self.pool} · {self.topic_id} · {self.document_id}"
