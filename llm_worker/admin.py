from django.contrib import admin

from .models import JudgeConfiguration, LlmJob


@admin.register(JudgeConfiguration)
class JudgeConfigurationAdmin(admin.ModelAdmin):
    """A judge that was used is evidence: it can be read here, not changed. New ones are checked on the judges' page."""

    list_display = ["name", "engine", "model", "prompt", "decoding", "frozen_at"]
    exclude = ["assessors"]
    readonly_fields = ["prompt_sha256", "frozen_at"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return obj is None or obj.frozen_at is None

    has_delete_permission = has_change_permission


@admin.register(LlmJob)
class LlmJobAdmin(admin.ModelAdmin):
    list_display = ["pk", "judge", "pool", "track", "wanted", "created_by", "created_at"]
    list_filter = ["track", "judge"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
