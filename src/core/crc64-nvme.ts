/**
 * CRC-64/NVME at the speed of the memory, nearly: the checksum of every byte that goes up. The AWS package does it in
 * JavaScript, which has no 64-bit integers to speak of: on the machine of docs/performance.md that was a third of what a large
 * upload cost. Here the loop is WebAssembly, put together below, so that there is nothing to compile and nothing to trust.
 *
 * Sixteen bytes are taken in at each step, with a table for each ("slicing-by-N": Kounavis and Berry, "A Systematic Approach to
 * Building High Performance Software-based CRC Generators", 2005).
 */

/** The generator without its leading term, bit-reversed; see crc-combine.ts. In two halves of 32 bits. */
const POLYNOMIAL = { high: 0x9a6c9329, low: 0xac4bc9b5 } as const;

/** Bytes taken in by one step of the loop, and so tables. */
const STEP = 16;
const ENTRIES = 256;
const TABLE_BYTES = ENTRIES * 8;
/** Memory of the module: the tables, then the bytes of one call. */
const INPUT_OFFSET = STEP * TABLE_BYTES;
const INPUT_BYTES = 64 * 1024;
const PAGE_BYTES = 64 * 1024;
const PAGES = Math.ceil((INPUT_OFFSET + INPUT_BYTES) / PAGE_BYTES);

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** One CRC over bytes that come in order. */
export class Crc64Nvme {
  /** The register, before the final inversion. */
  #register = ALL_ONES;

  update(bytes: Uint8Array): void {
    loaded ??= load();
    const { input, take } = loaded;
    for (let offset = 0; offset < bytes.length; offset += INPUT_BYTES) {
      const piece = offset === 0 && bytes.length <= INPUT_BYTES ? bytes : bytes.subarray(offset, offset + INPUT_BYTES);
      input.set(piece);
      this.#register = BigInt.asUintN(64, take(this.#register, piece.length));
    }
  }

  /** Of all bytes so far, big-endian. */
  digest(): Buffer {
    const value = Buffer.allocUnsafe(8);
    value.writeBigUInt64BE(this.#register ^ ALL_ONES);
    return value;
  }
}

interface Loaded {
  /** Where `take` finds its bytes. */
  readonly input: Uint8Array;
  /** The register after `length` bytes more. */
  readonly take: (register: bigint, length: number) => bigint;
}

/** One for each thread: a call leaves nothing behind in it. */
let loaded: Loaded | null = null;

/** As far as it is used here: Node has it, the types of Node name it without saying what it is. */
interface WasmRuntime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly take: Loaded['take'] };
  };
}

function load(): Loaded {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WasmRuntime };
  const { memory, take } = new WebAssembly.Instance(new WebAssembly.Module(program())).exports;
  fillTables(new Uint32Array(memory.buffer, 0, INPUT_OFFSET / 4));
  return { input: new Uint8Array(memory.buffer, INPUT_OFFSET, INPUT_BYTES), take };
}

/** Table k holds what a byte does to the register when k zero bytes follow it. Little-endian: the low half comes first. */
function fillTables(halves: Uint32Array): void {
  for (let byte = 0; byte < ENTRIES; byte += 1) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = low & 1;
      low = ((low >>> 1) | (high << 31)) >>> 0;
      high >>>= 1;
      if (carry === 0) continue;
      low = (low ^ POLYNOMIAL.low) >>> 0;
      high = (high ^ POLYNOMIAL.high) >>> 0;
    }
    halves[byte * 2] = low;
    halves[byte * 2 + 1] = high;
  }
  for (let at = ENTRIES; at < STEP * ENTRIES; at += 1) {
    const low = halves[(at - ENTRIES) * 2] ?? 0;
    const high = halves[(at - ENTRIES) * 2 + 1] ?? 0;
    const index = low & 0xff;
    halves[at * 2] = ((low >>> 8) | (high << 24)) ^ (halves[index * 2] ?? 0);
    halves[at * 2 + 1] = (high >>> 8) ^ (halves[index * 2 + 1] ?? 0);
  }
}

// ------------------------------------------------------------ the program (WebAssembly Core Specification 1.0, chapter 5)

const I32 = 0x7f;
const I64 = 0x7e;
const VOID = 0x40;
const REGISTER = 0;
const LENGTH = 1;
const AT = 2;
const WHOLE_STEPS = 3;
const FIRST = 4;
const SECOND = 5;

