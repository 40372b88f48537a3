/** Runs a task for every item, in order, `count` at a time; rejects with the first error once the running ones have ended. */
export async function inParallel<Item>(
  count: number,
  items: readonly Item[],
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const errors: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const item of queue) {
      if (errors.length > 0) return;
      try {
        await task(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  if (errors.length > 0) throw errors[0];
}
