"""What the repository holds: its contents page, its size, and nobody else's files."""

from pathlib import Path

import yaml

from scripts.built_pages import missing, pages

ROOT = Path(__file__).parents[2]
MADE = ("_build", "build", "runs", "__pycache__", "node_modules")  # as in .gitignore
FOREIGN_NAMES = ("*.min.js", "*.min.css", "*.woff*", "*.ttf", "*.otf")
FOREIGN_FOLDERS = ("vendor", "third_party", "_static")
MEGABYTE = 1_000_000


def files(folder: Path) -> list[Path]:
    """The files below a folder, without what is made from them."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.name in MADE or path.name.startswith(".") or path.suffix == ".egg-info":
            continue
        found += files(path) if path.is_dir() and not path.is_symlink() else [path]
    return found


def foreign(paths: list[Path]) -> list[str]:
    """The names that third-party files usually have."""
    return [
        path.name
        for path in paths
        if any(path.match(pattern) for pattern in FOREIGN_NAMES)
        or any(part in FOREIGN_FOLDERS for part in path.parts)
    ]


def size(paths: list[Path]) -> float:
    """In megabytes."""
    return sum(path.stat().st_size for path in paths) / MEGABYTE


def contents() -> list[str]:
    return list(pages(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))


def test_pages_of_the_contents_exist_and_every_notebook_is_among_them():
    named = contents()
    for page in named:
        suffix = ".ipynb" if page.startswith("notebooks/") else ".md"
        assert (ROOT / page).with_suffix(suffix).is_file(), f"_toc.yml names {page}"
    notebooks = [path for path in files(ROOT / "notebooks") if path.suffix == ".ipynb"]
    assert {str(path.relative_to(ROOT).with_suffix("")) for path in notebooks} <= set(named)


def test_a_page_that_was_not_built_is_reported(tmp_path):
    toc = tmp_path / "_toc.yml"
    toc.write_text("root: a\nparts: [{chapters: [{file: b, sections: [{file: c}]}]}]")
    for page in "ab":
        (tmp_path / f"{page}.html").touch()
    assert missing(toc, tmp_path) == ["c"]


def test_no_third_party_file_is_committed():
    assert foreign(files(ROOT)) == []


def test_third_party_names_are_reported(tmp_path):
    named = [tmp_path / "plotly.min.js", tmp_path / "vendor" / "a.js", tmp_path / "book.js"]
    assert foreign(named) == ["plotly.min.js", "a.js"]


def test_no_link_leads_out_of_the_repository():
    assert [path for path in files(ROOT) if path.is_symlink()] == []


def test_links_are_reported_and_not_followed(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path)
    assert files(tmp_path) == [tmp_path / "inside" / "link"]


def test_sizes():
    assert size(files(ROOT)) < 40
    assert size(files(ROOT / "stlib")) < 20


def test_size_counts_what_is_there_and_not_what_is_made(tmp_path):
    for name in ("kept.bin", "_build/made.bin", ".venv/made.bin"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(MEGABYTE))
    assert size(files(tmp_path)) == 1.0
