// A user's groups: what changes them gives the notifications of it.

export const NAMES = 'onConversationGroupListUpdated';
export const LIST = 'onConversationListUpdated';
export const IN_GROUP = 'onConversationInGroupUpdated';

const differ = (was, is) => JSON.stringify(was) !== JSON.stringify(is);

export class Groups {
	revision = -1;
	members = new Map(); // group name -> conversation IDs
	joined = new Map(); // conversation ID -> group names

	names() {
		return [...this.members.keys()];
	}

	list(ids = this.joined.keys()) {
		return Array.from(ids, (id) => ({ conversationID: id, conversationGroupList: [...(this.joined.get(id) ?? [])] }));
	}

	snapshot() {
		const groups = Array.from(this.members, ([groupName, conversationIDs]) => ({ groupName, conversationIDs }));
		return { revision: this.revision, groups, conversations: this.list() };
	}

	replace({ revision, groups, conversations }) {
		const first = this.revision < 0;
		const told = this.#tell(revision, [], () => {
			this.members = new Map(groups.map((one) => [one.groupName, one.conversationIDs]));
			this.joined = new Map(conversations.map((one) => [one.conversationID, one.conversationGroupList]));
		});
		const all = { name: LIST, data: this.list() };
		return first ? [all, { name: NAMES, data: this.names() }] : told;
	}

	change({ revision, notifications }) {
		this.revision = revision;
		for (const { name, data } of notifications) {
			if (name === NAMES) this.#order(data);
			if (name === LIST) data.forEach((one) => this.#put(one.conversationID, one.conversationGroupList));
		}
		return notifications;
	}

	/** Take in the answer to a command on a group. */
	answer(name, { revision, groupName, items, evicted, events }) {
		const outcomes = new Map(items.map((item) => [item.conversationID, item.outcome]));
		const ids = new Set([...evicted, ...outcomes.keys(), ...(this.members.get(name) ?? [])]);
		const did = (what) => events[0].type.includes(`group-${what}`);
		const now = (names, gone) => names.flatMap((one) => (one !== name ? one : gone ? [] : groupName));
		return this.#tell(revision, ids, () => {
			this.#order(did('created') ? [...this.names(), name] : now(this.names(), did('deleted')));
			for (const id of ids) {
				const gone = did('deleted') || outcomes.get(id) === 'removed';
				const names = evicted.includes(id) ? [] : now(this.joined.get(id) ?? [], gone);
				this.#put(id, outcomes.get(id) === 'added' ? [...names, name] : names);
			}
		});
	}

	#order(names) {
		this.members = new Map(names.map((name) => [name, this.members.get(name) ?? []]));
	}

	#put(id, names) {
		for (const [name, ids] of this.members) {
			if (!names.includes(name)) this.members.set(name, ids.filter((one) => one !== id));
			else if (!ids.includes(id)) this.members.set(name, [...ids, id]);
		}
		this.joined[names.length ? 'set' : 'delete'](id, [...names]);
	}

	/** Change, and tell what differs, in this order. */
	#tell(revision, order, change) {
		const [members, joined] = [this.members, new Map(this.joined)];
		this.members = new Map(members);
		change();
		this.revision = revision;
		const told = differ([...members.keys()], this.names()) ? [{ name: NAMES, data: this.names() }] : [];
		const ids = [...new Set([...order, ...joined.keys(), ...this.joined.keys()])];
		const data = this.list(ids.filter((id) => differ(joined.get(id), this.joined.get(id))));
		if (data.length) told.push({ name: LIST, data });
		for (const [groupName, ids] of this.members) {
			const data = { groupName, conversationList: this.list(ids) };
			if (differ(members.get(groupName) ?? ids, ids)) told.push({ name: IN_GROUP, data });
		}
		return told;
	}
}
