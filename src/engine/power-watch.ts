import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How often the power supply is looked at, ms. */
const LOOK_EVERY_MS = 10_000;

const SUPPLIES = '/sys/class/power_supply';

/** One entry of Linux's power supply class (Documentation/ABI/testing/sysfs-class-power); null: not there. */
export interface PowerSupply {
  readonly type: string | null;
  /** `Device`: the battery of a mouse or a headset. */
  readonly scope: string | null;
  readonly online: string | null;
  readonly status: string | null;
}

/** Whether the machine runs on its battery now. A machine without one never does. */
export function runsOnBattery(supplies: readonly PowerSupply[]): boolean {
  const own = supplies.filter(({ scope }) => scope !== 'Device');
  const isPluggedIn = own.some(({ type, online }) => type !== 'Battery' && type !== 'UPS' && online === '1');
  if (isPluggedIn) return false;
  return own.some(({ type, status }) => (type === 'Battery' || type === 'UPS') && status === 'Discharging');
}

/** What stands under `directory`; nothing where the system has no such place. */
export function readSupplies(directory = SUPPLIES): readonly PowerSupply[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names.map((name) => {
    const fact = (file: string) => {
      try {
        return readFileSync(join(directory, name, file), 'utf8').trim();
      } catch {
        return null;
      }
    };
    return { type: fact('type'), scope: fact('scope'), online: fact('online'), status: fact('status') };
  });
}

/**
 * Tells when the machine goes on battery and off it, at once for what holds now. For hosts that don't tell themselves; on
 * systems other than Linux nothing is known, and nothing is told. Returns what stops it.
 */
export function watchPower(onChange: (onBattery: boolean) => void, read: () => readonly PowerSupply[]): () => void {
  let known: boolean | null = null;
  const look = () => {
    const now = runsOnBattery(read());
    if (now === known) return;
    known = now;
    onChange(now);
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
