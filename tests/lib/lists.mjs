// lists.mjs - compare long lists with a readable failure: the first difference, not a thousand lines.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

export function assertSameList(actual, expected, what = 'the list') {
  if (isDeepStrictEqual(actual, expected)) return;
  const length = Math.max(actual.length, expected.length);
  let at = 0;
  while (at < length && at in actual && at in expected && isDeepStrictEqual(actual[at], expected[at])) at++;
  const part = (list) => JSON.stringify(list.slice(Math.max(0, at - 2), at + 6));
  assert.fail(
    `${what}: the first difference is at index ${at}: got …${part(actual)}… of ${actual.length}, ` +
      `expected …${part(expected)}… of ${expected.length}`,
  );
}

// Increasing numbers as a short text: [1, 2, 3, 7] → "1-3, 7".
export function asRanges(list) {
  const ranges = [];
  for (const n of list) {
    if (ranges.at(-1)?.[1] === n - 1) ranges.at(-1)[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
