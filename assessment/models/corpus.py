"""What systems search and return: topics, documents, runs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .fields import ExactTextField, RealField
from .tracks import Collection, Track, User


class Topic(models.Model):
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="topics")
    qid = ExactTextField()
    query = models.TextField()
    description = models.TextField(blank=True)
    narrative = models.TextField(blank=True)
    sub_narratives = models.JSONField(default=list, blank=True)
    position = models.PositiveIntegerField(help_text="Order in the file that brought it.")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["track", "qid"], name="qid_once_per_track")]

    def __str__(self):
        return f"{self.qid} {self.query[:60]}"


class Document(models.Model):
    """A passage or abstract. `text` is null for a docid that is known from a run or from qrels only."""

    # A 32-bit key: rankings are arrays of them.
    id = models.AutoField(primary_key=True)
    # On the bulk tables the unique constraint's index begins with this column and serves its look-ups too.
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents", db_index=False)
    docid = ExactTextField()
    title = models.TextField(blank=True, default="", db_default="")
    url = models.TextField(blank=True, default="", db_default="")
    text = models.TextField(null=True, blank=True)  # noqa: DJ001 — null says "never seen", "" says "empty"
    extra = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "docid"], name="docid_once_per_collection")]

    def __str__(self):
        return self.docid


class Run(models.Model):
    """One system's answer to a track. Its name is the tag in the file's sixth column."""

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="runs")
    tag = ExactTextField()
    team = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=60, blank=True, help_text="For example automatic, manual, neural, lexical.")
    language_models = models.CharField(
        max_length=300, blank=True, help_text="The language models in it, as declared, separated by commas."
    )
    file_name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64)
    lines = models.PositiveIntegerField()
    warnings = models.JSONField(default=list, blank=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["tag"]
        constraints = [models.UniqueConstraint(fields=["track", "tag"], name="tag_once_per_track")]

    def __str__(self):
        return self.tag


class Ranking(models.Model):
    """What one run returned for one topic, in trec_eval's order: document keys and their scores, side by side.

    One row per run and topic, not one per retrieved document: 77 runs × 301 topics × 100 documents are
    23 thousand rows, and a dashboard reads them straight into numpy arrays.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rankings", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="rankings")
    documents = ArrayField(models.IntegerField())
    scores = ArrayField(RealField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "topic"], name="one_ranking_per_run_and_topic"),
            models.CheckConstraint(
                condition=models.Q(documents__len=models.F("scores__len")), name="ranking_scores_match_documents"
            ),
        ]

    def __str__(self):
        return f"{self.run} · {self.topic_id}"
