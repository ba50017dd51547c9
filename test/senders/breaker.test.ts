import { describe, expect, test } from 'vitest';
import { Breaker } from '../../src/senders/breaker.js';
import { ANSWERS, answer, drain, playAsync } from './provider.js';

const SENT = answer('sent');
const OPTIONS = { failures: 3, pauseMs: 1_000, maxPauseMs: 5_000 };

/** A breaker that has just opened, at 0. */
function opened(): Breaker {
  const breaker = new Breaker(OPTIONS);
  const { stateNumber } = breaker.pass();
  expect([1, 2, 3].map(() => breaker.down(stateNumber, 0))).toEqual([false, false, true]);
  return breaker;
}

describe('a breaker', () => {
  test('stays closed when a sign of life comes between the failures', () => {
    const breaker = new Breaker(OPTIONS);
    for (let round = 0; round < 10; round++) {
      const { stateNumber } = breaker.pass();
      expect(breaker.down(stateNumber, 0)).toBe(false);
      expect(breaker.down(stateNumber, 0)).toBe(false);
      breaker.up();
    }
    expect(breaker.delayMs(0)).toBe(0);
  });

  test('never opens when it is to do so after 0 failures', () => {
    const breaker = new Breaker({ ...OPTIONS, failures: 0 });
    for (let count = 0; count < 100; count++) expect(breaker.down(breaker.pass().stateNumber, 0)).toBe(false);
    expect(breaker.delayMs(0)).toBe(0);
  });

  test('lets one probe at a time pass, after pauses that double up to the longest', () => {
    const breaker = opened();
    let nowMs = 0;
    for (const pauseMs of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      expect(breaker.delayMs(nowMs)).toBe(pauseMs);
      nowMs += pauseMs;
      expect(breaker.delayMs(nowMs)).toBe(0);
      const { stateNumber, isProbe } = breaker.pass();
      expect(isProbe).toBe(true);
      expect(breaker.delayMs(nowMs)).toBe(Number.POSITIVE_INFINITY);
      expect(breaker.down(stateNumber, nowMs)).toBe(false);
    }
    expect(breaker.downForMs(nowMs)).toBe(17_000);
  });

  test('closes on an answer to the probe, and begins anew with the shortest pause', () => {
    const breaker = opened();
    breaker.down(breaker.pass().stateNumber, 1_000);
    breaker.up();
    expect(breaker.delayMs(1_000)).toBe(0);
    const { stateNumber, isProbe } = breaker.pass();
    expect(isProbe).toBe(false);
    for (let count = 0; count < 3; count++) breaker.down(stateNumber, 2_000);
    expect(breaker.delayMs(2_000)).toBe(1_000);
    expect(breaker.downForMs(3_000)).toBe(1_000);
  });

  test('is not held open longer, nor opened again, by late answers to requests from before', () => {
    const breaker = new Breaker(OPTIONS);
    const early = breaker.pass().stateNumber;
    for (let count = 0; count < 3; count++) breaker.down(early, 0);
    for (let count = 0; count < 10; count++) breaker.down(early, 500);
    expect(breaker.delayMs(500)).toBe(500);
    const probe = breaker.pass();
    breaker.down(early, 1_000);
    expect(breaker.delayMs(1_000), 'the probe is still under way').toBe(Number.POSITIVE_INFINITY);
    breaker.up();
    for (let count = 0; count < 10; count++) breaker.down(early, 1_100);
    breaker.down(probe.stateNumber, 1_100);
    expect(breaker.delayMs(1_100)).toBe(0);
  });

  test('closes on a late sign of life, and the probe that was under way is no probe of the next time', () => {
    const breaker = opened();
    const probe = breaker.pass();
    breaker.up();
    const { stateNumber } = breaker.pass();
    for (let count = 0; count < 3; count++) breaker.down(stateNumber, 1_000);
    breaker.down(probe.stateNumber, 1_500);
    expect(breaker.delayMs(1_500)).toBe(500);
    expect(breaker.pass().isProbe).toBe(true);
  });

  test('takes another probe at once for one that did not leave', () => {
    const breaker = opened();
    breaker.withdraw(breaker.pass().stateNumber);
    expect(breaker.delayMs(1_000)).toBe(0);
    expect(breaker.pass().isProbe).toBe(true);
  });
});

