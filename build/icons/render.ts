// `npm run icons`: the application icon at every size that a system asks for, from its one drawing.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Resvg } from '@resvg/resvg-js';

const sizesPx = [16, 24, 32, 48, 64, 128, 256, 512];

const svg = await readFile(path.join(import.meta.dirname, 'icon.svg'), 'utf8');
for (const sizePx of sizesPx) {
  const png = new Resvg(svg, { fitTo: { mode: 'width', value: sizePx } }).render().asPng();
  // The name is what electron-builder looks for in a directory of icons.
  await writeFile(path.join(import.meta.dirname, `${sizePx}x${sizePx}.png`), png);
}