const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const i32 = (value: number) => [0x41, ...signed(value)];
const i64 = (value: number) => [0x42, ...signed(value)];
const END = 0x0b;
const loop = (body: readonly number[]) => [0x03, VOID, ...body, END];
const when = (body: readonly number[]) => [0x04, VOID, ...body, END];
/** From within `when` to the start of the loop around it. */
const AGAIN = [0x0c, 1];
const LESS = [0x49];
const ADD = [0x6a];
const AND = [0x71];
const SHIFT_LEFT = [0x74];
const WRAP = [0xa7];
const XOR_64 = [0x85];
const SHIFT_RIGHT_64 = [0x88];
const load64 = (offset: number) => [0x29, 0, ...unsigned(offset)];
const loadByteTo64 = (offset: number) => [0x31, 0, ...unsigned(offset)];

/** What the byte of `local` at `position` does when `following` bytes come after it in the step. */
function lookUp(local: number, position: number, following: number): number[] {
  const ENTRY_SHIFT = 3;
  const aligned =
    position === 0
      ? [...get(local), ...WRAP, ...i32(ENTRY_SHIFT), ...SHIFT_LEFT]
      : [...get(local), ...i64(position * 8 - ENTRY_SHIFT), ...SHIFT_RIGHT_64, ...WRAP];
  return [...aligned, ...i32(0xff << ENTRY_SHIFT), ...AND, ...load64(following * TABLE_BYTES)];
}

/** `take(register, length)`: whole steps first, then what is left byte by byte. */
function code(): number[] {
  const bytes = Array.from({ length: 8 }, (_, position) => position);
  const lookUps = [
    ...bytes.map((position) => lookUp(FIRST, position, STEP - 1 - position)),
    ...bytes.map((position) => lookUp(SECOND, position, STEP / 2 - 1 - position)),
  ];
  const step = [
    [get(AT), load64(INPUT_OFFSET), get(REGISTER), XOR_64, set(FIRST)],
    [get(AT), load64(INPUT_OFFSET + 8), set(SECOND)],
    lookUps.flatMap((one, index) => (index === 0 ? [one] : [one, XOR_64])),
    [set(REGISTER)],
    [get(AT), i32(STEP), ADD, set(AT)],
  ].flat(2);
  const single = [
    [get(AT), loadByteTo64(INPUT_OFFSET), get(REGISTER), XOR_64, set(FIRST)],
    [lookUp(FIRST, 0, 0), get(REGISTER), i64(8), SHIFT_RIGHT_64, XOR_64, set(REGISTER)],
    [get(AT), i32(1), ADD, set(AT)],
  ].flat(2);
  return [
    [get(LENGTH), i32(-STEP), AND, set(WHOLE_STEPS)],
    loop([...get(AT), ...get(WHOLE_STEPS), ...LESS, ...when([...step, ...AGAIN])]),
    loop([...get(AT), ...get(LENGTH), ...LESS, ...when([...single, ...AGAIN])]),
    get(REGISTER),
    END,
  ].flat(2);
}

function program(): Uint8Array {
  // Beyond the parameters: AT and WHOLE_STEPS, then FIRST and SECOND.
  const locals = counted([
    [2, I32],
    [2, I64],
  ]);
  const body = [...locals, ...code()];
  const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
  const name = (text: string) => sized([...Buffer.from(text)]);
  return Uint8Array.from([
    ...Buffer.from('\0asm\x01\0\0\0'),
    ...section(1, counted([[0x60, ...counted([[I64], [I32]]), ...counted([[I64]])]])),
    ...section(3, counted([[0]])),
    ...section(5, counted([[0x01, ...unsigned(PAGES), ...unsigned(PAGES)]])),
    ...section(
      7,
      counted([
        [...name('memory'), 0x02, 0],
        [...name('take'), 0x00, 0],
      ]),
    ),
    ...section(10, counted([sized(body)])),
  ]);
}

/** A vector: how many, then each. */
function counted(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

/** How many bytes, then they. */
function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const isLast = rest >= -0x40 && rest < 0x40;
    bytes.push((rest & 0x7f) | (isLast ? 0 : 0x80));
    if (isLast) return bytes;
  }
}
