// Appends by Emmett's event store for PostgreSQL: `node emmett.mjs URL CLIENTS SECONDS` prints appends a second.
import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

const [url, clients, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const store = getPostgreSQLEventStore(url);
await store.schema.migrate();
const event = () => ({ type: 'made', data: { kind: 'repair', text: 'x'.repeat(327) } });
await store.appendToStream(`bench-${randomUUID()}`, [event()]);

const begun = performance.now();
const until = begun + 1000 * seconds;
const caller = async () => {
  let done = 0;
  while (performance.now() < until) {
    await store.appendToStream(`bench-${randomUUID()}`, [event()]);
    done += 1;
  }
  return done;
};
const done = await Promise.all(Array.from({ length: clients }, caller));
const took = (performance.now() - begun) / 1000;
await store.close();
console.log(done.reduce((sum, one) => sum + one, 0) / took);
