import { executionAsyncResource } from 'node:async_hooks';

const kept: object[] = [];

/**
 * Keeps `process.nextTick` fast for the life of the process; called once, as early as can be.
 *
 * Node makes an object for each call, and a socket calls it twice an answer. V8 forgets the shape of objects once a full
 * collection finds none of them, and then what makes them takes the slow way for good, which costs 0.7 µs a message. The
 * first full collection comes while modules are loaded, when no tick waits. So one of these objects is kept: nothing is
 * asked of it.
 */
export function keepTickShape(): void {
  process.nextTick(() => {
    kept.push(executionAsyncResource());
  });
}
