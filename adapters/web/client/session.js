// One user on one device: commands, and the feed, one for all tabs.

import { Groups } from './groups.js';

export const randomID = () => crypto.getRandomValues(new Uint32Array(4)).join('-');
export const refusal = (code, message, status) => Object.assign(new Error(message), { code, data: {}, status });

export class Session {
	groups = new Groups();
	#end = new AbortController();
	#signal = this.#end.signal;
	#cursor; // where the feed goes on
	#waiting = []; // answers ahead of the groups
	#sent = Promise.resolve();
	#know;
	known = new Promise((know) => (this.#know = know));

	constructor(who, notify) {
		Object.assign(this, who, { notify });
		this.url = `${who.baseURL}/v1/users/${encodeURIComponent(who.userID)}/`;
		this.headers = { 'App-ID': who.SDKAppID, 'Content-Type': 'application/json', 'Device-ID': unescape(encodeURIComponent(who.device)) };
	}

	/** Rejects when it is over. */
	async run() {
		try {
			await this.#request('groups');
			console.info('CONVGROUPS_AUTH=off: the service takes any UserSig.');
		} catch (refused) {
			if (refused.status !== 401) throw refused;
			this.headers.Authorization = `UserSig usersig="${encodeURIComponent(this.userSig)}"`;
			await this.#request('groups');
		}
		return this.#follow();
	}

	end(reason) {
		this.#end.abort(reason);
		this.#waiting.forEach(({ done }) => done());
	}

	/** Answers when the groups show what it did. */
	async command(command) {
		const key = { 'Idempotency-Key': randomID() };
		const answered = this.#sent.then(() => this.#request('commands', () => key, JSON.stringify(command)));
		this.#sent = answered.catch(() => {});
		const answer = await answered;
		this.#signal.throwIfAborted();
		await new Promise((done) => {
			this.#waiting.push({ answer, done, name: command.groupName });
			this.#settle();
		});
		return answer;
	}

	/** Ask until `read` makes something of an answer. */
	async #request(path, headers = () => {}, body, read = (response) => response.json(), patience = 3e4) {
		const deadline = Date.now() + patience;
		for (let tries = 0; ; tries++) {
			this.#signal.throwIfAborted();
			const cut = new AbortController();
			let [status, pause, said, timer] = [0, 0];
			const allow = (time) => (timer = clearTimeout(timer) ?? setTimeout(() => cut.abort(), time));
			try {
				allow(1e4);
				const response = await fetch(this.url + path, {
					method: body ? 'POST' : 'GET',
					headers: { ...this.headers, ...headers() },
					body,
					signal: AbortSignal.any([this.#signal, cut.signal]),
				});
				({ status } = response);
				pause = response.headers.get('Retry-After') * 1000 || 0;
				const listen = () => allow(4e4 + (tries = 0)); // as the feed does every 15 s
				said = await (response.ok ? read(response, listen) : response.json());
				if (response.ok && said) return said;
			} catch {
				// the network
			} finally {
				clearTimeout(timer);
				cut.abort();
			}
			pause = Math.max(pause, Math.min(5000, 100 * 2 ** tries) * (0.5 + Math.random() / 2));
			if (/^4(?!08|29)/.test(status) || Date.now() + pause > deadline) {
				const { code = status || 2801, detail = 'No answer.' } = said ?? {};
				throw refusal(code === 51013 ? 3122 : code, detail, status);
			}
			await new Promise((wake) => setTimeout(wake, pause));
		}
	}

	#read(take) {
		let before; // a snapshot below it is of another log
		const read = async ({ body }, listen) => {
			const reader = body.pipeThrough(new TextDecoderStream()).getReader();
			for (let rest = ''; ; ) {
				const { done, value } = await reader.read();
				if (done) return;
				listen();
				const frames = (rest + value).split('\n\n');
				rest = frames.pop();
				for (const frame of frames) {
					const [, id, event, json] = /id: ([^\n]*)\nevent: ([^\n]*)\ndata: ([^\n]*)/.exec(frame) ?? [];
					try {
						if (id) take({ id, event, data: JSON.parse(json), before });
					} catch (error) {
						this.end(error); // no fault of the network
					}
				}
			}
		};
		const resume = () => {
			before = this.groups.revision;
			return this.#cursor && { 'Last-Event-ID': this.#cursor };
		};
		return this.#request('events', resume, undefined, read, Infinity);
	}

	async #follow() {
		const take = (frame) => this.#take(frame);
		const { locks } = globalThis.navigator ?? {};
		if (!locks) return this.#read(take);
		const name = this.url + this.SDKAppID;
		const tabs = new BroadcastChannel(name);
		const send = (said) => tabs.postMessage(said);
		const tell = () => this.#cursor && send({ id: this.#cursor, event: 'snapshot', data: this.groups.snapshot() });
		let reads;
		tabs.onmessage = ({ data }) => (data === 'ask' ? reads && tell() : take(data));
		this.#signal.onabort = () => tabs.close();
		send('ask');
		return locks.request(name, { signal: this.#signal }, () => {
			reads = true;
			tell(); // who asked a tab that is gone
			return this.#read((frame) => take(frame, send(frame)));
		});
	}

	#take({ id, event, data, before }) {
		const { groups } = this;
		const { revision } = data;
		const anew = revision < before;
		if (event === 'snapshot') {
			if (anew || revision >= groups.revision) this.notify(groups.replace(data));
		} else {
			if (!this.#cursor) return; // the snapshot is on its way
			if (revision > groups.revision) this.notify(groups.change(data)); // else an echo
		}
		this.#cursor = id;
		this.#know();
		this.#settle(anew);
	}

	#settle(anew) {
		while (this.#waiting.length) {
			const [{ answer, done, name }] = this.#waiting;
			const next = answer.events[0]?.revision === this.groups.revision + 1;
			if (!next && !anew && answer.revision > this.groups.revision) return; // the feed closes the gap
			this.#waiting.shift();
			if (next) this.notify(this.groups.answer(name, answer));
			done();
		}
	}
}
