"""The view behind DutyItem: which passages a duty shows. To change the rule, write a new migration with a new view."""

from django.db import migrations

VIEW = """
CREATE VIEW assessment_dutyitem AS
SELECT item.id AS item_id, duty.id AS duty_id, item.topic_id, item.document_id,
    item.position, item.best_rank, item.lot, item.planted_for_id IS NOT NULL AS vigilance,
    mine.id AS judgment_id, coalesce(mine.state, '') AS state, mine.grade
FROM assessment_duty duty
JOIN assessment_pool pool ON pool.id = duty.pool_id
JOIN assessment_poolitem item ON item.pool_id = duty.pool_id AND item.topic_id = duty.topic_id
    AND (item.planted_for_id IS NULL OR item.planted_for_id = duty.id)
LEFT JOIN assessment_judgment mine ON mine.assessor_id = duty.assessor_id AND mine.topic_id = item.topic_id
    AND mine.document_id = item.document_id AND mine.vigilance = (item.planted_for_id IS NOT NULL)
LEFT JOIN assessment_judgment dropped ON duty.condition IN ('filtered', 'post_edit')
    AND dropped.assessor_id = duty.suggestion_source_id AND dropped.topic_id = item.topic_id
    AND dropped.document_id = item.document_id AND NOT dropped.vigilance AND dropped.grade = 0
WHERE mine.id IS NOT NULL OR item.planted_for_id IS NOT NULL OR (
    dropped.id IS NULL
    AND item.lot % 100 < duty.sample_percent
    AND NOT (cardinality(duty.rest_of) > 0 AND EXISTS (
        SELECT FROM assessment_judgment earlier
        WHERE earlier.assessor_id = ANY (duty.rest_of) AND earlier.topic_id = item.topic_id
            AND earlier.document_id = item.document_id AND NOT earlier.vigilance AND earlier.state <> 'skipped'
    ))
    AND CASE WHEN pool.quota IS NULL THEN true ELSE (
        SELECT count(*) FROM assessment_judgment other
        JOIN assessment_duty theirs ON theirs.assessor_id = other.assessor_id
        WHERE theirs.pool_id = duty.pool_id AND theirs.topic_id = duty.topic_id AND theirs.id <> duty.id
            AND theirs.condition <> 'automatic' AND other.topic_id = item.topic_id
            AND other.document_id = item.document_id AND NOT other.vigilance AND other.state <> 'skipped'
    ) < pool.quota + (item.lot % 100 < pool.overlap_percent)::int END
)
"""


class Migration(migrations.Migration):
    dependencies = [("assessment", "0003_fill_lots")]

    operations = [migrations.RunSQL(VIEW, "DROP VIEW assessment_dutyitem")]
