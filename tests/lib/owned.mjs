// owned.mjs - close what a test has started.

// Closes everything, newest first; returns the first error, or undefined.
export async function closeAll(owned) {
  let failure;
  for (const thing of owned.reverse()) {
    try {
      await thing.close();
    } catch (error) {
      failure ??= error;
    }
  }
  return failure;
}
