"""How a run talks to a peer: one JSON request a line on its standard input, one JSON answer a line on its output.

    seed                                make the users' histories   -> {"events": stored}
    run case, callers, warm, seconds    the closed loop             -> {"count": n, "seconds": s, "total": acknowledged}
    rebuild case                        read the log into views     -> {"count": n, "seconds": s}
    check                               count what is stored        -> {"events": stored, "bytes": of the largest}

A `run` says `{"begin": true}` on a line of its own when its warm-up is over: from there on the CPU's time is counted.
`total` holds every command of the run that was acknowledged, also those of the warm-up.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

Answer = Mapping[str, Any]


def answer_requests(handlers: Mapping[str, Callable[..., Answer]]) -> None:
    """Answer requests until there are no more; an exception is an answer too, and ends the run on the other side."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request.pop("do")](**request)
        except Exception as failure:
            answer = {"error": f"{type(failure).__name__}: {failure}"}
        tell(answer)


def tell(answer: Answer) -> None:
    """Write one line."""
    print(json.dumps(answer), flush=True)


def tell_begin() -> None:
    """Say that the warm-up is over."""
    tell({"begin": True})
