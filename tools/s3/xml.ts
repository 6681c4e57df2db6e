import { S3Error } from './s3-error.ts';

/** XML content: text, or elements in order (an array value repeats its element). */
export type XmlValue = string | number | boolean | XmlElements | undefined;
export type XmlElements = readonly (readonly [name: string, value: XmlValue])[];

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#10;',
};

/** Escapes text for an element; line breaks go as references, since parsers normalise or trim raw ones. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r\n]/g, (character) => ESCAPES[character] ?? character);
}

function render(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  return `<${name}>${value.map(([child, content]) => render(child, content)).join('')}</${name}>`;
}

/** A whole document; undefined values leave their element out. */
export function xmlDocument(root: string, children: XmlElements, options: { namespace?: boolean } = {}): string {
  const body = children.map(([name, value]) => render(name, value)).join('');
  const attribute = options.namespace === false ? '' : ` xmlns="${NAMESPACE}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${body}</${root}>`;
}

/** A parsed element. Attributes and namespaces are dropped: none of the requests read here uses them. */
export interface XmlNode {
  readonly name: string;
  readonly children: XmlNode[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const TOKEN =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;
const DEPTH_LIMIT = 16;

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (_, reference: string) => {
    if (reference.startsWith('#')) {
      const codePoint = reference[1] === 'x' ? parseInt(reference.slice(2), 16) : parseInt(reference.slice(1), 10);
      if (!(codePoint <= 0x10ffff)) throw new S3Error('MalformedXML');
      return String.fromCodePoint(codePoint);
    }
    const character = ENTITIES[reference];
    if (character === undefined) throw new S3Error('MalformedXML');
    return character;
  });
}

/**
 * Parses the small documents that S3 clients send: elements and text, no DTD, no CDATA.
 * @throws S3Error `MalformedXML` for anything else.
 */
export function parseXml(source: string): XmlNode {
  const root: XmlNode = { name: '', children: [], text: '' };
  const open: XmlNode[] = [root];
  TOKEN.lastIndex = 0;
  let position = 0;
  while (position < source.length) {
    const match = TOKEN.exec(source);
    const current = open.at(-1);
    if (match === null || current === undefined) throw new S3Error('MalformedXML');
    position = TOKEN.lastIndex;
    const [, closing, name, , selfClosing, text] = match;
    if (text !== undefined) current.text += unescapeXml(text);
    if (name === undefined) continue;
    const localName = name.slice(name.indexOf(':') + 1);
    if (closing === '/') {
      if (current.name !== localName || open.length === 1) throw new S3Error('MalformedXML');
      open.pop();
      continue;
    }
    const node: XmlNode = { name: localName, children: [], text: '' };
    current.children.push(node);
    if (selfClosing === '/') continue;
    open.push(node);
    if (open.length > DEPTH_LIMIT) throw new S3Error('MalformedXML');
  }
  const document = root.children[0];
  if (open.length !== 1 || root.children.length !== 1 || document === undefined) throw new S3Error('MalformedXML');
  return document;
}

/** The text of the child `name`, or undefined where there is none. */
export function childText(node: XmlNode, name: string): string | undefined {
  return node.children.find((child) => child.name === name)?.text;
}
