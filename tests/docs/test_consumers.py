"""What docs/consumers.md and docs/events.md tell authors of consumers is so."""

import json
import subprocess
import sys
from pathlib import Path

from adapters.kafka.contract.asyncapi import document
from convgroups_client import Consumer, Metrics
from tests.docs.blocks import blocks
from tests.docs.test_documents import VENV
from tests.unit.domain.changes import renamed
from tests.unit.projections.recorded import recorded


def test_the_handler_of_the_document_gets_wrong_what_it_says(tmp_path: Path) -> None:
    [program] = [
        block.text for block in blocks("docs/consumers.md") if block.language == "python" and not block.not_run
    ]
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60
    )
    found = {line.partition(" ")[0] for line in ran.stdout.splitlines()}
    assert found <= {"side"}  # it is a race, which now and then nobody loses


def test_the_options_and_figures_of_the_document_are_those_of_the_kit() -> None:
    text = Path("docs/consumers.md").read_text()
    options = Consumer.__init__.__kwdefaults__ or {}
    assert [name for name in options if f"`{name}`" not in text and f"`{name}=" not in text] == []
    assert [name for name in Metrics.__dataclass_fields__ if f"`{name}`" not in text] == []


def test_the_commands_on_the_contract_do_what_the_document_says(tmp_path: Path) -> None:
    [event] = recorded(renamed(1, "One", "Eins"))
    (tmp_path / "event.json").write_bytes(event.to_json())
    [typed] = [block.text for block in blocks("docs/events.md") if "convgroups schema" in block.text]
    script = "set -euo pipefail\n" + typed.replace("convgroups", str(VENV / "convgroups"))
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads((tmp_path / "contract/asyncapi.json").read_text()) == document()
