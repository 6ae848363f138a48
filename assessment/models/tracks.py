"""A track, its scale of grades, and the people on it."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """A person. What somebody may do in a track is a Membership; staff may do everything."""

    may_create_tracks = models.BooleanField(
        default=False, help_text="May create tracks, and organizes those that he or she created."
    )
    practised_at = models.DateTimeField(null=True, blank=True, help_text="When the practice topic was done, or left.")


class Collection(models.Model):
    """Documents that several tracks may share; it outlives them."""

    slug = models.SlugField(max_length=80, unique=True)

    def __str__(self):
        return self.slug


class Track(models.Model):
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, help_text="Markdown: what the track is about, sources and licences.")
    guidelines = models.TextField(blank=True, help_text="Markdown: what assessors read beside every passage.")
    relevant_from = models.SmallIntegerField(
        default=1, help_text="The lowest grade that counts as relevant in binary measures (AP, P, Recall, …)."
    )
    submission_profile = models.JSONField(default=dict, blank=True)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="tracks")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class Grade(models.Model):
    """One step of a track's scale; `key` is the key that an assessor presses."""

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="grades")
    value = models.SmallIntegerField()
    key = models.CharField(max_length=1)
    label = models.CharField(max_length=60)
    definition = models.TextField(blank=True)

    class Meta:
        ordering = ["track", "value"]
        constraints = [
            models.UniqueConstraint(fields=["track", "value"], name="grade_value_once_per_track"),
            models.UniqueConstraint(fields=["track", "key"], name="grade_key_once_per_track"),
            models.CheckConstraint(condition=Q(value__gte=0), name="grade_not_negative"),
        ]

    def __str__(self):
        return f"{self.value} {self.label}"


class Role(models.TextChoices):
    ORGANIZER = "organizer", "organizer"
    ASSESSOR = "assessor", "assessor"
    VIEWER = "viewer", "viewer"


class Membership(models.Model):
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user__username"]
        constraints = [models.UniqueConstraint(fields=["track", "user"], name="one_role_per_person_and_track")]

    def __str__(self):
        return f"{self.user} · {self.role} · {self.track}"
