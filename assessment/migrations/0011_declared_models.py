from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assessment", "0010_routing_ranking_ensembles")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="language_models",
            field=models.CharField(
                blank=True, help_text="The language models in it, as declared, separated by commas.", max_length=300
            ),
        ),
        migrations.AddField(
            model_name="assessor",
            name="language_models",
            field=models.CharField(
                blank=True, help_text="The language models behind it, separated by commas; of judges.", max_length=300
            ),
        ),
    ]
