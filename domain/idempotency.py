"""What is kept for an idempotency key, so that a command sent twice is carried out once and answered alike."""

import json
from hashlib import sha256
from typing import Final, TypeGuard

from domain.commands import Command
from domain.outcomes import Outcome, outcome_json
from domain.refusals import Refusal

_REFUSALS: Final = {kind.__name__: kind for kind in Refusal.__subclasses__() if kind.reads_state}


def command_hash(command: Command) -> bytes:
    """Hash what the command says, whatever the spelling of its JSON was.

    None is left out: a field that a later release adds must be None where it is not given, and changes no hash then.
    """
    return sha256(command.__pydantic_serializer__.to_json(command, exclude_none=True)).digest()


def is_kept(result: Outcome | Exception) -> TypeGuard[Outcome | Refusal]:
    """Tell whether a repeated key gets this result again: every success, and what another state would have allowed."""
    return isinstance(result, Outcome) or (isinstance(result, Refusal) and result.reads_state)


def to_kept(result: Outcome | Refusal) -> bytes:
    """Give the JSON to keep for a result, without what reading it fills in."""
    if isinstance(result, Outcome):
        return outcome_json.serializer.to_json(result, exclude_defaults=True)
    return json.dumps({"refusal": type(result).__name__, "facts": result.args}).encode()


def from_kept(kept: bytes) -> Outcome | Refusal:
    """Give the result that `to_kept` was given."""
    facts = json.loads(kept)
    if "refusal" in facts:
        return _REFUSALS[facts["refusal"]](*facts["facts"])
    return outcome_json.validate_json(kept)
