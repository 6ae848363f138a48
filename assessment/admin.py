from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from .models import Assessor, Duty, Grade, Judgment, JudgmentEvent, Membership, Pool, Run, Topic, Track, User


@admin.register(User)
class AssayUserAdmin(UserAdmin):
    list_display = ["username", "email", "may_create_tracks", "is_staff", "is_active", "last_login"]
    fieldsets = [*UserAdmin.fieldsets, ("Assay", {"fields": ["may_create_tracks"]})]


class GradeInline(admin.TabularInline):
    model = Grade
    extra = 0


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Track)
class TrackAdmin(admin.ModelAdmin):
    list_display = ["slug", "name", "relevant_from", "created_at"]
    search_fields = ["slug", "name"]
    inlines = [GradeInline, MembershipInline]


@admin.register(Assessor)
class AssessorAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "track", "user"]
    list_filter = ["track", "kind"]
    search_fields = ["name"]


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    list_display = ["qid", "query", "track"]
    list_filter = ["track"]
    search_fields = ["qid", "query"]


@admin.register(Run)
class RunAdmin(admin.ModelAdmin):
    list_display = ["tag", "track", "team", "kind", "lines", "uploaded_at"]
    list_filter = ["track"]
    search_fields = ["tag", "team"]


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin):
    list_display = ["name", "track", "depth", "created_at"]
    list_filter = ["track"]


@admin.register(Duty)
class DutyAdmin(admin.ModelAdmin):
    list_display = ["assessor", "pool", "topic", "condition", "reveal", "suggestion_source"]
    list_filter = ["condition", "pool__track"]
    raw_id_fields = ["pool", "topic", "assessor", "suggestion_source"]


class ReadOnlyAdmin(admin.ModelAdmin):
    """Judgments change through the services alone, which keep their history."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Judgment)
class JudgmentAdmin(ReadOnlyAdmin):
    list_display = ["assessor", "topic", "document", "state", "grade", "condition", "updated_at"]
    list_filter = ["assessor__track", "condition", "state"]
    list_select_related = ["assessor", "topic", "document"]
    show_full_result_count = False


@admin.register(JudgmentEvent)
class JudgmentEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "kind", "assessor", "topic", "document", "grade", "previous_grade"]
    list_filter = ["assessor__track", "kind"]
    list_select_related = ["actor", "assessor", "topic", "document"]
    show_full_result_count = False
