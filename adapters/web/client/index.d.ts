/**
 * The calls and events of the product's Web SDK for conversation groups, on the conversation-groups service.
 *
 * Every call that is given wrong arguments throws `Error("Params validate failed.")` at once. Every promise is rejected
 * with a `ChatError`. A call before `login` has resolved, or after the end, is rejected with 2024 (nobody logged in),
 * 3000 (the login is under way) or 3005 (logged out).
 */

/** Why a promise is rejected. */
export interface ChatError extends Error {
	/** The product's number; 3122 where the app's edition has no conversation groups, 2801 where nothing answered. */
	code: number;
	data: Record<string, never>;
	/** The HTTP status that came with it; 0 where none came. */
	status?: number;
}

export interface Result<Data> {
	code: 0;
	data: Data;
}

export interface Conversation {
	conversationID: string;
	type: 'C2C' | 'GROUP' | undefined;
	/** Names of its groups, in the order it joined them; [] for one in no group. */
	conversationGroupList: string[];
	/** What the application handed over with `setConversationList`. */
	[other: string]: unknown;
}

export interface FailedConversation {
	conversationID: string;
	/** 2503 malformed, 2500 not in the list of `setConversationList`, 51008 no more fit. */
	code: number;
	message: string;
}

export interface Conversations {
	/** In the order given. A conversation that was in the group already, or not in it, is a success. */
	successConversationIDList: string[];
	/** Those that this device refused and did not send, then those that the service refused. */
	failureConversationIDList: FailedConversation[];
}

export interface ConversationsOfGroup {
	/** At least one; the service takes up to 100. One that is given twice counts once. */
	conversationIDList: string[];
	groupName: string;
}

/** Events by name, each with its data. */
export interface Events {
	/** The groups are known: calls are taken. */
	sdkStateReady: undefined;
	/** After `logout`, and where the service ended the session. */
	sdkStateNotReady: undefined;
	/** A call came while not ready, or the service ended the session: its UserSig has expired, say. */
	error: ChatError;
	/** Conversations whose groups changed; after `login` all that are in a group. */
	onConversationListUpdated: Conversation[];
	/** The names of all groups, in the user's order. */
	onConversationGroupListUpdated: string[];
	/** One group, and all conversations that are in it now. */
	onConversationInGroupUpdated: { groupName: string; conversationList: Conversation[] };
}

export type Handler<Name extends keyof Events> = (event: { name: Name; data: Events[Name] }) => void;

export interface Chat {
	isReady(): boolean;

	/** Ask to be told; handlers are called in the order they were given. */
	on<Name extends keyof Events>(name: Name, handler: Handler<Name>): void;
	off<Name extends keyof Events>(name: Name, handler: Handler<Name>): void;

	/**
	 * Log a user in; whoever was logged in before is logged out. When it resolves the groups are known, and
	 * `CONVERSATION_LIST_UPDATED`, `CONVERSATION_GROUP_LIST_UPDATED` and `SDK_READY` have fired once.
	 * Rejected with 70001 for an expired UserSig, 70003 for one that is none or forged, 50003 for another user's.
	 */
	login(options: { userID: string; userSig: string }): Promise<Result<Record<string, never>>>;
	logout(): Promise<Result<Record<string, never>>>;

	/** Make a group; if the name exists the conversations are added to that group. The name: 1 to 32 characters. */
	createConversationGroup(options: ConversationsOfGroup): Promise<Result<Conversations>>;
	deleteConversationGroup(groupName: string): Promise<undefined>;
	renameConversationGroup(options: { oldName: string; newName: string }): Promise<undefined>;
	addConversationsToGroup(options: ConversationsOfGroup): Promise<Result<Conversations>>;
	deleteConversationsFromGroup(options: ConversationsOfGroup): Promise<Result<Conversations>>;

	/** The names of all groups, in the user's order. */
	getConversationGroupList(): Promise<Result<string[]>>;

	/**
	 * These conversations; those of a group (`''`: in no group); or all: what was handed over with
	 * `setConversationList`, in that order, else what is in a group.
	 */
	getConversationList(
		options?: string[] | { groupName?: string },
	): Promise<Result<{ conversationList: Conversation[]; isSyncCompleted: true }>>;

	/**
	 * Hand over the conversations that the application knows: the service holds no messages. From then on, until
	 * `logout`, reads give these alone, with all their properties, and an ID that is not among them is 2500.
	 */
	setConversationList(list: { conversationID: string; [other: string]: unknown }[]): void;
}

declare const TencentCloudChat: {
	/** One device of a user to come. `baseURL` is the address of the service, by default where this module is from. */
	create(options: { SDKAppID: number; baseURL?: string; device?: string }): Chat;
	EVENT: {
		SDK_READY: 'sdkStateReady';
		SDK_NOT_READY: 'sdkStateNotReady';
		ERROR: 'error';
		CONVERSATION_LIST_UPDATED: 'onConversationListUpdated';
		CONVERSATION_GROUP_LIST_UPDATED: 'onConversationGroupListUpdated';
		CONVERSATION_IN_GROUP_UPDATED: 'onConversationInGroupUpdated';
	};
	TYPES: { CONV_C2C: 'C2C'; CONV_GROUP: 'GROUP' };
};

export default TencentCloudChat;
