import gzip
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment, Pool, Run, Track

ROOT = Path(__file__).resolve().parents[2]
COVID = Path(os.environ.get("ASSAY_DATA") or ROOT.parent / "shared" / "data") / "trec-covid-round1"


def said(*arguments, **options):
    """(standard output, standard error) of a command that did what it was asked."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def refused(*arguments):
    """(standard output, standard error) of a command that refused something; main() would exit 1."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(DomainError) as error:
        call_command(*map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), f"{err.getvalue()}{error.value}\n"


@pytest.fixture
def write(tmp_path):
    def write(name, *lines):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def test_create_track_makes_a_scale_and_relevance_threshold(db):
    out, err = said("create_track", "new-one", "--scale", "0-2", "--relevant-from", "2", "--name", "A name")
    track = Track.objects.get(slug="new-one")
    assert (track.name, track.relevant_from, err) == ("A name", 2, "")
    assert list(track.grades.values_list("value", flat=True)) == [0, 1, 2]
    assert "new-one" in out


def test_create_track_has_grades_0_to_3_by_default(db):
    said("create_track", "new-one")
    assert [grade.value for grade in Track.objects.get().grades.all()] == [0, 1, 2, 3]


@pytest.mark.parametrize("scale", ["3-0", "1", "a-b", "0-10"])
def test_a_scale_that_is_none_is_wrong_usage(db, scale):
    with pytest.raises(CommandError):
        said("create_track", "new-one", "--scale", scale)
    assert not Track.objects.exists()


def test_a_track_that_does_not_exist_is_named_with_those_that_do(track, write):
    _, err = refused("import_topics", "smal", write("t.tsv", "1\tx"))
    assert "no track 'smal'" in err
    assert "small" in err


def test_topics_documents_runs_and_qrels_come_in_by_command(track, write):
    out, err = said("import_topics", "small", write("t.tsv", "q1\tone", "q2\ttwo"))
    assert (out, err) == ("stored: 2 topics added.\n", "")
    assert said("import_topics", "small", write("t.tsv", "q1\tone", "q2\ttwo"))[0].startswith("unchanged: ")
    assert said("import_documents", "small", write("d.jsonl", '{"id": "d1", "text": "x"}'))[0].startswith("stored: 1 ")
    out, err = said("import_run", "small", write("r", "q1 Q0 d1 1 2 sys"))
    assert out == "stored: sys: 1 line, 1 topic.\n"
    assert err == "r: warning: 1 of the track's 2 topics have no ranking — q2\n"
    assert said("import_qrels", "small", write("q", "q1 0 d1 3"), "--assessor", "nist")[0] == (
        "stored: nist: 1 judgment.\n"
    )
    assert said("export_qrels", "small", "--assessor", "nist") == ("q1 0 d1 3\n", "")


def test_good_files_are_stored_and_bad_ones_reported_line_by_line(track, topics, write):
    good = write("good", "q1 Q0 d1 1 2 good")
    bad = write("bad", "q1 Q0 d1 1 2 bad", "q1 Q0 d1 2 1 bad", "q9 Q0 d1 1 1 bad")
    out, err = refused("import_run", "small", bad, good, write("last", "q1 Q0 d1 1 2 last"), "no/such/file")
    assert sorted(Run.objects.values_list("tag", flat=True)) == ["good", "last"]
    assert [line.split(":")[0] for line in out.splitlines()] == ["stored", "stored"]
    assert "bad: 2 problems; nothing of it was stored." in err
    assert "line 2: document d1 is already on line 1" in err
    assert "line 3: topic q9 is not in the track" in err
    assert "no/such/file: No such file or directory" in err
    assert err.endswith("2 of 4 files refused.\n")


def test_only_the_first_hundred_problems_are_listed_and_the_rest_counted(track, topics, write):
    _, err = refused("import_run", "small", write("bad", *["nonsense"] * 1250))
    assert err.count("1 columns instead of 6") == 100
    assert "1,150 more" in err


def test_a_folder_in_place_of_a_file_is_refused_in_words(track, topics, tmp_path):
    assert "Is a directory" in refused("import_run", "small", tmp_path)[1]


def test_another_run_of_the_same_tag_needs_replace(track, topics, write):
    said("import_run", "small", write("r", "q1 Q0 d1 1 2 sys"))
    other = write("other", "q1 Q0 d2 1 2 sys")
    assert "replace it" in refused("import_run", "small", other)[1]
    assert said("import_run", "small", other, "--replace")[0].startswith("replaced: sys")


def test_lines_of_unknown_topics_can_be_left_out(track, topics, write):
    run = write("r", "q1 Q0 d1 1 2 sys", "q9 Q0 d1 1 2 sys")
    assert "topic q9 is not in the track" in refused("import_run", "small", run)[1]
    assert "1 line of 1 topic left out" in said("import_run", "small", run, "--skip-unknown-topics")[1]
    qrels = write("q", "q1 0 d1 1", "q9 0 d1 1")
    assert "topic q9 is not in the track" in refused("import_qrels", "small", qrels, "--assessor", "x")[1]
    assert (
        "1 line of 1 topic left out"
        in said("import_qrels", "small", qrels, "--assessor", "x", "--skip-unknown-topics")[1]
    )


