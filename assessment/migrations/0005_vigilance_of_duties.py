from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("assessment", "0004_dutyitem_view")]

    operations = [
        migrations.AddField(
            model_name="duty",
            name="vigilance_percent",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="duty",
            name="trusted",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="+",
                to="assessment.assessor",
            ),
        ),
        migrations.AddConstraint(
            model_name="duty",
            constraint=models.CheckConstraint(
                condition=Q(vigilance_percent=0, trusted__isnull=True)
                | Q(vigilance_percent__range=(1, 100), trusted__isnull=False, condition="post_edit"),
                name="vigilance_needs_somebody_trusted",
            ),
        ),
    ]
