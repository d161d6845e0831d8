// tables.mjs - the generated tables: what the program prints, and the metrics that it serves.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BINARY, startBridge } from '../lib/bridge.mjs';
import { request } from '../lib/http.mjs';
import { startRedis } from '../lib/redis.mjs';

const run = promisify(execFile);

async function printed() {
  const { stdout } = await run(BINARY, ['--help-markdown']);
  const parts = stdout.split(/^## (\w+)\n/gm).slice(1);
  return Object.fromEntries(Array.from({ length: parts.length / 2 }, (_, i) => [parts[2 * i], parts[2 * i + 1].trim()]));
}

function metricsTable(text) {
  const rows = [...text.matchAll(/^# HELP (\S+) (.+)\n# TYPE \1 (\w+)$/gm)];
  return ['| metric | type | meaning |', '|---|---|---|', ...rows.map(([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |`)].join('\n');
}

async function served() {
  const redis = await startRedis();
  try {
    const bridge = await startBridge({ redis });
    const { text } = await request(bridge, '/metrics').finally(() => bridge.close());
    return metricsTable(text);
  } finally {
    await redis.close();
  }
}

// { name: Markdown }
export const tables = async () => ({ ...(await printed()), metrics: await served() });
