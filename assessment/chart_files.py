"""Charts as files, drawn on the server: for papers and for reports that need neither a browser nor a network."""

import json
import re
from functools import cache

import vl_convert
from django.conf import settings

from assessment.domain.errors import DomainError

VEGA_LITE = "6.4"
WIDTH = 640  # pixels, for charts that otherwise take the width of their page
CONTENT_TYPES = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}
_TOKEN = re.compile(r"^\s*(--[a-z0-9-]+):\s*(.+?);", re.MULTILINE)


def chart_file(spec: dict, format: str, width: int = WIDTH) -> bytes:
    """A Vega-Lite specification as pdf, svg or png, in the light colours of the pages on white.

    DomainError for another format.
    """
    if format not in CONTENT_TYPES:
        raise DomainError(f"A chart is not to be had as {format!r}, only as {', '.join(CONTENT_TYPES)}.")
    spec = spec | ({"width": width} if spec.get("width") == "container" else {}) | {"background": "white"}
    options = {"vl_version": VEGA_LITE, "config": paper_theme()}
    if format == "png":
        return vl_convert.vegalite_to_png(spec, scale=3, **options)
    if format == "pdf":
        return vl_convert.vegalite_to_pdf(spec, **options)
    return vl_convert.vegalite_to_svg(spec, **options).encode()


@cache
def paper_theme() -> dict:
    """The looks of static/js/chart_theme.json with the light values of static/css/variables.css."""
    folder = settings.BASE_DIR / "static"
    light = (folder / "css" / "variables.css").read_text().split("@media", 1)[0]
    tokens = dict(_TOKEN.findall(light)) | {"--surface": "#ffffff"}

    def filled(value):
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return tokens[value] if isinstance(value, str) and value.startswith("--") else value

    looks = filled(json.loads((folder / "js" / "chart_theme.json").read_text()))
    return looks | {"font": "Helvetica, Arial, sans-serif"}
