import { createHash } from 'node:crypto';
import dbus from 'dbus-next';
import { z } from 'zod';

// The other side of a Linux tray: the desktop's StatusNotifierWatcher, with which Electron registers its icons over the
// session bus, and the reading and clicking that a panel does. It needs a session bus without a desktop on it
// (`dbus-run-session`).

const watcherName = 'org.kde.StatusNotifierWatcher';
const itemInterface = 'org.kde.StatusNotifierItem';
const menuInterface = 'com.canonical.dbusmenu';
const registrationTimeoutMs = 15_000;
const clickAttempts = 3;

/** One line of the tray's menu. */
export interface TrayMenuEntry {
  readonly id: number;
  readonly label: string;
  readonly kind: 'entry' | 'separator';
  readonly enabled: boolean;
  readonly visible: boolean;
  /** Check boxes and radio buttons: whether it is on; undefined for a plain entry. */
  readonly checked?: boolean;
  readonly children: readonly TrayMenuEntry[];
}

/** The tray icon of one app, as a desktop panel meets it. */
export interface TrayItem {
  /** The icon's name or file path; empty when the app sends pixels only. */
  iconName(): Promise<string>;
  /** A digest of the icon's name and pixels: two icons that look different have different digests. */
  iconDigest(): Promise<string>;
  tooltip(): Promise<string>;
  /** The menu as it is now, at all depths. */
  menu(): Promise<readonly TrayMenuEntry[]>;
  /** Clicks the entry of that label, at any depth. Throws when there is none, or it is disabled. */
  click(label: string): Promise<void>;
  /** The click on the icon itself. */
  activate(): Promise<void>;
}

/** A desktop's tray host on the session bus. */
export interface TrayWatcher {
  /** The icon that registered last and whose app still lives, or the next one. Rejects after 15 s. */
  item(): Promise<TrayItem>;
  close(): void;
}

const variant = z.object({ value: z.unknown() }).transform((wrapped) => wrapped.value);
type MenuNode = [id: number, properties: Record<string, unknown>, children: MenuNode[]];
const menuNode: z.ZodType<MenuNode> = z.lazy(() =>
  z.tuple([z.number(), z.record(z.string(), variant), z.array(variant.pipe(menuNode))]),
);

class Watcher extends dbus.interface.Interface {
  readonly registered: string[] = [];
  readonly #onRegister: (service: string) => void;

  constructor(onRegister: (service: string) => void) {
    super(watcherName);
    this.#onRegister = onRegister;
  }

  get RegisteredStatusNotifierItems(): string[] {
    return this.registered;
  }

  get IsStatusNotifierHostRegistered(): boolean {
    return true;
  }

  get ProtocolVersion(): number {
    return 0;
  }

  RegisterStatusNotifierItem(service: string): void {
    this.registered.push(service);
    this.#onRegister(service);
  }

  // The interface has it; this watcher is its own host.
  RegisterStatusNotifierHost(_service: string): void {}
}
Watcher.configureMembers({
  properties: {
    RegisteredStatusNotifierItems: { signature: 'as', access: 'read' },
    IsStatusNotifierHostRegistered: { signature: 'b', access: 'read' },
    ProtocolVersion: { signature: 'i', access: 'read' },
  },
  methods: {
    RegisterStatusNotifierItem: { inSignature: 's', outSignature: '' },
    RegisterStatusNotifierHost: { inSignature: 's', outSignature: '' },
  },
});

function toEntry([id, properties, children]: MenuNode): TrayMenuEntry {
  const label = typeof properties['label'] === 'string' ? properties['label'] : '';
  return {
    id,
    // One underscore marks the next character as the access key, two stand for one.
    label: label.replaceAll(/_(.?)/gsu, '$1'),
    kind: properties['type'] === 'separator' ? 'separator' : 'entry',
    enabled: properties['enabled'] !== false,
    visible: properties['visible'] !== false,
    ...(properties['toggle-type'] ? { checked: properties['toggle-state'] === 1 } : {}),
    children: children.map(toEntry),
  };
}

function findEntry(entries: readonly TrayMenuEntry[], label: string): TrayMenuEntry | undefined {
  for (const entry of entries) {
    const found = entry.label === label ? entry : findEntry(entry.children, label);
    if (found) return found;
  }
  return undefined;
}

