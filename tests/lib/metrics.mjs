// metrics.mjs - GET /metrics, parsed.
import { request } from './http.mjs';

// All samples by name, labels included: Map { 'redis_bridge_connections' => 3, … }.
export async function metrics(bridge) {
  const { status, text } = await request(bridge, '/metrics');
  if (status !== 200) throw new Error(`/metrics answered ${status}`);
  const samples = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]));
}

// One sample, by its name without the prefix "redis_bridge_".
export async function metric(bridge, name) {
  const value = (await metrics(bridge)).get(`redis_bridge_${name}`);
  if (value === undefined) throw new Error(`there is no metric ${name}`);
  return value;
}
