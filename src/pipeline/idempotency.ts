import { hash } from 'node:crypto';

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
  return hash('sha256', JSON.stringify([operation, runId, channel, messageId, position]), 'base64url');
}
