"""Banks of nuggets: what a good answer should hold, how each came to be worded so, and frozen versions of it.

A *bank* has a name and a condition and holds a list for each topic (`TopicBank`). Nuggets live in the list; the texts
that a nugget has had are its wordings, which never change. Labels are about a wording, so an edited nugget has none
until somebody looks again, and an edit that is undone has its labels back. Each edit is a row that can be undone; a
frozen version is a list of wordings that the database itself refuses to change.
"""

from django.db import models
from django.db.models import Q

from assessment.models import Document, Topic, Track, User


class BankCondition(models.TextChoices):
    """How the nuggets were made (Pradeep et al., arXiv 2504.15068)."""

    AUTO = "auto", "by an LLM"
    AUTO_EDITED = "auto_edited", "by an LLM, edited by people"
    MANUAL = "manual", "by people"


class Importance(models.TextChoices):
    VITAL = "vital", "vital"
    OKAY = "okay", "okay"


class Bank(models.Model):
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="banks")
    name = models.CharField(max_length=150)
    condition = models.CharField(max_length=12, choices=BankCondition)
    file_name = models.CharField(max_length=255, blank=True, help_text="Of an imported bank.")
    sha256 = models.CharField(max_length=64, blank=True)
    made_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="made_into", help_text="Was copied from."
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["track", "name"], name="bank_name_once_per_track")]

    def __str__(self):
        return self.name


class TopicBank(models.Model):
    """One topic's list in a bank. `revision` is the number of its last edit: whoever edits says which one was seen."""

    bank = models.ForeignKey(Bank, on_delete=models.CASCADE, related_name="topic_banks")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="topic_banks")
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["bank", "topic__position"]
        constraints = [models.UniqueConstraint(fields=["bank", "topic"], name="one_list_per_bank_and_topic")]

    def __str__(self):
        return f"{self.bank} · {self.topic_id}"


class Nugget(models.Model):
    """One atomic fact. Its text is its current wording. `number` counts in its list and is never used again."""

    class Origin(models.TextChoices):
        CREATED = "created", "written by a person"
        SUGGESTED = "suggested", "written by an LLM"
        IMPORTED = "imported", "imported"
        MERGED = "merged", "merged"
        SPLIT = "split", "split off"
        COPIED = "copied", "copied from another bank"

    class Source(models.TextChoices):
        """As the RAG25 files say it."""

        ORIGINAL = "original", "original"
        POST_EDIT = "post-edit", "post-edit"

    topic_bank = models.ForeignKey(TopicBank, on_delete=models.CASCADE, related_name="nuggets", db_index=False)
    number = models.PositiveIntegerField()
    position = models.PositiveIntegerField(help_text="In the list, from 1; retired ones keep theirs.")
    importance = models.CharField(max_length=5, choices=Importance, blank=True, help_text="Empty: not yet said.")
    sub_narrative = models.TextField(blank=True)
    note = models.TextField(blank=True)
    origin = models.CharField(max_length=10, choices=Origin)
    source = models.CharField(max_length=10, choices=Source, blank=True, help_text="As an imported file said it.")
    parents = models.ManyToManyField(
        "self", symmetrical=False, related_name="children", blank=True, help_text="Merged, split or copied from."
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_because = models.CharField(max_length=10, blank=True, help_text="retired, merged or split.")

    class Meta:
        ordering = ["topic_bank", "position", "number"]
        constraints = [
            models.UniqueConstraint(fields=["topic_bank", "number"], name="nugget_number_once_per_list"),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, retired_because="")
                | Q(retired_at__isnull=False, retired_because__in=["retired", "merged", "split"]),
                name="retired_nuggets_say_why",
            ),
        ]

    def __str__(self):
        return f"nugget {self.number} of {self.topic_bank_id}"


class Wording(models.Model):
    """A text that a nugget has, or had. Never changed; going back to an earlier text is that wording again."""

    nugget = models.ForeignKey(Nugget, on_delete=models.CASCADE, related_name="wordings", db_index=False)
    number = models.PositiveIntegerField(help_text="From 1.")
    text = models.TextField()
    current = models.BooleanField(default=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["nugget", "number"]
        constraints = [
            models.UniqueConstraint(fields=["nugget", "number"], name="wording_number_once_per_nugget"),
            models.UniqueConstraint(fields=["nugget"], condition=Q(current=True), name="one_current_wording"),
            models.CheckConstraint(condition=~Q(text=""), name="a_wording_says_something"),
        ]

    def __str__(self):
        return self.text


class NuggetPassage(models.Model):
    """A passage that supports a nugget, and where in its text (code points; empty: as a whole)."""

    nugget = models.ForeignKey(Nugget, on_delete=models.CASCADE, related_name="passages")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    text = models.TextField(blank=True, help_text="What was selected.")
    added_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["nugget", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True) | Q(start__lt=models.F("end")),
                name="a_span_has_a_length",
            ),
        ]

    def __str__(self):
        return f"{self.document} for {self.nugget_id}"


class BankEdit(models.Model):
    """One edit of a topic's list, never changed. `changes` holds what undoing needs:
    `{"nuggets": {"<number>": {"before": state | null, "after": state}}, "moved": ...}` as in `nuggets.domain.edits`:
    a state holds the nugget's text and fields. An undo is an edit too, and names the one that it undoes."""

    class Kind(models.TextChoices):
        ADD = "add", "added"
        REWORD = "reword", "reworded"
        MERGE = "merge", "merged"
        SPLIT = "split", "split"
        RETIRE = "retire", "retired"
        RESTORE = "restore", "restored"
        REORDER = "reorder", "moved"
        IMPORTANCE = "importance", "importance"
        SUB_NARRATIVE = "sub_narrative", "sub-narrative"
        NOTE = "note", "note"
        PASSAGE = "passage", "passage"
        UNDO = "undo", "undone"
        REDO = "redo", "redone"

    topic_bank = models.ForeignKey(TopicBank, on_delete=models.CASCADE, related_name="edits", db_index=False)
    number = models.PositiveIntegerField(help_text="The list's revision after it.")
    kind = models.CharField(max_length=14, choices=Kind)
    changes = models.JSONField()
    reverts = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="reverted_by")
    idempotency_key = models.UUIDField(null=True, blank=True, unique=True)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["topic_bank", "number"]
        constraints = [models.UniqueConstraint(fields=["topic_bank", "number"], name="one_edit_per_revision")]

    def __str__(self):
        return f"{self.kind} {self.number} of {self.topic_bank_id}"


class BankVersion(models.Model):
    """A frozen list of a topic. The database refuses to change it."""

    topic_bank = models.ForeignKey(TopicBank, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(help_text="From 1.")
    revision = models.PositiveIntegerField(help_text="The list's when it was frozen.")
    note = models.TextField(blank=True)
    frozen_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    frozen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["topic_bank", "number"]
        constraints = [models.UniqueConstraint(fields=["topic_bank", "number"], name="version_number_once_per_list")]

    def __str__(self):
        return f"version {self.number} of {self.topic_bank_id}"


class VersionNugget(models.Model):
    """One nugget of a frozen version, as it was then."""

    version = models.ForeignKey(BankVersion, on_delete=models.CASCADE, related_name="nuggets", db_index=False)
    wording = models.ForeignKey(Wording, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    importance = models.CharField(max_length=5, choices=Importance)
    sub_narrative = models.TextField(blank=True)

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="one_nugget_per_version_and_position"),
            models.UniqueConstraint(fields=["version", "wording"], name="one_place_per_version_and_wording"),
        ]

    def __str__(self):
        return f"{self.position} of {self.version_id}"
