"""A page that holds one custom element of the book and nothing else."""

from pathlib import Path

ASSETS = Path(__file__).parents[2] / "book" / "assets"
GROUNDS = {"light": "#ffffff", "dark": "#14181e"}


def document(name: str, attributes: str = "", theme: str = "light") -> str:
    """The page: ``document("nested_sum", "order=3", "dark")``."""
    tag = name.replace("_", "-")
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{tag}</title>"
        f"<style>html {{ background: {GROUNDS[theme]}; color-scheme: {theme}; color: #808080 }}"
        "body { margin: 16px; font-family: sans-serif }</style>"
        f"<style>{(ASSETS / f'{name}.css').read_text()}</style></head>"
        f"<body><main><h1>.</h1><{tag} {attributes}></{tag}></main>"
        f'<script type="module">{(ASSETS / f"{name}.js").read_text()}</script></body></html>'
    )
