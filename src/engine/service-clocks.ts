import type { Clock, EpochMs, ServiceSign } from '../core/ports.ts';
import { signingCorrectionMs, SkewMeter } from '../resilience/skew-meter.ts';

/** How far the clocks of the destinations are from ours, learnt from their replies. */
export class ServiceClocks {
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly #meters = new Map<string, SkewMeter>();

  constructor(clock: Pick<Clock, 'now' | 'monotonicMs'>) {
    this.#clock = clock;
  }

  heard(destination: string, sign: ServiceSign): void {
    this.#meter(destination).add(sign);
  }

  /** The service's clock minus ours, ms; null while nothing is known. */
  skewMs(destination: string): number | null {
    return this.#meters.get(destination)?.skewMs() ?? null;
  }

  /**
   * The time as the service has it: what requests are signed with. Ours, until it is known to be wrong by more than the
   * measuring can be.
   */
  clockOf(destination: string): { now(): EpochMs } {
    return { now: () => this.#clock.now() + signingCorrectionMs(this.skewMs(destination)) };
  }

  #meter(destination: string): SkewMeter {
    const known = this.#meters.get(destination);
    if (known !== undefined) return known;
    const made = new SkewMeter(this.#clock);
    this.#meters.set(destination, made);
    return made;
  }
}
