"""What systems wrote: one answer a run and topic."""

from django.db import models

from assessment.models import Topic, Track, User
from assessment.models.fields import ExactTextField


class AnswerRun(models.Model):
    """One system's answers to a track's topics. Its name is the run id of its file."""

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="answer_runs")
    tag = ExactTextField()
    team = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=60, blank=True, help_text="The file's type, for example automatic or manual.")
    description = models.TextField(blank=True)
    profile = models.CharField(
        max_length=60, blank=True, help_text="The submission profile that the file was read by; empty: assignments."
    )
    file_name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["tag"]
        constraints = [models.UniqueConstraint(fields=["track", "tag"], name="answer_run_tag_once_per_track")]

    def __str__(self):
        return self.tag


class Answer(models.Model):
    """What one run answers to one topic. No row: it gave none, which counts as 0 and is counted.

    `text` is what assessors read and what labels are about: the parts of a submission joined by a space, or the text of
    an assignment file as it stood. `sentences`, where the file had them:
    `[{"text": str, "citations": [{"docid": str, "weight": float | None}, ...]}, ...]`, strongest citation first.
    """

    run = models.ForeignKey(AnswerRun, on_delete=models.CASCADE, related_name="answers", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="answers")
    text = models.TextField(blank=True)
    sentences = models.JSONField(default=list, blank=True)
    references = models.JSONField(default=list, blank=True, help_text="Docids, as the file listed them.")
    words = models.PositiveIntegerField(help_text="Of the text, split at white space.")
    declared_words = models.PositiveIntegerField(null=True, blank=True, help_text="The file's own response_length.")

    class Meta:
        ordering = ["run__tag", "topic__position"]
        constraints = [models.UniqueConstraint(fields=["run", "topic"], name="one_answer_per_run_and_topic")]

    def __str__(self):
        return f"{self.run} · {self.topic_id}"
