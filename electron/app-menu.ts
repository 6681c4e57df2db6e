import { app, Menu, type MenuItemConstructorOptions } from 'electron';
import type { Words } from './words.ts';

/** Little more than the shortcuts that people expect. Reload and developer tools are for developers only. */
export function installAppMenu(words: Words): void {
  const developer: MenuItemConstructorOptions[] = app.isPackaged
    ? []
    : [{ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' }];
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? ([{ role: 'appMenu' }] as const) : []),
    {
      label: words.menu.file,
      submenu: [
        { label: words.menu.close, role: 'close' },
        ...(process.platform === 'darwin'
          ? []
          : ([{ type: 'separator' }, { label: words.quit, role: 'quit', accelerator: 'CommandOrControl+Q' }] as const)),
      ],
    },
    { label: words.menu.edit, role: 'editMenu' },
    {
      label: words.menu.view,
      submenu: [{ role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }, ...developer],
    },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
