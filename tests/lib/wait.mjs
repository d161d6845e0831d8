// wait.mjs - wait for something to become true, with a deadline, and say what was missing when it did not.
// There is no other way to let time pass in this suite: a test never sleeps and hopes.

// Calls `condition` again and again until it gives something truthy, and gives that back.
// A condition that throws counts as "not yet"; what it threw last is part of the final message.
// `what` is a sentence, or a function that makes one at the end (so that it can say how far things came).
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

// Looks at `check` all the time for `ms` milliseconds. `check` throws if what must hold does not hold.
export async function holdsFor(ms, check, { every = 50 } = {}) {
  const end = Date.now() + ms;
  do {
    await check();
    await new Promise((resolve) => setTimeout(resolve, every));
  } while (Date.now() < end);
}

// Gives the promise's value, or throws after `deadline` ms.
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

// Calls `step(i)` for i = 0 … times-1, at an even pace: a publisher that speaks for a while, not all at once.
// A step that gives false is the last. Who is late hurries, but others have their turn between two steps.
export async function paced(times, everyMs, step) {
  const start = Date.now();
  for (let i = 0; i < times; i++) {
    const early = start + i * everyMs - Date.now();
    await new Promise((resolve) => (early > 0 ? setTimeout(resolve, early) : setImmediate(resolve)));
    if ((await step(i)) === false) return;
  }
}
