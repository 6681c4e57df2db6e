import { afterEach, expect, it } from 'vitest';
import { statusView } from '../../../src/engine/status-view.ts';
import { statusShape } from '../../../src/protocol/shapes.ts';
import { deskConfig, makeDesk } from '../../support/desk.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { eventTypes, makeOutbox, must, reread } from '../../support/outbox.ts';

/** Loses what it was asked to call soon: the wake-up that a bug loses. */
class ForgetfulClock extends ManualClock {
  forgets = false;
  override defer(callback: () => void): void {
    if (!this.forgets) super.defer(callback);
  }
}

const config = deskConfig(`
device: laptop
providers:
  crm: { baseUrl: "https://crm.example.com" }
`);

let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

it('P11: an engine whose queue sleeps wakes itself, and tells it in the history and the status', async () => {
  const clock = new ForgetfulClock();
  const outbox = makeOutbox({ clock });
  const { core, desk, fatal, handlers } = makeDesk(config, outbox);
  const settle = async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.runDeferred();
    }
  };
  core.start();
  stop = async () => {
    const stopped = core.stop();
    await settle();
    clock.advance(10_000);
    await settle();
    await stopped;
  };
  await settle();
  clock.forgets = true;
  const call = must(outbox.repos.operations.byId((await handlers.call({ method: 'GET', target: 'crm:/x' })).id));
  clock.forgets = false;
  core.wake();
  await settle();
  expect(reread(outbox, call).state, 'nothing woke it').toBe('pending');
  for (let passed = 0; passed < 90_000; passed += 10_000) {
    clock.advance(10_000);
    await settle();
  }
  expect(reread(outbox, call).startedAt).not.toBeNull();
  expect(eventTypes(outbox, call).slice(0, 3)).toEqual(['queued', 'watchdog', 'started']);
  const status = statusView(core, desk.facts, [], clock.now());
  expect(status.alarms).toEqual([expect.objectContaining({ operationId: call.id })]);
  expect(statusShape.parse(status).alarms).toHaveLength(1);
  expect((await handlers.show({ id: call.id })).events.map(({ type }) => type)).toContain('watchdog');
  expect(fatal).toEqual([]);
});
