// gauge.mjs - what processes and Redis have used, as counted by the kernel and by Redis.
import fs from 'node:fs';

const read = (file) => fs.readFileSync(file, 'latin1');

// Resident bytes.
export const residentBytes = (pid) => Number(read(`/proc/${pid}/smaps_rollup`).match(/^Rss:\s+(\d+) kB/m)[1]) * 1024;

// The most bytes that were resident since peakClear.
export const peakBytes = (pid) => Number(read(`/proc/${pid}/status`).match(/^VmHWM:\s+(\d+) kB/m)[1]) * 1024;
export const peakClear = (pid) => fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');

// CPU time in nanoseconds, of all its threads.
export function cpuNs(pid) {
  const tasks = fs.readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]), 0);
}

export function socketCount(pid) {
  const folder = `/proc/${pid}/fd`;
  return fs.readdirSync(folder).filter((fd) => {
    try {
      return fs.readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

// Memory that all TCP sockets of this machine hold in the kernel.
export const kernelBytes = () => Number(read('/proc/net/sockstat').match(/^TCP:.* mem (\d+)/m)[1]) * 4096;

export const nameOf = (pid) => read(`/proc/${pid}/comm`).trim();

// How often Redis has read a log, and executed a function. Commands inside functions count, too.
export async function redisReads(redis) {
  const text = await redis.call('INFO', 'commandstats');
  const calls = (name) => Number(text.match(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm'))?.[1] ?? 0);
  return { ranges: calls('xrange') + calls('xrevrange'), functions: calls('fcall') + calls('fcall_ro') };
}
