import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/pipeline/contract.js';
import { ANSWERS, type AsyncScenario, answer, drain, playAsync, type SeenRequest } from './provider.js';

const SENT = answer('sent');

/** A provider whose credentials run out at the given times; a renewal takes 50 ms and gives those that are good until the next. */
async function expiring(
  expiriesMs: readonly number[],
  latencyMs: (request: SeenRequest) => number = ({ index }) => 10 + (index % 64),
  scenario: Partial<AsyncScenario> = {},
) {
  const renewals: number[] = [];
  let generation = 0;
  const leftWith = new Map<SeenRequest, number>();
  const answers = (_: string, __: number, request: SeenRequest): Answer => {
    const expiryMs = expiriesMs[leftWith.get(request) ?? 0] ?? Number.POSITIVE_INFINITY;
    return request.atMs >= expiryMs ? ANSWERS.refresh : SENT;
  };
  const playing = await playAsync({
    messages: 2_000,
    answers,
    latencyMs(request) {
      leftWith.set(request, generation);
      return latencyMs(request);
    },
    refresh: () =>
      new Promise((resolve) => {
        renewals.push(playing.clock.monotonic());
        playing.clock.schedule(50, () => {
          generation++;
          resolve(true);
        });
      }),
    ...scenario,
  });
  return { ...playing, renewals };
}

test('many requests that are refused at once make one renewal and one repeat each, which is no attempt', async () => {
  const { clock, renewals, results, report, counts } = await expiring([200], undefined, { maxAttempts: 1 });
  await clock.advance(60_000);
  expect(renewals).toHaveLength(1);
  expect(report()).toEqual({ left: 0 });
  const logged = await drain(results);
  expect(logged.filter(({ outcome }) => outcome === 'sent')).toHaveLength(2_000);
  expect(logged.filter(({ attempts }) => attempts === 2).length).toBeGreaterThan(60);
  expect(logged.every(({ attempts }) => attempts <= 2)).toBe(true);
  expect(counts.attempts).toBe(logged.reduce((sum, { attempts }) => sum + attempts, 0));
});

test('a repeat with new credentials leaves every attempt for what else may fail', async () => {
  const script = [ANSWERS.refresh, ANSWERS.serverError, SENT];
  const { clock, results } = await playAsync({
    messages: 1,
    maxAttempts: 2,
    answers: (_, attempt) => script[attempt - 1] ?? SENT,
    refresh: async () => true,
  });
  await clock.advance(60_000);
  expect(await drain(results)).toMatchObject([{ outcome: 'sent', attempts: 3 }]);
});

test('a request that left before the renewal and is refused after it makes no other', async () => {
  const { clock, renewals, report } = await expiring([0], ({ index }) => (index === 0 ? 10 : 500), {
    messages: 2,
  });
  await clock.advance(60_000);
  expect(renewals).toEqual([10]);
  expect(report()).toEqual({ left: 0 });
});

test('credentials that ran out again after they had been accepted are renewed again', async () => {
  const { clock, renewals, report, stopped } = await expiring([200, 600, 900]);
  await clock.advance(60_000);
  expect(stopped()).toBeUndefined();
  expect(renewals).toHaveLength(3);
  expect(report()).toEqual({ left: 0 });
});

describe('the run ends for its credentials', () => {
  test.each([
    ['there are no others', async () => false, 1],
    ['the new ones are refused too', async () => true, 1],
    ['the channel cannot renew', undefined, 0],
  ])('when %s', async (_, renew, expected) => {
    let renewals = 0;
    const { clock, stopped, report, queue, results, provider } = await playAsync({
      messages: 1_000,
      concurrency: 16,
      answers: () => ANSWERS.refresh,
      ...(renew !== undefined && {
        refresh: () => {
          renewals++;
          return renew();
        },
      }),
    });
    await clock.advance(60_000);
    expect(stopped()).toMatchObject({ code: 'credentials' });
    expect(renewals).toBe(expected);
    expect(results.length).toBe(0);
    expect(provider.requests.length).toBeLessThanOrEqual(3 * 16);
    expect((report()?.left ?? 0) + queue.length).toBe(1_000);
  });

  test('when one message is refused with old and new ones while others are accepted', async () => {
    let renewals = 0;
    const { clock, stopped } = await playAsync({
      messages: 10_000,
      answers: (id) => (id === 'm7' ? ANSWERS.refresh : SENT),
      latencyMs: ({ ids }) => (ids[0] === 'm7' ? 100 : 10),
      refresh: async () => ++renewals > 0,
    });
    await clock.advance(60_000);
    expect(stopped()).toMatchObject({ code: 'credentials' });
    expect(renewals).toBe(1);
  });

  test('with the error of a renewal that fails', async () => {
    const { clock, stopped, report, queue } = await playAsync({
      messages: 100,
      answers: () => ANSWERS.refresh,
      refresh: () => Promise.reject(new Error('token endpoint says no')),
    });
    await clock.advance(60_000);
    expect(stopped()?.message).toContain('token endpoint says no');
    expect((report()?.left ?? 0) + queue.length).toBe(100);
  });
});
