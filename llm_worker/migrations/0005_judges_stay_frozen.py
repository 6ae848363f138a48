"""The database itself refuses to change a judge that has been used: what it said must stay explained."""

from django.db import migrations

TRIGGER = """
CREATE FUNCTION llm_worker_keep_judge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- How fast a server is asked says nothing of what it answers.
    pace text[] := ARRAY['concurrency', 'timeout', 'attempts', 'longest_wait'];
BEGIN
    IF (OLD.name, OLD.task, OLD.engine, OLD.model, OLD.model_revision, OLD.options - pace, OLD.prompt,
        OLD.prompt_sha256, OLD.decoding, OLD.max_passage_words, OLD.max_passage_tokens, OLD.examples_from,
        OLD.examples_per_grade, OLD.examples_seed, OLD.frozen_at)
        IS DISTINCT FROM
       (NEW.name, NEW.task, NEW.engine, NEW.model, NEW.model_revision, NEW.options - pace, NEW.prompt,
        NEW.prompt_sha256, NEW.decoding, NEW.max_passage_words, NEW.max_passage_tokens, NEW.examples_from,
        NEW.examples_per_grade, NEW.examples_seed, NEW.frozen_at)
    THEN
        RAISE EXCEPTION 'The judge % has been used, so it is never changed: make another one.', OLD.name
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER judge_is_frozen BEFORE UPDATE ON llm_worker_judgeconfiguration
    FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL) EXECUTE FUNCTION llm_worker_keep_judge();
"""
AWAY = """
DROP TRIGGER judge_is_frozen ON llm_worker_judgeconfiguration;
DROP FUNCTION llm_worker_keep_judge();
"""


class Migration(migrations.Migration):
    dependencies = [("llm_worker", "0004_used_judges")]

    operations = [migrations.RunSQL(TRIGGER, AWAY)]
