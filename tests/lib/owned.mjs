// What a test started, and has to end.

// Closes all, newest first; gives the first thing that went wrong.
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
