// emmett on PostgreSQL: its own CommandHandler, one event loop, one pooled connection per concurrent caller.
// Migration is left out of the measured runs: emmett's check for it, inside a session, asks the pool for a second
// connection, and so waits for ever when every connection is in a session.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const from = createRequire(process.env.BENCH_NODE + '/');
const load = async (name) => import(pathToFileURL(from.resolve(name)).href);
const { CommandHandler } = await load('@event-driven-io/emmett');
const { getPostgreSQLEventStore, readMessagesBatch } = await load('@event-driven-io/emmett-postgresql');
const { dumbo } = await load('@event-driven-io/dumbo');
const pg = (await load('pg')).default;

const { PGHOST, PGPORT, PGUSER, PGDATABASE } = process.env;
const url = `postgresql://${PGUSER}@${PGHOST}:${PGPORT}/${PGDATABASE}`;
const USERS = 5_000, EVENTS = 20;
const CYCLE = ['group-created', 'conversations-added', 'group-renamed', 'conversations-removed', 'group-deleted'];
const four = (n) => String(n).padStart(4, '0');
const streamOf = (user) => `groups-${user}`;

const dataOf = (n, group) => ({
  app: '1400000001',
  group,
  name: `Family, friends and the people from work ${four(n)}`,
  conversations: [0, 1, 2, 3, 4].map((i) => `C2C_contact-of-mine-${four((7 * n + i) % 1000)}`),
  operator: 'administrator',
  source: 'an-ordinary-client',
});

const decide = ({ groups, n }) => {
  let type = CYCLE[n % 5], group = `group-${four(Math.floor(n / 5))}`;
  if (type === 'group-deleted') {
    const old = `group-${four(Math.max(Math.floor(n / 5) - 2, 0))}`;
    [type, group] = n >= 10 && groups.has(old) ? [type, old] : ['group-renamed', group];
  }
  if ((type === 'group-created') === groups.has(group)) throw new Error(`${type} ${group}: refused`);
  return { type, data: dataOf(n, group) };
};

const change = (groups, { type, data }) => {
  if (type === 'group-created') groups.set(data.group, { name: data.name, conversations: new Set() });
  else if (type === 'conversations-added') for (const one of data.conversations) groups.get(data.group).conversations.add(one);
  else if (type === 'group-renamed') groups.get(data.group).name = data.name;
  else if (type === 'conversations-removed') for (const one of data.conversations) groups.get(data.group).conversations.delete(one);
  else if (type === 'group-deleted') groups.delete(data.group);
};
const evolve = (state, event) => { change(state.groups, event); state.n += 1; return state; };
const initialState = () => ({ groups: new Map(), n: 0 });
const handle = CommandHandler({ evolve, initialState });

const withStore = async (size, use) => {
  const pool = new pg.Pool({ connectionString: url, max: size });
  const store = getPostgreSQLEventStore(url, { connectionOptions: { pooled: true, pool }, schema: { autoMigration: 'None' } });
  try { return await use(store, pool); } finally { await store.close(); await pool.end().catch(() => {}); }
};
const together = (count, work) => Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const now = () => performance.now() / 1000;
const tell = (answer) => console.log(JSON.stringify(answer));
let next = 0;

const handlers = {
  seed: () => withStore(8, async (store) => {
    await store.schema.migrate();
    let user = 0;
    await together(8, async () => {
      while (user < USERS) {
        const state = initialState(), events = [];
        const stream = streamOf(user++);
        for (let n = 0; n < EVENTS; n++) { events.push(decide(state)); evolve(state, events[n]); }
        await store.appendToStream(stream, events, { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' });
      }
    });
    return { events: USERS * EVENTS };
  }),

  run: ({ callers, warm, seconds }) => withStore(callers, async (store) => {
    let count = 0, total = 0;
    const begin = now() + warm, end = begin + seconds;
    let last = begin;
    setTimeout(() => tell({ begin: true }), warm * 1000);
    await together(callers, async () => {
      for (let at = now(); at < end; at = now()) {
        const { newEvents } = await handle(store, streamOf(next++ % USERS), decide);
        total += newEvents.length;
        if (at >= begin) { count += newEvents.length; last = Math.max(last, now()); }
      }
    });
    return { count, seconds: last - begin, total };
  }),

  rebuild: async () => {
    const pool = dumbo({ connectionString: url });
    const views = new Map(), positions = new Set();
    let after = 0n;
    const begin = now();
    for (let more = true; more;) {
      const { messages, currentGlobalPosition } = await readMessagesBatch(pool.execute, { after, batchSize: 1000 });
      for (const message of messages) {
        const { streamName, globalPosition } = message.metadata;
        positions.add(globalPosition);
        if (!views.has(streamName)) views.set(streamName, new Map());
        try { change(views.get(streamName), message); } catch { /* the read skipped the event that this one builds on */ }
      }
      after = currentGlobalPosition;
      more = messages.length > 0 && after < USERS * EVENTS;
    }
    const seconds = now() - begin;
    await pool.close();
    return { count: positions.size, seconds, skipped: Number(after) - positions.size };
  },

  check: () => withStore(1, async (_, pool) => {
    const { rows } = await pool.query('SELECT count(*) AS events, max(length(message_data::text)) AS bytes FROM emt_messages');
    return { events: Number(rows[0].events), bytes: Number(rows[0].bytes) };
  }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answered = Promise.resolve().then(() => handlers[request.do](request));
  tell(await answered.catch((error) => ({ error: String(error?.stack ?? error) })));
}
