from django.db import migrations, models

KINDS = [
    ("recorded", "graded"),
    ("accepted", "accepted the suggestion"),
    ("bulk", "accepted with others at once"),
    ("taken_over", "taken over: all agreed"),
    ("undone", "undone"),
    ("noted", "changed the note or the evidence"),
]


class Migration(migrations.Migration):
    dependencies = [("assessment", "0006_scattered_item_keys")]

    operations = [
        migrations.AlterField(
            model_name="judgmentevent",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=12),
        ),
    ]
