// report.mjs - prints a line for each promise and figure as it comes, and keeps all of them for the JSON file.
export class Report {
  constructor() {
    this.entries = [];
    this.scenario = '';
  }

  // What must hold. A broken one makes the run fail.
  promise(what, holds, detail = '') {
    this.#add({ kind: 'promise', what, holds: Boolean(holds), detail });
    console.log(`${holds ? 'ok    ' : 'BROKEN'} ${this.scenario.padEnd(22)} ${what}${detail ? `: ${detail}` : ''}`);
  }

  // A measured value that is worth knowing; no bound is promised.
  figure(what, value, unit = '') {
    this.#add({ kind: 'figure', what, value, unit });
    console.log(`       ${this.scenario.padEnd(22)} ${what}: ${show(value)}${unit && ` ${unit}`}`);
  }

  #add(entry) {
    this.entries.push({ scenario: this.scenario, ...entry });
  }

  get broken() {
    return this.entries.filter((entry) => entry.kind === 'promise' && !entry.holds);
  }
}

export function show(value) {
  if (typeof value !== 'number') return String(value);
  return value.toLocaleString('en', {
    maximumFractionDigits: Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0,
  });
}

export const ms = (ns) => ns / 1e6;
export const kib = (bytes) => bytes / 1024;
export const mib = (bytes) => bytes / 1024 / 1024;
