"""The view behind DutyItem: which passages a duty shows. To change the rule, write a new migration with a new view.

Every lookup of a judgment is a lateral or a scalar subquery on purpose: it makes PostgreSQL take the index, one pair at
a time, whatever its statistics say. As joins, a save of one passage would read the whole table of judgments.
"""

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
LEFT JOIN LATERAL (
    SELECT id, state, grade FROM assessment_judgment
    WHERE assessor_id = duty.assessor_id AND topic_id = item.topic_id AND document_id = item.document_id
        AND vigilance = (item.planted_for_id IS NOT NULL)
    LIMIT 1
) mine ON true
WHERE mine.id IS NOT NULL OR item.planted_for_id IS NOT NULL OR (
    CASE WHEN duty.condition IN ('filtered', 'post_edit') THEN (
        SELECT grade FROM assessment_judgment
        WHERE assessor_id = duty.suggestion_source_id AND topic_id = item.topic_id AND document_id = item.document_id
            AND NOT vigilance
    ) IS DISTINCT FROM 0 ELSE true END
    AND item.lot % 100 < duty.sample_percent
    AND CASE WHEN cardinality(duty.rest_of) > 0 THEN (
        SELECT count(*) FROM assessment_judgment
        WHERE assessor_id = ANY (duty.rest_of) AND topic_id = item.topic_id AND document_id = item.document_id
            AND NOT vigilance AND state <> 'skipped'
    ) = 0 ELSE true END
    AND CASE WHEN pool.quota IS NOT NULL THEN (
        SELECT count(*) FROM assessment_duty theirs
        JOIN assessment_judgment other ON other.assessor_id = theirs.assessor_id
        WHERE theirs.pool_id = duty.pool_id AND theirs.topic_id = duty.topic_id AND theirs.id <> duty.id
            AND theirs.condition <> 'automatic' AND other.topic_id = item.topic_id
            AND other.document_id = item.document_id AND NOT other.vigilance AND other.state <> 'skipped'
    ) < pool.quota + (item.lot % 100 < pool.overlap_percent)::int ELSE true END
)
"""


class Migration(migrations.Migration):
    dependencies = [("assessment", "0003_fill_lots")]

    operations = [migrations.RunSQL(VIEW, "DROP VIEW assessment_dutyitem")]
