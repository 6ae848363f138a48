from django.contrib import admin

from .models import JudgeConfiguration, LlmJob


@admin.register(JudgeConfiguration)
class JudgeConfigurationAdmin(admin.ModelAdmin):
    """Read here, deleted while unused. Judges are made on the judges' page and by command, which check what they ask
    for; what may change later, prices and descriptions, is changed there as well."""

    list_display = ["name", "engine", "model", "prompt", "decoding", "frozen_at"]
    exclude = ["assessors"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return obj is None or obj.frozen_at is None


@admin.register(LlmJob)
class LlmJobAdmin(admin.ModelAdmin):
    list_display = ["pk", "judge", "pool", "bank", "track", "wanted", "created_by", "created_at"]
    list_filter = ["track", "judge"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
