"""Who may import whom (config → llm_worker → nuggets → assessment, never back), and how large a file may grow."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("assessment", "nuggets", "llm_worker", "config")  # each may import itself and those before it
PURE = {"numpy", "scipy", "pandas", "yaml"} | set(sys.stdlib_module_names)
LONGEST = 400  # lines
# Inside and across apps: a layer never imports those named here. Urls → views → forms, services, selectors → models →
# domain; tasks, commands and admin stand beside the views. A service may name a task, to start it on commit.
ABOVE = {
    "domain": {"models", "selectors", "services", "forms", "views", "urls", "tasks", "management", "admin", "engines"},
    "models": {"selectors", "services", "forms", "views", "urls", "tasks", "management", "admin"},
    "selectors": {"services", "forms", "views", "urls", "tasks", "management", "admin"},
    "services": {"forms", "views", "urls", "management", "admin"},
    "engines": {"models", "selectors", "services", "forms", "views", "urls", "tasks", "management", "admin"},
    "forms": {"views", "urls", "tasks", "management", "admin"},
    "views": {"urls", "tasks", "management", "admin"},
    "tasks": {"forms", "views", "urls", "management", "admin"},
    "management": {"forms", "views", "urls", "admin"},
    "admin": {"forms", "views", "urls", "management"},
}


def sources() -> list[Path]:
    return sorted(path.relative_to(ROOT) for app in APPS for path in (ROOT / app).rglob("*.py"))


def texts() -> list[Path]:
    """Every file of ours that somebody has to read; migrations are generated, what is vendored is not ours."""
    folders = (*APPS, "templates", "static", "tests", "benchmarks", "docker")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [
        path
        for path in [*found, ROOT / "manage.py"]
        if path.suffix in {".py", ".js", ".css", ".html"} and not {"vendor", "migrations"} & set(path.parts)
    ]


def imports(path: Path, source: str) -> Iterator[str]:
    """Every imported name in full, also those inside functions; `from a import b` may be the module a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.with_suffix("").parts[: -node.level] if node.level else ()
            module = ".".join([*package, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def violations(path: Path, source: str) -> list[str]:
    """What `source`, the text of the file at `path`, imports against the map."""
    app, layer = path.parts[0], Path(path.parts[1]).stem
    found = []
    for name in imports(path, source):
        top, part = [*name.split("."), ""][:2]
        ours = top in APPS
        back = ours and APPS.index(top) > APPS.index(app)
        up = ours and part in ABOVE.get(layer, ())
        impure = layer == "domain" and not ours and top not in PURE
        stray = layer == "engines" and top == "django"
        if back or up or impure or stray:
            found.append(f"{path} imports {name}")
    return found


def test_nothing_is_imported_against_the_map():
    assert len(sources()) > 50
    assert [found for path in sources() for found in violations(path, (ROOT / path).read_text())] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("assessment/views/runs.py", "from llm_worker.models import LlmJob"),
        ("nuggets/models.py", "import config.settings"),
        ("llm_worker/tasks.py", "def late():\n    from config import celery"),
        ("assessment/domain/runs.py", "from django.db import models"),
        ("assessment/domain/runs.py", "import ir_measures"),
        ("llm_worker/domain/prompts.py", "from assessment.models import Topic"),
        ("assessment/services/imports/runs.py", "from ...forms import RunForm"),
        ("assessment/services/pools.py", "from assessment import views"),
        ("assessment/selectors/exports.py", "from ..services.pools import pool_create"),
        ("assessment/models/corpus.py", "from assessment.services import pools"),
        ("llm_worker/engines/base.py", "from django.conf import settings"),
    ],
)
def test_an_import_against_the_map_is_seen(path, source):
    assert violations(Path(path), source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("llm_worker/domain/prompts.py", "import numpy as np\nfrom assessment.domain.errors import DomainError"),
        ("llm_worker/services/jobs.py", "from assessment.services.judgments import judge_judgment_record"),
        ("assessment/services/imports/runs.py", "from .result import ImportResult\nfrom django.db import transaction"),
        ("config/urls.py", "from config.health import healthz"),
    ],
)
def test_an_import_along_the_map_is_fine(path, source):
    assert violations(Path(path), source) == []


def test_no_file_is_too_long_to_read():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in texts()}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_every_module_says_in_its_name_what_it_does():
    vague = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "managers"}
    assert [str(path) for path in sources() if vague & {path.stem, *path.parts[:-1]}] == []
