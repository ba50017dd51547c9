import type { Answer, Channel } from '../pipeline/contract.js';
import type { Delivery } from './delivery.js';

/**
 * Renews the channel's credentials when the provider says that they have run out: once for all who ask, however late
 * they hear of it. New ones that are refused before anything was accepted with them are not renewed again, nor are
 * those that a repeated message was refused with: then a person has to mend them.
 */
export class Credentials {
  readonly #renew: (() => Promise<boolean>) | undefined;
  #generation = 0;
  /** Whether the provider has accepted the present ones; the first ones are given the benefit of the doubt. */
  #wereAccepted = true;
  #renewing: Promise<boolean> | undefined;

  constructor(channel: Channel) {
    this.#renew = channel.refresh?.bind(channel);
  }

  /** Takes note that a message leaves with the present credentials. */
  leaves(delivery: Delivery): void {
    delivery.generation = this.#generation;
  }

  /** Takes note of an answer other than `refresh`. */
  answered(delivery: Delivery, { class: answerClass }: Answer): void {
    delivery.isRenewed = false;
    const isAccepted = answerClass === 'sent' || answerClass === 'rejected';
    if (isAccepted && delivery.generation === this.#generation) this.#wereAccepted = true;
  }

  /** After a `refresh` answer: whether the message may go again, with credentials that are new to it. */
  async renewFor(delivery: Delivery): Promise<boolean> {
    if (delivery.isRenewed || this.#renew === undefined) return false;
    if (delivery.generation === this.#generation) {
      if (this.#renewing === undefined && !this.#wereAccepted) return false;
      this.#renewing ??= this.#renewNow(this.#renew);
      if (!(await this.#renewing)) return false;
    }
    delivery.isRenewed = true;
    return true;
  }

  async #renewNow(renew: () => Promise<boolean>): Promise<boolean> {
    try {
      const areNew = await renew();
      if (areNew) this.#generation++;
      this.#wereAccepted = false;
      return areNew;
    } finally {
      this.#renewing = undefined;
    }
  }
}
