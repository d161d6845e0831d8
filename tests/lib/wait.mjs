// wait.mjs - wait for a condition, with a deadline, and report what was missing if it is not met in time.
// Tests let time pass only in these ways: they never sleep for a while and hope that something has happened.

// Calls `condition` every `every` ms until it returns something truthy, and returns that. Throws after `deadline` ms.
// A condition that throws counts as "not yet"; its last error is part of the final message.
// `what` names what is awaited: text, or a function that returns text at the end (so that it can report the progress).
export async function waitFor(condition, { deadline = 10_000, every = 10, what = 'the condition' } = {}) {
  const start = Date.now();
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() - start >= deadline) {
      const story = typeof what === 'function' ? what() : what;
      throw new Error(`waited ${deadline} ms in vain for ${story}` + (last ? ` (last: ${last.message})` : ''));
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

// Calls `check` every `every` ms for `ms` milliseconds. `check` throws if what must hold does not hold.
export async function holdsFor(ms, check, { every = 50 } = {}) {
  const end = Date.now() + ms;
  do {
    await check();
    await new Promise((resolve) => setTimeout(resolve, every));
  } while (Date.now() < end);
}

// Resolves to the promise's value, or rejects after `deadline` ms.
export async function within(deadline, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadline} ms in vain for ${what}`)), deadline);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// Calls `step(i)` for i = 0 … times-1, at an even pace of one every `everyMs`. A step that returns false is the last.
// If it is late it catches up, but yields to the event loop between two steps.
export async function paced(times, everyMs, step) {
  const start = Date.now();
  for (let i = 0; i < times; i++) {
    const early = start + i * everyMs - Date.now();
    await new Promise((resolve) => (early > 0 ? setTimeout(resolve, early) : setImmediate(resolve)));
    if ((await step(i)) === false) return;
  }
}
