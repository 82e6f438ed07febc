// The product's Web SDK for groups: see index.d.ts.

import { IN_GROUP, LIST, NAMES } from './groups.js';
import { randomID, refusal, Session } from './session.js';

const EVENT = {
	SDK_READY: 'sdkStateReady',
	SDK_NOT_READY: 'sdkStateNotReady',
	ERROR: 'error',
	CONVERSATION_LIST_UPDATED: LIST,
	CONVERSATION_GROUP_LIST_UPDATED: NAMES,
	CONVERSATION_IN_GROUP_UPDATED: IN_GROUP,
};
const TYPES = { CONV_C2C: 'C2C', CONV_GROUP: 'GROUP' };
const TEXTS = {
	2024: 'Not logged in.',
	2500: 'Not in the conversation list.',
	2503: 'Malformed conversation ID.',
	3000: 'Logging in.',
	3005: 'Logged out.',
};

const done = (data) => ({ code: 0, data });
const isText = (value) => typeof value === 'string' && value > '';
const isNewName = (value) => isText(value) && value.length <= 32;
const typeOf = (id) => /^(C2C|GROUP)/.exec(id)?.[0];
const isID = (id) => isText(id) && /^(C2C|GROUP)\P{Cs}+$/u.test(id);

const check = (fits) => {
	if (!fits) throw new Error('Params validate failed.');
};

function create({ SDKAppID, baseURL = import.meta.url.replace(/\/client\/[^/]*$/, ''), device = randomID() } = {}) {
	check(Number.isSafeInteger(SDKAppID) && SDKAppID > 0 && /^https?:/.test(baseURL) && isText(device));
	let handlers = [];
	let list; // as handed over
	let session;
	let state = 2024;
	const isReady = () => state === 0;

	function emit(name, data) {
		for (const { handler } of handlers.filter((one) => one.name === name)) {
			try {
				handler({ name, data });
			} catch (error) {
				console.error(error);
			}
		}
	}

	function full(data) {
		if (data.conversationList) return { ...data, conversationList: full(data.conversationList) };
		const whole = (id, one) => ({ type: typeOf(id), ...list?.get(id), ...one });
		return data.map((one) => (isText(one) ? one : whole(one.conversationID, one)));
	}

	async function open(who) {
		const opened = new Session(who, (told) => {
			for (const { name, data } of told) {
				if (opened !== session) return;
				state = 0;
				emit(name, full(data));
			}
		});
		session = opened;
		state = 3000;
		const over = opened.run();
		over.catch((reason) => opened === session && close(state ? 2024 : 3005, reason));
		await Promise.race([opened.known, over]);
		if (opened !== session) throw refusal(3005, TEXTS[3005]);
		emit(EVENT.SDK_READY);
		return done({});
	}

	function close(next, reason) {
		const before = state;
		state = next;
		session?.end(reason ?? refusal(next, TEXTS[next]));
		session = undefined;
		if (before) return;
		if (reason) emit(EVENT.ERROR, reason);
		emit(EVENT.SDK_NOT_READY);
	}

	const codeOf = (id) => (isID(id) ? list && !list.has(id) && 2500 : 2503);
	const edits = (command, isName) => ({ conversationIDList: given, groupName }) => {
		check(Array.isArray(given) && given.length && isName(groupName));
		const ids = [...new Set(given)];
		const failed = ids.filter(codeOf).map((id) => ({ conversationID: id, code: codeOf(id), message: TEXTS[codeOf(id)] }));
		const conversationIDs = ids.filter((id) => !codeOf(id));
		const answer = conversationIDs.length && session.command({ command, groupName, conversationIDs });
		return Promise.resolve(answer).then(({ successConversationIDList = [], failureConversationIDList = [] }) =>
			done({ successConversationIDList, failureConversationIDList: [...failed, ...failureConversationIDList] }));
	};

	const calls = {
		createConversationGroup: edits('CreateGroup', isNewName),
		addConversationsToGroup: edits('AddConversations', isText),
		deleteConversationsFromGroup: edits('RemoveConversations', isText),
		deleteConversationGroup(groupName) {
			check(isText(groupName));
			return session.command({ command: 'DeleteGroup', groupName }).then(() => {});
		},
		renameConversationGroup({ oldName: groupName, newName }) {
			check(isText(groupName) && isNewName(newName));
			return session.command({ command: 'RenameGroup', groupName, newName }).then(() => {});
		},
		getConversationGroupList: async () => done(session.groups.names()),
		async getConversationList(options) {
			const { groups } = session;
			const { groupName } = options;
			let ids = list ? [...list.keys()] : groups.members.get(groupName) ?? [...groups.joined.keys()];
			if (Array.isArray(options)) ids = list ? ids.filter((id) => options.includes(id)) : options.filter(isID);
			const fits = ({ conversationGroupList: names }) =>
				groupName ? names.includes(groupName) : groupName === undefined || !names.length;
			const conversationList = full(groups.list(new Set(ids))).filter(fits);
			return done({ conversationList, isSyncCompleted: true });
		},
	};

	const chat = {
		isReady,
		on: (name, handler) => void handlers.push({ name, handler }),
		off(name, handler) {
			handlers = handlers.filter((one) => one.name !== name || one.handler !== handler);
		},
		login(options) {
			const { userID, userSig } = options ?? {};
			check(isText(userID) && isText(userSig));
			close(3005);
			return open({ SDKAppID, baseURL: baseURL.replace(/\/+$/, ''), device, userID, userSig });
		},
		async logout() {
			close(3005);
			list = undefined;
			return done({});
		},
		setConversationList(given) {
			check(Array.isArray(given) && given.every((one) => isText(one?.conversationID)));
			list = new Map(given.map((one) => [one.conversationID, { ...one }]));
		},
	};
	for (const [api, call] of Object.entries(calls)) {
		chat[api] = (given) => {
			if (isReady()) return call(given ?? {});
			const reason = refusal(state, `${TEXTS[state]} | ${api} | Call login.`);
			emit(EVENT.ERROR, reason);
			return Promise.reject(reason);
		};
	}
	return chat;
}

export default { create, EVENT, TYPES };
