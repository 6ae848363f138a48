"""docker/ without a Docker engine: every command, file, port and variable in it exists in the project."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.test import Client
from django.urls import resolve

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = ("Dockerfile", "Dockerfile.gpu")
# Read by the image of PostgreSQL, and by the model hub's client inside vLLM.
READ_ELSEWHERE = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "HF_TOKEN", "HF_HOME"}
# Names of the reader's own choice, as an example: a judge's option `api_key_env` says which.
EXAMPLES = {"OPENAI_API_KEY"}
OF_PYTHON_AND_NVIDIA = {
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
}
INTERPOLATION = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose_text() -> str:
    return (DOCKER / "docker-compose.yml").read_text()


def compose() -> dict:
    """The compose file with every variable at its default; a required one has the value `given`."""
    text = INTERPOLATION.sub(lambda found: found[3] if found[2] == "-" else "given", compose_text())
    return yaml.safe_load(text)


def services() -> dict:
    return compose()["services"]


def ours() -> dict:
    """The services that run our own images."""
    return {name: service for name, service in services().items() if "build" in service}


def instructions(name: str) -> list[tuple[str, str]]:
    """(instruction, its text) of a Dockerfile, continuation lines joined, comments left out."""
    lines = [line for line in (DOCKER / name).read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def texts_of(name: str, instruction: str) -> list[str]:
    return [text for found, text in instructions(name) if found == instruction]


def commands_of_dockerfile(name: str) -> list[list[str]]:
    runs = [shlex.split(part) for text in texts_of(name, "RUN") for part in text.split("&&")]
    return [*runs, *map(yaml.safe_load, texts_of(name, "CMD"))]


def documented_commands() -> list[list[str]]:
    """The command lines of the README that reach into a container."""
    lines = (DOCKER / "README.md").read_text().splitlines()
    return [shlex.split(line.split(" > ")[0], comments=True) for line in lines if line.startswith("docker compose")]


def managed(command: list[str]) -> list[str] | None:
    """What follows `manage.py` in a command; None where it calls something else."""
    return command[command.index("manage.py") + 1 :] if "manage.py" in command else None


def every_managed() -> list[list[str]]:
    commands = [service["command"] for service in services().values() if "command" in service]
    commands += [command for name in DOCKERFILES for command in commands_of_dockerfile(name)]
    return [found for command in [*commands, *documented_commands()] if (found := managed(command))]


def parsed(arguments: list[str]):
    name, *rest = arguments
    command = load_command_class(get_commands()[name], name)
    return command.create_parser("manage.py", name).parse_args(rest)


def read_by_the_project() -> set[str]:
    """Names of environment variables in settings and in what runs before them."""
    pattern = re.compile(r"""(?:environ(?:\.\w+\(|\[)|\benv\w+\(|configured\()\s*["'](\w+)["']""")
    return {name for path in (ROOT / "config").rglob("*.py") for name in pattern.findall(path.read_text())}


def env_example() -> dict[str, str]:
    lines = (DOCKER / ".env.example").read_text().splitlines()
    return dict(
        re.fullmatch(r"#?([A-Z][A-Z0-9_]*)=(.*)", line).groups() for line in lines if re.match("#?[A-Z_]+=", line)
    )


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_there_are_commands_to_check():
    assert {arguments[0] for arguments in every_managed()} >= {
        "web",
        "worker",
        "migrate",
        "collectstatic",
        "export_qrels",
    }


def test_every_command_and_each_of_its_options_exists():
    for arguments in every_managed():
        parsed(arguments)


@pytest.mark.parametrize("arguments", [["wbe"], ["web", "--adress", "x"], ["worker", "--queue", "tpu"]])
def test_a_command_that_does_not_exist_would_be_seen(arguments):
    with pytest.raises(Exception):  # noqa: B017 — KeyError for the name, CommandError for the options
        parsed(arguments)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_is_copied_exists_and_nothing_that_runs_is_left_out(name):
    copied = [source for text in texts_of(name, "COPY") for source in text.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {"manage.py", "config", "assessment", "nuggets", "llm_worker", "templates", "static"} <= set(copied)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_every_requirements_file_that_is_installed_was_copied_before(name):
    copied, installed = set(), set()
    for instruction, text in instructions(name):
        if instruction == "COPY":
            copied |= set(text.split()[:-1])
        needed = set(re.findall(r"(?<!/)\brequirements[\w-]*\.txt", text)) if instruction == "RUN" else set()
        assert needed <= copied
        installed |= needed
    assert "requirements.txt" in installed


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_process_is_not_root_and_the_environment_is_not_made_again(name):
    steps = instructions(name)
    assert ("USER", "assay") in steps
    assert steps.index(("USER", "assay")) > max(place for place, step in enumerate(steps) if step[0] == "RUN")
    assert any("ASSAY_NO_BOOTSTRAP=1" in text for text in texts_of(name, "ENV"))


def test_builds_name_dockerfiles_that_exist():
    for service in ours().values():
        assert (DOCKER / service["build"]["context"]).resolve() == ROOT
        assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_every_service_waits_for_services_that_exist_in_a_way_they_can_satisfy():
    for service in services().values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services()[needed]
            else:
                assert (how["condition"], services()[needed]["restart"]) == ("service_completed_successfully", "no")


def test_all_that_keeps_running_is_watched_and_restarted():
    for name, service in services().items():
        if name != "migrate":
            assert service["restart"] == "unless-stopped"
            assert service["healthcheck"]["test"][0] == "CMD"


def test_every_named_volume_is_declared_and_every_declared_one_used():
    used = {volume.split(":")[0] for service in services().values() for volume in service.get("volumes", [])}
    assert used == set(compose()["volumes"])


def test_the_port_is_the_same_everywhere_and_published_on_loopback():
    web = services()["web"]
    port = option(web["command"], "--port")
    assert option(web["command"], "--host") == "0.0.0.0"
    assert web["ports"] == [f"127.0.0.1:8000:{port}"]
    assert f"127.0.0.1:{port}/" in web["healthcheck"]["test"][-1]
    assert texts_of("Dockerfile", "EXPOSE") == [port]
    assert option(yaml.safe_load(texts_of("Dockerfile", "CMD")[0]), "--port") == port
    assert [name for name, service in services().items() if "ports" in service] == ["web"]


def test_the_addresses_name_services_of_the_file():
    for service in ours().values():
        environment = service["environment"]
        assert re.fullmatch(r"postgres://assay:given@(\w+):5432/assay", environment["DATABASE_URL"])[1] in services()
        assert re.fullmatch(r"redis://(\w+):6379/0", environment["REDIS_URL"])[1] in services()
    database = services()["postgres"]["environment"]
    assert database == {"POSTGRES_USER": "assay", "POSTGRES_DB": "assay", "POSTGRES_PASSWORD": "given"}


@pytest.mark.django_db
def test_the_health_check_asks_an_address_that_answers_without_a_login():
    address = re.search(r"http://127\.0\.0\.1:\d+(/\S*?)'", services()["web"]["healthcheck"]["test"][-1])[1]
    assert resolve(address)
    assert Client().get(address, headers={"host": "127.0.0.1:8000"}).status_code == 200


def test_the_health_checks_in_python_are_python():
    for service in ours().values():
        if "healthcheck" in service:
            command = service["healthcheck"]["test"]
            assert command[1:3] == ["python3", "-c"]
            compile(command[3], "healthcheck", "exec")


def test_the_workers_health_check_looks_for_the_key_that_a_worker_writes():
    source = (ROOT / "llm_worker" / "heartbeat.py").read_text()
    key = re.search(r'client\.set\(f"(.+?)"', source)[1]
    written = key.replace("{queue}", "cpu").replace("{name}", "cpu-7@container")
    pattern = re.search(r"match='(.+?)' \+ socket\.gethostname\(\)", services()["worker"]["healthcheck"]["test"][-1])[1]
    assert re.fullmatch(re.escape(pattern).replace(r"\*", ".*") + "container", written)
    hostname = (ROOT / "config" / "management" / "commands" / "worker.py").read_text()
    assert 'hostname=f"{queue}-{os.getpid()}@{socket.gethostname()}"' in hostname


def test_every_variable_is_read_by_the_project_or_by_a_named_image():
    known = read_by_the_project() | READ_ELSEWHERE
    for service in services().values():
        assert set(service.get("environment", {})) - known == set()
    baked = {
        part.split("=")[0]
        for name in DOCKERFILES
        for text in texts_of(name, "ENV")
        for part in text.split()
        if "=" in part
    }
    assert baked - known - OF_PYTHON_AND_NVIDIA == set()
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "HTTPS"} <= read_by_the_project()


def test_the_example_names_exactly_the_variables_that_compose_takes():
    taken = {found[0] for found in INTERPOLATION.findall(compose_text())}
    assert set(env_example()) - EXAMPLES - {"HF_TOKEN"} == taken
    defaults = {found[0]: found[2] for found in INTERPOLATION.findall(compose_text()) if found[1] == "-"}
    assert {name: env_example()[name] for name in defaults} == defaults


def test_the_example_holds_no_secret_and_compose_insists_on_them():
    required = {found[0] for found in INTERPOLATION.findall(compose_text()) if found[1] == "?"}
    assert required == {"SECRET_KEY", "POSTGRES_PASSWORD"}
    assert {env_example()[name] for name in required} == {""}
