// An application in TypeScript: the declarations let through what is right, and refuse what is not.

import TIM, { type ChatError, type Conversation } from '../../../../adapters/web/client/index.js';

const tim = TIM.create({ SDKAppID: 1400000000, baseURL: 'http://127.0.0.1:8080' });

export async function use(): Promise<string[]> {
	tim.on(TIM.EVENT.CONVERSATION_GROUP_LIST_UPDATED, (event) => event.data.map((name) => name.length));
	tim.on(TIM.EVENT.CONVERSATION_IN_GROUP_UPDATED, ({ data }) => data.conversationList.map((one) => one.conversationID));
	tim.on(TIM.EVENT.ERROR, ({ data }) => console.warn(data.code, data.message));
	await tim.login({ userID: 'alice', userSig: 'x' });
	const { data } = await tim.createConversationGroup({ conversationIDList: ['C2Cx'], groupName: 'Suppliers' });
	data.failureConversationIDList.forEach(({ conversationID, code, message }) => console.log(conversationID, code + 1, message));
	const nothing: undefined = await tim.renameConversationGroup({ oldName: 'Suppliers', newName: 'Vendors' });
	tim.setConversationList([{ conversationID: 'C2Cx', unreadCount: 3 }]);
	const all: Conversation[] = (await tim.getConversationList({ groupName: '' })).data.conversationList;
	await tim.deleteConversationGroup('Vendors').catch((error: ChatError) => error.code === 51009);
	return [...(await tim.getConversationGroupList()).data, ...all.map((one) => one.type ?? String(nothing))];
}

// @ts-expect-error - the list is an array
void tim.addConversationsToGroup({ conversationIDList: 'C2Cx', groupName: 'Suppliers' });
// @ts-expect-error - the name stands alone
void tim.deleteConversationGroup({ groupName: 'Suppliers' });
// @ts-expect-error - there is no such event
tim.on('onNothing', () => {});
// @ts-expect-error - there is no such data
tim.on(TIM.EVENT.CONVERSATION_GROUP_LIST_UPDATED, (event) => event.data.groupName);
// @ts-expect-error - a number is asked for
TIM.create({ SDKAppID: '1400000000' });
