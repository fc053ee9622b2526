"""Puts the book's scripts and styles, MathJax and plotly.js into the site, so that it is whole.

A page loads `book`, `explore`, `figures` and `cards` from book/assets. MathJax and plotly.js come
out of their PyPI packages into `_static/vendor`; `explore.js` loads plotly.js where it is needed.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

ASSETS = Path(__file__).parents[1] / "assets"
SCRIPTS = ("book.js", "explore.js")
STYLES = ("book.css", "figures.css", "cards.css")

# tex-chtml.js loads the rest on demand: fonts, TeX extensions, and the menu's speech explorer.
MATHJAX = ("tex-chtml.js", "input/tex", "output/chtml/fonts", "a11y", "sre")


def setup(app: Sphinx) -> None:
    """Register the scripts and styles of every page, and the copying at the end of the build."""
    for name in SCRIPTS:
        app.add_js_file(name, loading_method="defer")
    for name in STYLES:
        app.add_css_file(name, priority=900)  # after the theme's
    app.connect("builder-inited", lambda app: app.config.html_static_path.append(str(ASSETS)))
    app.connect("build-finished", copy_vendored)


def copy_vendored(app: Sphinx, error: Exception | None) -> None:
    """Copy the two libraries out of their packages."""
    vendor = Path(app.outdir) / "_static" / "vendor"
    if error is not None or app.builder.format != "html":
        return
    mathjax = package("sphinx-mathjax-offline") / "static" / "mathjax"
    for name in MATHJAX:
        copy(mathjax / name, vendor / "mathjax" / name)
    copy(package("plotly") / "package_data" / "plotly.min.js", vendor / "plotly.min.js")


def package(name: str) -> Path:
    """The folder of an installed package, without importing it.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is missing; pip install 'stlib[book]' brings it")
    return Path(spec.origin).parent


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder; the target's parents are made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)
