"""Who has a conversation in which groups: a table in SQLite that follows every change.

`who_has_this_conversation.py follow 127.0.0.1:9092` keeps it up to date, and `... ask C2Cbob` asks it meanwhile.
"""

import argparse
import signal
import sqlite3

import convgroups_client as groups
from convgroups_client import Consumer, Event, Ledger, UserGroups

TABLE = "CREATE TABLE IF NOT EXISTS has (user TEXT, group_id INT, name TEXT, conversation TEXT)"


def main() -> None:
    """Follow or ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("do", choices=["follow", "ask"])
    parser.add_argument("what", help="where Kafka is; or a conversation")
    parser.add_argument("--database", default="who_has.db")
    parser.add_argument("--prefix", default="conversation-groups", help="what the topics' names begin with")
    given = parser.parse_args()
    sqlite3.connect(given.database).execute(TABLE)
    if given.do == "ask":
        asked = "SELECT user, name FROM has WHERE conversation = ? ORDER BY user, name"
        for row in sqlite3.connect(given.database).execute(asked, [given.what]):
            print(*row, sep="\t")
        return
    ledger = Ledger(lambda: sqlite3.connect(given.database))

    def begin(user: UserGroups) -> None:
        with ledger.begin(user) as db:
            has = [(user.user, one.group_id, one.name, who) for one in user.groups for who in one.conversation_ids]
            if db:
                db.execute("DELETE FROM has WHERE user = ?", [user.user])
                db.executemany("INSERT INTO has VALUES (?, ?, ?, ?)", has)

    def handle(event: Event) -> None:
        with ledger.once(event) as db:
            match event if db else None:
                case groups.ConversationsAdded():
                    has = [(event.user, event.group_id, event.group_name, who) for who in event.conversation_ids]
                    db.executemany("INSERT INTO has VALUES (?, ?, ?, ?)", has)
                case groups.ConversationsRemoved() | groups.GroupDeleted():
                    gone = [(event.user, event.group_id, who) for who in event.conversation_ids]
                    db.executemany("DELETE FROM has WHERE user = ? AND group_id = ? AND conversation = ?", gone)
                case groups.GroupRenamed():
                    named = [event.group_name, event.user, event.group_id]
                    db.execute("UPDATE has SET name = ? WHERE user = ? AND group_id = ?", named)

    consumer = Consumer(given.what, "who-has-this-conversation", handle, on_groups=begin, prefix=given.prefix)
    signal.signal(signal.SIGTERM, lambda *_: consumer.stop())
    signal.signal(signal.SIGINT, lambda *_: consumer.stop())
    consumer.run()


if __name__ == "__main__":
    main()