def test_create_pool_prints_its_name_and_size(track, runs):
    assert said("create_pool", "small", "--depth", 2)[0] == "pool-2: 10 items, 3 topics, 2 runs\n"
    out, _ = said("create_pool", "small", "--depth", 1, "--name", "mine", "--runs", "up", "--order", "docid")
    assert out == "mine: 3 items, 3 topics, 1 runs\n"
    assert Pool.objects.get(name="mine").order == "docid"


def test_create_pool_names_the_runs_that_do_not_exist(track, runs):
    assert "no run sideways" in refused("create_pool", "small", "--depth", 1, "--runs", "up", "sideways")[1]
    assert not Pool.objects.exists()


def test_export_names_the_assessors_that_there_are(track, nist):
    err = refused("export_qrels", "small", "--assessor", "Nist")[1]
    assert "no assessor 'Nist'" in err
    assert "nist" in err.split("there are:")[1]


def test_export_is_sorted_by_topic_and_docid_byte_by_byte_and_leaves_out_what_has_no_grade(track, write):
    said("import_topics", "small", write("t", "10\tx", "9\ty", "B\tz", "a\tz"))
    lines = ["a 0 b 1", "a 0 B 1", "B 0 é 1", "B 0 z 3", "10 0 d10 0", "10 0 d9 2", "9 0 x -1"]
    said("import_qrels", "small", write("q", *lines), "--assessor", "x")
    expected = ["10 0 d10 0", "10 0 d9 2", "B 0 z 3", "B 0 é 1", "a 0 B 1", "a 0 b 1"]
    assert said("export_qrels", "small", "--assessor", "x")[0].splitlines() == expected
    negatives = said("export_qrels", "small", "--assessor", "x", "--keep-negative")[0].splitlines()
    assert sorted(negatives) == sorted(lines)


def test_a_skipped_pair_is_no_line_of_qrels(track, nist, topics, documents):
    Judgment.objects.create(assessor=nist, topic=topics[2], document=documents[0], state="skipped", reason="later")
    for options in ([], ["--keep-negative"]):
        assert "q3" not in said("export_qrels", "small", "--assessor", "nist", *options)[0]


@pytest.mark.skipif(not COVID.is_dir(), reason="The TREC-COVID files are not here; ASSAY_DATA names their folder.")
def test_trec_covid_goes_in_and_its_qrels_come_out_again(db, tmp_path):
    said("create_track", "covid", "--scale", "0-2")
    said("import_topics", "covid", COVID / "topics.covid-round1.xml.gz")
    assert Track.objects.get().topics.count() == 30
    with tarfile.open(COVID / "runs.28systems.top100.tar.xz") as archive:
        member = next(member for member in archive if member.isfile())
        path = tmp_path / "some-name"
        path.write_bytes(archive.extractfile(member).read())
    said("import_run", "covid", path)
    run = Run.objects.get()
    assert run.rankings.count() == 30
    assert run.tag != "some-name"

    said("import_qrels", "covid", COVID / "qrels-rnd1.txt.gz", "--assessor", "nist")
    with gzip.open(COVID / "qrels-rnd1.txt.gz", "rt") as stream:
        lines = sorted(" ".join(line.split()) + "\n" for line in stream)
    out, _ = said("export_qrels", "covid", "--assessor", "nist", "--keep-iterations", "--keep-negative")
    assert sorted(out.splitlines(keepends=True)) == lines

    # what went out comes in again, as another assessor with the same grades
    exported = tmp_path / "nist.qrels"
    exported.write_text(said("export_qrels", "covid", "--assessor", "nist")[0])
    said("import_qrels", "covid", exported, "--assessor", "again")
    grades = [
        list(assessor.judgments.filter(state="graded").order_by("topic", "document").values_list("document", "grade"))
        for assessor in Assessor.objects.filter(name__in=["nist", "again"])
    ]
    assert len(grades[0]) > 8000
    assert grades[0] == grades[1]


@pytest.fixture(scope="module")
def manage(tmp_path_factory):
    """Real commands on a database of their own, as (exit code, standard output, standard error)."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"ASSAY_VAR": str(tmp_path_factory.mktemp("var")), "ASSAY_NO_BOOTSTRAP": "1"}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def test_exit_codes_and_streams_of_the_real_commands(manage, write):
    code, out, _ = manage("create_track", "real", "--scale", "0-1")
    assert (code, out) == (0, "Track real, grades 0-1.\n")
    code, out, err = manage("create_track", "real")
    assert (code, out) == (1, "")
    assert "real" in err
    assert "Traceback" not in err
    assert manage("create_track")[0] == 2
    assert manage("create_track", "x", "--scale", "9")[0] == 2
    manage("import_topics", "real", write("t", "1\tx"))
    code, out, err = manage("import_qrels", "real", write("q", "1 0 dé 1", "1 0 d2 5"), "--assessor", "x")
    assert (code, out) == (1, "")
    assert "line 2: grade 5 is outside of the scale" in err
    assert manage("import_qrels", "real", write("q", "1 0 dé 1"), "--assessor", "x")[0] == 0
    assert manage("export_qrels", "real", "--assessor", "x")[:2] == (0, "1 0 dé 1\n")
