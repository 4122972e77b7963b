/**
 * Several streams as one.
 *
 * @module
 */

/** Yields what any of the streams yields, as it comes. Where one fails, the others are ended first. */
export async function* merge<T>(streams: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const next = (stream: AsyncGenerator<T>) => stream.next().then((result) => ({ stream, result }));
  const waiting = new Map(streams.map((stream) => [stream, next(stream)]));
  try {
    while (waiting.size > 0) {
      const { stream, result } = await Promise.race(waiting.values());
      if (result.done) {
        waiting.delete(stream);
      } else {
        waiting.set(stream, next(stream));
        yield result.value;
      }
    }
  } finally {
    await Promise.allSettled([...waiting].flatMap(([stream, step]) => [step, stream.return(undefined)]));
  }
}
