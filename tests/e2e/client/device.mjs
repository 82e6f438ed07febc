// A device that does what it is told, a line of JSON each on standard input, and tells what it gets and what it hears.

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [, , path, options] = process.argv;
const { default: TIM } = await import(pathToFileURL(path));
const tim = TIM.create(JSON.parse(options));
const tell = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

for (const name of Object.values(TIM.EVENT)) tim.on(name, (event) => tell({ event }));

const told = (error) => ({ isError: error instanceof Error, code: error.code, message: error.message });

/** Call a method: what it throws at once is told apart from what its promise is rejected with. */
async function call(method, given) {
	let promise;
	try {
		promise = tim[method](...given);
	} catch (error) {
		return { thrown: told(error) };
	}
	return settled(promise);
}

async function settled(promise) {
	try {
		const result = await promise;
		return { result: result ?? null, nothing: result === undefined };
	} catch (error) {
		return { rejected: told(error) };
	}
}

/** Run a text as it stands in a page, in a scope of its own, and tell what it called, got and printed. */
async function run(text) {
	const [calls, printed] = [[], []];
	const console = Object.fromEntries(['log', 'warn', 'error'].map((how) => [how, (...what) => printed.push([how, ...what])]));
	const recording = new Proxy(tim, {
		get: (_, method) => (...given) => {
			const returned = tim[method](...given);
			if (method !== 'on') calls.push(settled(returned).then((became) => ({ method, given, ...became })));
			return returned;
		},
	});
	new Function('tim', 'TIM', 'console', text)(recording, TIM, console);
	const done = [];
	while (calls.length) done.push(await calls.shift()); // a call may come in the answer to another one
	return { calls: done, printed: () => printed };
}

let listening = () => [];
for await (const line of createInterface({ input: process.stdin })) {
	const { number, method, given, text } = JSON.parse(line);
	if (method) call(method, given).then((said) => tell({ number, ...said }));
	else if (text) {
		run(text).then(
			({ calls, printed }) => {
				listening = printed;
				tell({ number, calls, printed: printed() });
			},
			(error) => tell({ number, failed: String(error) }),
		);
	} else tell({ number, printed: listening() });
}
process.exit();
