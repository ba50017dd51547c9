import { describe, expect, test } from 'vitest';
import { ANSWERS, answer, drain, playAsync } from './provider.js';

const SENT = answer('sent');

test('until the first message is sent twenty are in flight, then as many as declared', async () => {
  const { clock, provider, report } = await playAsync({ messages: 1_000, concurrency: 64, latencyMs: 100 });
  await clock.advance(99);
  expect(provider.inFlight).toBe(20);
  await clock.advance(10);
  expect(provider.inFlight).toBe(64);
  await clock.advance(60_000);
  expect(report()).toEqual({ left: 0 });
});

describe('the run stops as wrongly configured', () => {
  test.each([
    ['rejected', ANSWERS.refused],
    ['retried for a status that nobody listed', ANSWERS.unlisted],
  ])('when the first twenty answers are alike, all %s', async (_, refusal) => {
    const { clock, provider, stopped, report, results, queue } = await playAsync({
      messages: 10_000,
      concurrency: 64,
      answers: () => refusal,
    });
    await clock.advance(60_000);
    expect(stopped()).toMatchObject({ code: 'configuration' });
    expect(stopped()?.message).toContain(
      `the first 20 answers of the provider were all ${refusal.errorCode}`,
    );
    expect(provider.requests.length).toBeLessThanOrEqual(20 + 19);
    const logged = (await drain(results)).length;
    expect(logged + (report()?.left ?? 0) + queue.length).toBe(10_000);
  });

  test('whatever else says nothing of what was sent, in between', async () => {
    const between = [ANSWERS.serverError, ANSWERS.unreachable, ANSWERS.throttled];
    const { clock, stopped } = await playAsync({
      messages: 1_000,
      answers: (_, __, { index }) => (index % 4 === 3 ? ANSWERS.refused : (between[index % 4] ?? SENT)),
    });
    await clock.advance(60_000);
    expect(stopped()).toMatchObject({ code: 'configuration' });
  });
});

describe('the run goes on', () => {
  test.each([
    ['nineteen alike and a first one sent', (index: number) => (index < 19 ? ANSWERS.refused : SENT)],
    ['one sent at the very beginning', (index: number) => (index === 0 ? SENT : ANSWERS.refused)],
    ['refusals of two kinds', (index: number) => (index === 7 ? ANSWERS.unlisted : ANSWERS.refused)],
    [
      'refusals with two codes',
      (index: number) => (index === 7 ? { ...ANSWERS.refused, errorCode: 'http_404' } : ANSWERS.refused),
    ],
    ['server errors', () => ANSWERS.serverError],
    ['network errors', () => ANSWERS.unreachable],
    ['throttling', () => ANSWERS.throttled],
    ['rows that make no request', () => answer('rejected', { errorCode: 'unsendable_row' })],
  ])('after %s', async (_, answerTo) => {
    const { clock, stopped, report } = await playAsync({
      messages: 200,
      concurrency: 16,
      breakerFailures: 0,
      giveUpAfterMs: 3_600_000,
      answers: (__, ___, { index }) => answerTo(index),
    });
    await clock.advance(5_000_000);
    expect(stopped()).toBeUndefined();
    expect(report()).toEqual({ left: 0 });
  });

  test('and refusals of many kinds do not lift the limit of twenty; a late first sent does', async () => {
    const { clock, provider } = await playAsync({
      messages: 2_000,
      concurrency: 64,
      answers: (_, __, { index }) =>
        index < 500 ? { ...ANSWERS.refused, errorCode: `http_40${index % 5}` } : SENT,
    });
    await clock.advance(200);
    expect(provider.requests.length).toBeGreaterThan(100);
    expect(provider.mostInFlight).toBe(20);
    await clock.advance(1_000);
    expect(provider.mostInFlight).toBe(64);
  });
});
