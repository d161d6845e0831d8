// position.mjs - positions, <ms>-<seq>: the ids of SSE events, strictly increasing over all channels.

export const POSITION = /^\d+-\d+$/;

export function comparePositions(a, b) {
  const [aMs, aSeq] = a.split('-').map(BigInt);
  const [bMs, bSeq] = b.split('-').map(BigInt);
  if (aMs !== bMs) return aMs < bMs ? -1 : 1;
  if (aSeq !== bSeq) return aSeq < bSeq ? -1 : 1;
  return 0;
}

export function areIncreasing(positions) {
  return positions.every((position, i) => i === 0 || comparePositions(positions[i - 1], position) < 0);
}

// The numbers from `first` to `last` as strings: payloads whose order and completeness are easy to check.
export function numbers(first, last) {
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
}