describe('a provider that is down', () => {
  test.each([
    ['refuses connections', ANSWERS.unreachable, 0],
    ['answers 503', ANSWERS.serverError, 5],
    ['lets requests run into their timeout', ANSWERS.unreachable, 15_000],
  ])(
    'for 30 s in the middle of a run and %s costs no message, with default settings',
    async (_, down, latencyMs) => {
      const isDown = (atMs: number) => atMs >= 2_000 && atMs < 32_000;
      const { clock, provider, results, report, counts, run } = await playAsync({
        messages: 20_000,
        answers: (__, ___, { atMs }) => (isDown(atMs) ? down : SENT),
        latencyMs: ({ atMs }) => (isDown(atMs) ? latencyMs : 20),
      });
      await clock.advance(120_000);
      expect(report()).toEqual({ left: 0 });
      const logged = await drain(results);
      expect(logged).toHaveLength(20_000);
      expect(logged.every(({ outcome }) => outcome === 'sent')).toBe(true);
      expect(counts.retries).toBeLessThanOrEqual(2 * 64 + 5);
      expect(provider.requests.at(-1)?.atMs, 'it is noticed soon that the provider is back').toBeLessThan(
        60_000,
      );
      expect(run.warnings).toEqual([expect.stringContaining('the provider is down')]);
    },
  );

  test('is probed by single requests', async () => {
    const { clock, provider } = await playAsync({
      messages: 1_000,
      answers: () => ANSWERS.unreachable,
      breakerFailures: 20,
    });
    await clock.advance(30);
    const before = provider.requests.length;
    expect(before).toBeLessThanOrEqual(20 + 19);
    await clock.advance(120_000);
    const pauses = provider.requests
      .slice(before - 1)
      .map(({ atMs }, index, all) => atMs - (all[index - 1]?.atMs ?? 0));
    expect(pauses.slice(2).map((pauseMs) => Math.round(pauseMs / 1_000))).toEqual([2, 4, 8, 16, 30, 30]);
    for (const { inFlight } of provider.requests.slice(before)) expect(inFlight).toBe(1);
  });

  test('longer than max_elapsed, and probed more often than max_attempts, costs the message nothing', async () => {
    const { clock, provider, results } = await playAsync({
      messages: 1,
      answers: (_, __, { atMs }) => (atMs < 200_000 ? ANSWERS.unreachable : SENT),
      breakerFailures: 1,
      maxAttempts: 2,
      maxElapsedMs: 5_000,
    });
    await clock.advance(400_000);
    expect(provider.requests.length).toBeGreaterThan(8);
    expect(await drain(results)).toMatchObject([{ outcome: 'sent', attempts: provider.requests.length }]);
  });

  test('for give_up_after ends the run as unavailable; nothing is failed, all is left', async () => {
    const { clock, stopped, report, results, queue } = await playAsync({
      messages: 1_000,
      answers: () => ANSWERS.unreachable,
      giveUpAfterMs: 120_000,
    });
    await clock.advance(119_000);
    expect(stopped()).toBeUndefined();
    await clock.advance(40_000);
    expect(stopped()).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(results.length).toBe(0);
    expect((report()?.left ?? 0) + queue.length).toBe(1_000);
  });

  test('and comes back with a refusal is up', async () => {
    const { clock, report, results } = await playAsync({
      messages: 100,
      answers: (_, __, { atMs }) =>
        atMs === 0 ? SENT : atMs < 5_000 ? ANSWERS.serverError : ANSWERS.refused,
      concurrency: 16,
    });
    await clock.advance(60_000);
    expect(report()).toEqual({ left: 0 });
    expect((await drain(results)).map(({ outcome }) => outcome)).toContain('rejected');
  });

  test('is not thought to be up because a row makes no request', async () => {
    const { clock, report, results } = await playAsync({
      messages: 200,
      concurrency: 1,
      breakerFailures: 3,
      // In doubt, so that new messages are the probes; of those every other makes no request.
      answers(id, _, { atMs }) {
        const number = Number(id.slice(1));
        if (number >= 3 && number % 2 === 1) return answer('rejected', { errorCode: 'unsendable_row' });
        return atMs < 20_000 ? answer('in-doubt', { errorCode: 'UND_ERR_SOCKET' }) : SENT;
      },
    });
    await clock.advance(120_000);
    expect(report()).toEqual({ left: 0 });
    const unknown = (await drain(results)).filter(({ outcome }) => outcome === 'unknown');
    expect(unknown.length, 'three that opened it, and the probes after 1, 3, 7 and 15 s').toBe(3 + 4);
  });
});
