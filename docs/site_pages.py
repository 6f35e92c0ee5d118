"""What the site needs beside docs/: the pages that stand above it, and a look at what every page would fetch.

README.md and CONTRIBUTING.md stay where GitHub shows them; here they become pages, with links that lead to pages.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# Above docs/ -> its name in the site.
ABOVE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
# What a browser fetches by itself, from a page and from a style sheet.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*?\ssrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon))[^>]*?\shref=["']?(?:https?:)?//[^"'\s>]+"""
)
FETCHED_BY_STYLE = re.compile(r"""(?:@import\s+|url\()["']?(?:https?:)?//[^"')\s]+""")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages from above docs/."""
    root = Path(config.config_file_path).parent
    for above, page in ABOVE.items():
        text = (root / above).read_text(encoding="utf-8").replace("](docs/", "](")
        text = re.sub(rf"\]\(({'|'.join(map(re.escape, ABOVE))})", lambda link: f"]({ABOVE[link[1]]}", text)
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads links to the files above docs/ to their pages."""
    for above, name in ABOVE.items():
        # "../" leads out of docs/, which the site has no step for.
        markdown = re.sub(rf"\]\(\.\./((?:\.\./)*){re.escape(above)}", rf"](\1{name}", markdown)
    return markdown


def on_post_build(config: MkDocsConfig) -> None:
    """Refuses a site whose pages fetch something from elsewhere when they are opened.

    Raises:
        Abort: with the page and what it would fetch.
    """
    if found := list(fetches(Path(config.site_dir))):
        raise Abort("\n".join(["pages that fetch from the network:", *found]))


def fetches(site: Path) -> Iterator[str]:
    """What pages and style sheets of a built site ask of other machines, each with its file."""
    for suffix, pattern in ((".html", FETCHED), (".css", FETCHED_BY_STYLE)):
        for path in sorted(site.rglob(f"*{suffix}")):
            yield from (f"{path.relative_to(site)}: {each}" for each in pattern.findall(path.read_text("utf-8")))
