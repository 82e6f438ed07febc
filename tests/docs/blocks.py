"""The code blocks of a Markdown document."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?P<not_run><!-- not run here: [^>]+ -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL)


class Block(NamedTuple):
    """One block, and whether the document says that it is not run."""

    language: str
    text: str
    not_run: bool


def blocks(document: str) -> list[Block]:
    """Give the blocks of a document, by its path from the root of the repository."""
    found = BLOCK.finditer((ROOT / document).read_text())
    return [Block(match["language"], match["text"], bool(match["not_run"])) for match in found]


def script(document: str) -> str:
    """Give all shell blocks of a document that are run, as one script in which every command must succeed."""
    shell = [block.text for block in blocks(document) if block.language == "sh" and not block.not_run]
    return "set -euo pipefail\n" + "\n".join(f"{text}\necho '--- next block'" for text in shell)
