// `node electron/icons/render.ts`: the tray's icons, drawn once and committed. Coloured ones for Linux and Windows, black
// on nothing for macOS, which tints them itself.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Resvg } from '@resvg/resvg-js';

interface Picture {
  readonly name: string;
  /** What is drawn in the middle, in a box of 24 by 24, with `INK` for its colour. */
  readonly glyph: string;
  readonly color: string;
  /** How much of the ring is drawn, 0 to 1; undefined for a full disc. */
  readonly ring?: number;
}

const arrow =
  '<path d="M12 7.4v9.4M8 11.4l4-4 4 4" fill="none" stroke="INK" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>';
const check =
  '<path d="m6.9 12.4 3.5 3.5 6.7-7.3" fill="none" stroke="INK" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/>';
const bars = '<path d="M9.2 7.6v8.8M14.8 7.6v8.8" fill="none" stroke="INK" stroke-width="2.8" stroke-linecap="round"/>';
const mark =
  '<path d="M12 6.2v7.2" fill="none" stroke="INK" stroke-width="2.9" stroke-linecap="round"/><circle cx="12" cy="17.6" r="1.75" fill="INK"/>';
const slash = '<path d="m7.4 16.6 9.2-9.2" fill="none" stroke="INK" stroke-width="2.6" stroke-linecap="round"/>';

const eighths = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const pictures: readonly Picture[] = [
  { name: 'idle', glyph: check, color: '#0f7f86' },
  { name: 'paused', glyph: bars, color: '#6b7280' },
  { name: 'attention', glyph: mark, color: '#d97706' },
  { name: 'offline', glyph: slash, color: '#6b7280' },
  ...eighths.map((count) => ({ name: `syncing-${count}`, glyph: arrow, color: '#2563eb', ring: count / 8 })),
];

const center = 12;

/** Part of a circle from the top clockwise. */
function arc(fraction: number, radius: number, stroke: string): string {
  const around = 2 * Math.PI * radius;
  return (
    `<circle cx="12" cy="12" r="${radius}" fill="none" stroke="${stroke}" stroke-width="2.4" ` +
    `stroke-dasharray="${around * fraction} ${around}" transform="rotate(-90 ${center} ${center})"/>`
  );
}

function colored({ glyph, color, ring }: Picture): string {
  if (ring === undefined) return `<circle cx="12" cy="12" r="11" fill="${color}"/>${glyph.replaceAll('INK', '#fff')}`;
  return (
    `<circle cx="12" cy="12" r="11.4" fill="#fff" fill-opacity="0.92"/>` +
    `<circle cx="12" cy="12" r="10" fill="none" stroke="#bfd0f7" stroke-width="2.4"/>` +
    (ring > 0 ? arc(ring, 10, color) : '') +
    glyph.replaceAll('INK', color)
  );
}

function template({ glyph, ring }: Picture): string {
  if (ring === undefined) {
    return (
      '<mask id="m"><rect width="24" height="24" fill="#fff"/>' +
      `${glyph.replaceAll('INK', '#000')}</mask><circle cx="12" cy="12" r="11" fill="#000" mask="url(#m)"/>`
    );
  }
  return (
    '<circle cx="12" cy="12" r="10" fill="none" stroke="#000" stroke-opacity="0.3" stroke-width="2.4"/>' +
    (ring > 0 ? arc(ring, 10, '#000') : '') +
    glyph.replaceAll('INK', '#000')
  );
}

const directory = path.join(import.meta.dirname, 'tray');
await mkdir(directory, { recursive: true });
for (const picture of pictures) {
  for (const { suffix, drawing, sizePx } of [
    { suffix: '', drawing: colored(picture), sizePx: 24 },
    { suffix: '@2x', drawing: colored(picture), sizePx: 48 },
    { suffix: 'Template', drawing: template(picture), sizePx: 18 },
    { suffix: 'Template@2x', drawing: template(picture), sizePx: 36 },
  ]) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${drawing}</svg>`;
    const png = new Resvg(svg, { fitTo: { mode: 'width', value: sizePx } }).render().asPng();
    await writeFile(path.join(directory, `${picture.name}${suffix}.png`), png);
  }
}