function trayItem(bus: dbus.MessageBus, destination: string): TrayItem {
  const itemPath = '/StatusNotifierItem';

  async function call(path: string, iface: string, member: string, signature: string, body: unknown[]) {
    const message = new dbus.Message({ destination, path, interface: iface, member, signature, body });
    const reply = await bus.call(message);
    return (reply?.body ?? []) as unknown[];
  }

  async function property<T>(name: string, schema: z.ZodType<T>): Promise<T> {
    const [value] = await call(itemPath, 'org.freedesktop.DBus.Properties', 'Get', 'ss', [itemInterface, name]);
    return schema.parse(variant.parse(value));
  }

  /** Chromium has the property only for desktops that want a name or a file rather than pixels. */
  async function iconName(): Promise<string> {
    return property('IconName', z.string()).catch((error: unknown) => {
      if (error instanceof dbus.DBusError) return '';
      throw error;
    });
  }

  async function menu(): Promise<readonly TrayMenuEntry[]> {
    const menuPath = await property('Menu', z.string());
    const [, layout] = await call(menuPath, menuInterface, 'GetLayout', 'iias', [0, -1, []]);
    return toEntry(menuNode.parse(layout)).children;
  }

  return {
    menu,
    iconName,
    async iconDigest() {
      const pixmaps = await property(
        'IconPixmap',
        z.array(z.tuple([z.number(), z.number(), z.instanceof(Uint8Array)])),
      );
      const hash = createHash('sha256').update(await iconName());
      for (const [width, height, pixels] of pixmaps) hash.update(`${width}x${height}`).update(pixels);
      return hash.digest('hex');
    },
    async tooltip() {
      // The tool tip is (icon name, icon pixels, title, text).
      const [, , title, text] = await property('ToolTip', z.tuple([z.string(), z.unknown(), z.string(), z.string()]));
      return title || text;
    },
    async click(label) {
      for (let attempt = 1; ; attempt += 1) {
        const entries = await menu();
        const entry = findEntry(entries, label);
        if (!entry)
          throw new Error(`the tray has no “${label}”, only ${entries.map((each) => each.label).join(' · ')}`);
        if (!entry.enabled) throw new Error(`“${label}” is disabled in the tray`);
        const menuPath = await property('Menu', z.string());
        try {
          await call(menuPath, menuInterface, 'Event', 'isvu', [entry.id, 'clicked', new dbus.Variant('s', ''), 0]);
          return;
        } catch (error) {
          // While files go up the menu is made anew twice a second; a panel, too, then asks for the new one.
          if (!(error instanceof dbus.DBusError) || attempt >= clickAttempts) throw error;
        }
      }
    },
    async activate() {
      await call(itemPath, itemInterface, 'Activate', 'ii', [0, 0]);
    },
  };
}

/** Takes the role of the desktop's tray host. Start it before the app. */
export async function startTrayWatcher(): Promise<TrayWatcher> {
  if (!process.env['DBUS_SESSION_BUS_ADDRESS']) {
    throw new Error('no session bus: run the test under dbus-run-session (npm run test:e2e does)');
  }
  const bus = dbus.sessionBus();
  let next = Promise.withResolvers<void>();
  let closed = false;
  const watcher = new Watcher(() => {
    next.resolve();
    next = Promise.withResolvers<void>();
  });
  bus.export('/StatusNotifierWatcher', watcher);
  const doNotQueue = 4;
  const primaryOwner = 1;
  if ((await bus.requestName(watcherName, doNotQueue)) !== primaryOwner) {
    bus.disconnect();
    throw new Error('this session bus already has a tray host: run the test under its own dbus-run-session');
  }

  /** An app that was killed leaves its registration behind, but not its name on the bus. */
  async function livingItem(): Promise<string | undefined> {
    for (const name of watcher.registered.toReversed()) {
      const message = new dbus.Message({
        destination: 'org.freedesktop.DBus',
        path: '/org/freedesktop/DBus',
        interface: 'org.freedesktop.DBus',
        member: 'NameHasOwner',
        signature: 's',
        body: [name],
      });
      const reply = await bus.call(message);
      if (reply?.body[0] === true) return name;
    }
    return undefined;
  }

  return {
    async item() {
      const signal = AbortSignal.timeout(registrationTimeoutMs);
      const tooLate = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error(`no tray icon registered within ${registrationTimeoutMs} ms`));
        });
      });
      // When an icon is there in time, nobody waits for this any more.
      tooLate.catch(() => undefined);
      for (;;) {
        const registration = next.promise;
        const name = await livingItem();
        if (name !== undefined) return trayItem(bus, name);
        await Promise.race([registration, tooLate]);
        if (closed) throw new Error('the tray watcher was closed');
      }
    },
    close() {
      closed = true;
      next.resolve();
      bus.disconnect();
    },
  };
}
