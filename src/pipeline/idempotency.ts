import { hash } from 'node:crypto';
import { jsonText } from '../yson/json-text.js';
import type { Message } from './record.js';

/**
 * The key by which a provider recognises a repeat: a digest of what makes the message this one (operation, run,
 * channel, id, position), never of the attempt, the shard or the host. 43 characters, URL-safe.
 */
export function idempotencyKey(
  operation: string,
  runId: string,
  channel: string,
  messageId: string,
  position: number,
): string {
  if (operation !== known.operation || runId !== known.runId || channel !== known.channel) {
    const prefix = JSON.stringify([operation, runId, channel]).slice(0, -1);
    known = { operation, runId, channel, prefix };
  }
  return hash('sha256', `${known.prefix},${jsonText(messageId)},${position}]`, 'base64url');
}

/** How the text of the last key begins: all messages of a run begin alike. */
let known = { operation: '', runId: '', channel: '', prefix: '["","",""' };

/** The key of a request that carries many messages: the same for a repeat of the unchanged batch, another for any other. */
export function batchIdempotencyKey(
  operation: string,
  runId: string,
  channel: string,
  messages: readonly Message[],
): string {
  const identities = messages.map(({ id, position }) => [id, position]);
  return hash('sha256', JSON.stringify([operation, runId, channel, identities]), 'base64url');
}
