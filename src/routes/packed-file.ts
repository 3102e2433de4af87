/** The page's files, packed for browsers: a phone loads the page over a slow network. */
import type { Files } from '../platform/files.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Texts: pictures and the like are packed already. */
const PACKABLE = /\.(?:css|html|ico|js|json|map|svg|txt|wasm|webmanifest)$/

/** Of less, the header of a packed file would be most. */
const LEAST = 1_000

/** The largest packed file that is kept, and how many. */
const MOST_KEPT = 200_000
const MOST_FILES = 200

/** What was packed, by the name of its file. Bytes, not promises: on workerd no request may wait for one of another. */
const kept = new WeakMap<Files, Map<string, { from: number; packed: Bytes }>>()

/** What a file's name ends with where it was packed when the page was built, as large ones are. */
const PACKED = '.gz'

/** Whether a file is sent packed to those that take it so. */
export function isPackable(name: string): boolean {
  return PACKABLE.test(name)
}

/** Whether the client takes gzip. Every browser does; the words of `accept-encoding` are RFC 9110's. */
export function takesGzip({ headers }: Request): boolean {
  const accepted = headers.get('accept-encoding') ?? ''
  return accepted
    .split(',')
    .some((each) => /^\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)|$)/i.test(each))
}

/**
 * The file in gzip; undefined where that would be no shorter, or where the host has no `CompressionStream`. A
 * file whose name holds its hash is packed once.
 */
export async function packedFile(
  files: Files,
  name: string,
  bytes: Bytes,
): Promise<Bytes | undefined> {
  if (bytes.length < LEAST || !isPackable(name) || !('CompressionStream' in globalThis)) return
  const own = kept.get(files) ?? new Map()
  kept.set(files, own)
  const known = own.get(name)
  if (known?.from === bytes.length) return known.packed
  const packing = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))
  const packed = new Uint8Array(await new Response(packing).arrayBuffer())
  if (packed.length >= bytes.length) return undefined
  const isKept = name.startsWith('assets/') && packed.length <= MOST_KEPT && own.size < MOST_FILES
  if (isKept) own.set(name, { from: bytes.length, packed })
  return packed
}

/** A file of which there is only what was packed when the page was built; undefined where there is none. */
export async function builtPacked(files: Files, name: string): ReturnType<Files> {
  return isPackable(name) ? files(name + PACKED) : undefined
}

/** The same file for a client that does not take it packed. */
export function unpacked(packed: NonNullable<Awaited<ReturnType<Files>>>): ReadableStream {
  const stream = packed instanceof Uint8Array ? new Blob([packed]).stream() : packed
  return stream.pipeThrough(new DecompressionStream('gzip'))
}
