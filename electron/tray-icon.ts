import path from 'node:path';
import { Menu, nativeImage, Tray, type MenuItemConstructorOptions, type NativeImage } from 'electron';
import { iconName, trayLook } from './tray-look.ts';
import { summaryLine, trayMenu, type TrayAction, type TrayMenuItem, type TrayModel } from './tray-menu.ts';

/** Menus that change under the pointer are hard to hit, and each change is a round trip to the panel. */
const redrawAfterMs = 500;

/** The icon in the system's tray: shows what `model` says, at most twice a second, and only what has changed. */
export class TrayIcon {
  readonly #tray: Tray;
  readonly #iconDir: string;
  readonly #model: () => TrayModel;
  readonly #act: (action: TrayAction) => void;
  readonly #images = new Map<string, NativeImage>();
  #shownIcon = '';
  #shownMenu = '';
  #shownTooltip = '';
  #timer: NodeJS.Timeout | null = null;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(iconDir: string, model: () => TrayModel, act: (action: TrayAction) => void) {
    this.#iconDir = iconDir;
    this.#model = model;
    this.#act = act;
    this.#tray = new Tray(this.#image('idle'));
    // macOS opens the menu on a click; elsewhere the click is for the window.
    if (process.platform !== 'darwin') this.#tray.on('click', () => act({ kind: 'open-window' }));
    this.#draw();
  }

  /** Something changed. */
  refresh(): void {
    // The first change shows at once, together with what else changes in the same breath.
    const delayMs = Math.max(0, this.#drawnAtMs + redrawAfterMs - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#draw();
    }, delayMs);
  }

  destroy(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#tray.destroy();
  }

  #draw(): void {
    if (this.#tray.isDestroyed()) return;
    this.#drawnAtMs = performance.now();
    const model = this.#model();
    const icon = iconName(trayLook(model));
    if (icon !== this.#shownIcon) this.#tray.setImage(this.#image(icon));
    this.#shownIcon = icon;

    const tooltip = `Longshore – ${summaryLine(model)}`;
    if (tooltip !== this.#shownTooltip) this.#tray.setToolTip(tooltip);
    this.#shownTooltip = tooltip;

    const items = trayMenu(model);
    const menu = JSON.stringify(items);
    if (menu === this.#shownMenu) return;
    this.#shownMenu = menu;
    this.#tray.setContextMenu(Menu.buildFromTemplate(items.map((item) => this.#template(item))));
  }

  #template(item: TrayMenuItem): MenuItemConstructorOptions {
    switch (item.kind) {
      case 'separator':
        return { type: 'separator' };
      case 'line':
        return { label: literal(item.label), enabled: false };
      case 'submenu':
        return { label: literal(item.label), submenu: item.items.map((each) => this.#template(each)) };
      case 'action':
        return { label: literal(item.label), click: () => this.#act(item.action) };
    }
  }

  #image(name: string): NativeImage {
    const kept = this.#images.get(name);
    if (kept) return kept;
    const template = process.platform === 'darwin' ? 'Template' : '';
    // The picture for fine screens, "@2x", is found by its name.
    const image = nativeImage.createFromPath(path.join(this.#iconDir, `${name}${template}.png`));
    this.#images.set(name, image);
    return image;
  }
}

/** An ampersand marks an access key in a label; a file name means it as it stands. */
function literal(label: string): string {
  return label.replaceAll('&', '&&');
}
