"""The database itself refuses to change a wording or a frozen version: what a label was about must stay readable."""

from django.db import migrations

TRIGGER = """
CREATE FUNCTION nuggets_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER wording_is_kept BEFORE UPDATE ON nuggets_wording FOR EACH ROW
    WHEN ((OLD.nugget_id, OLD.number, OLD.text, OLD.made_at)
          IS DISTINCT FROM (NEW.nugget_id, NEW.number, NEW.text, NEW.made_at))
    EXECUTE FUNCTION nuggets_keep('A wording is never changed: add another one.');
CREATE TRIGGER version_is_frozen BEFORE UPDATE ON nuggets_bankversion FOR EACH ROW
    WHEN ((OLD.topic_bank_id, OLD.number, OLD.revision, OLD.frozen_at)
          IS DISTINCT FROM (NEW.topic_bank_id, NEW.number, NEW.revision, NEW.frozen_at))
    EXECUTE FUNCTION nuggets_keep('A frozen version is never changed: freeze another one.');
CREATE TRIGGER version_nugget_is_frozen BEFORE UPDATE ON nuggets_versionnugget FOR EACH ROW
    EXECUTE FUNCTION nuggets_keep('A frozen version is never changed: freeze another one.');
"""
AWAY = """
DROP TRIGGER wording_is_kept ON nuggets_wording;
DROP TRIGGER version_is_frozen ON nuggets_bankversion;
DROP TRIGGER version_nugget_is_frozen ON nuggets_versionnugget;
DROP FUNCTION nuggets_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("nuggets", "0001_answers_banks_assignments")]

    operations = [migrations.RunSQL(TRIGGER, AWAY)]
