"""What the users of this service do: a cycle of five commands, each of which records one event.

A user makes a group, puts five conversations into it, renames it, takes the conversations out, and deletes the group
that was made two cycles before: nobody ever has more than three groups. `commands.lua` says the same.
"""

EVENTS = 20
"""Commands that every user has behind them when the measuring begins."""


def user_id(user: int) -> str:
    """Name a user."""
    return f"user-{user:06d}"


def command_json(user: int, n: int) -> str:
    """Give the nth command of a user, counted from 0, as it is sent."""
    cycle, step = divmod(n, 5)
    group = cycle + 1  # a user's groups are counted from 1
    if step == 0:
        return f'{{"command":"CreateGroup","groupName":"Friends and people of work {cycle:05d}"}}'
    if step == 2:
        return f'{{"command":"RenameGroup","groupID":{group},"newName":"Friends and people at work {cycle:05d}"}}'
    if step == 4 and cycle >= 2:
        return f'{{"command":"DeleteGroup","groupID":{group - 2}}}'
    if step == 4:
        return f'{{"command":"RenameGroup","groupID":{group},"newName":"Friends and people, later {cycle:06d}"}}'
    command = "AddConversations" if step == 1 else "RemoveConversations"
    ids = ",".join(f'"C2C_contact-of-mine-{(7 * cycle + user + i) % 1000:04d}"' for i in range(5))
    return f'{{"command":"{command}","groupID":{group},"conversationIDs":[{ids}]}}'
