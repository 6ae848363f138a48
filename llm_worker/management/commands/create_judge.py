from django.core.management.base import BaseCommand

from llm_worker.services.judges import judge_create


class Command(BaseCommand):
    help = "Make a judge: an engine, a model, a prompt and a decoding under one name."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="also the name of its assessor in every track")
        parser.add_argument("--engine", choices=["openai", "vllm", "llama_cpp"], default="openai")
        parser.add_argument("--model", required=True, help="as the server names it; for vllm a name or a folder")
        parser.add_argument("--prompt", default="umbrela.v1", help="a file of llm_worker/prompts (default: umbrela.v1)")
        parser.add_argument("--decoding", choices=["reference", "token"], default="reference")
        parser.add_argument("--queue", choices=["cpu", "gpu"], default="cpu", help="whose workers ask it")
        parser.add_argument("--base-url", help="of an OpenAI-compatible server, with /v1")
        parser.add_argument("--api-key-env", help="name of the environment variable that holds the key")
        parser.add_argument("--dialect", choices=["openai", "vllm", "llama.cpp"], default="openai")
        parser.add_argument("--concurrency", type=int, help="requests at a time (openai)")

    def handle(self, *, name, engine, model, prompt, decoding, queue, **options):
        wanted = ("base_url", "api_key_env", "dialect", "concurrency") if engine == "openai" else ()
        judge = judge_create(
            name=name,
            engine=engine,
            model=model,
            prompt=prompt,
            decoding=decoding,
            queue=queue,
            options={key: options[key] for key in wanted if options[key]},
        )
        self.stdout.write(f"{judge.name}: {judge.model} on {judge.engine}, {judge.prompt}, {judge.decoding} decoding.")
