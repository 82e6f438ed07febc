"""Posts each change to a webhook, at most once: what was noted is not posted again, whatever happens then.

`post_to_webhook.py 127.0.0.1:9092 https://example.com/hook` begins with the changes from now on behind the groups.
"""

import argparse
import signal
import sqlite3
import sys
from urllib.request import Request, urlopen

from convgroups_client import Consumer, Event, Ledger, UserGroups


def main() -> None:
    """Follow, and post."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap_servers", help="where Kafka is")
    parser.add_argument("url", help="where each event is posted, as JSON")
    parser.add_argument("--database", default="posted.db")
    parser.add_argument("--prefix", default="conversation-groups", help="what the topics' names begin with")
    given = parser.parse_args()
    ledger = Ledger(lambda: sqlite3.connect(given.database))

    def begin(user: UserGroups) -> None:
        with ledger.begin(user):
            pass  # what is there already is no change

    def handle(event: Event) -> None:
        with ledger.once(event) as first_time:
            pass  # noted before it is posted: a crash in between loses the post, and never doubles it
        if first_time is None:
            return
        headers = {"Content-Type": "application/json", "X-Event-ID": str(event.event_id)}
        if event.traceparent:
            headers["traceparent"] = event.traceparent
        body = event.model_dump_json(by_alias=True, exclude={"place"}).encode()
        try:
            urlopen(Request(given.url, body, headers), timeout=10).close()
        except OSError as failure:
            print(f"not posted: {event.type} of {event.user}, revision {event.revision}: {failure}", file=sys.stderr)

    consumer = Consumer(given.bootstrap_servers, "post-to-webhook", handle, on_groups=begin, prefix=given.prefix)
    signal.signal(signal.SIGTERM, lambda *_: consumer.stop())
    signal.signal(signal.SIGINT, lambda *_: consumer.stop())
    consumer.run()


if __name__ == "__main__":
    main()
