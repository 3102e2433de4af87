/** Writes a form anew, for servers that may read its headers by other rules than sluice. */
import { concat } from '../../util/bytes.ts'
import { encodeText } from '../sse/sse.ts'
import type { Part } from './multipart.ts'

type Bytes = Uint8Array<ArrayBuffer>

/**
 * The same fields and files with headers in the one form that every parser reads alike: of a file, its name
 * and its type; of a field, only its name. `model`: the text of that field, which is added as the first one
 * where there is none; undefined for what the form has.
 */
export function rewrittenForm(
  body: Bytes,
  boundary: string,
  parts: readonly Part[],
  model: string | undefined,
): Bytes {
  const pieces: Bytes[] = []
  const add = (part: Pick<Part, 'name' | 'isFile' | 'filename' | 'type'>, content: Bytes) =>
    pieces.push(encodeText(`--${boundary}\r\n${headersOf(part)}\r\n\r\n`), content, LINE_END)
  const hasModel = parts.some(({ name }) => name === 'model')
  if (model !== undefined && !hasModel) add({ name: 'model', isFile: false }, encodeText(model))
  for (const part of parts) {
    const isOther = part.name === 'model' && model !== undefined
    add(part, isOther ? encodeText(model) : body.subarray(part.start, part.end))
  }
  return concat([...pieces, encodeText(`--${boundary}--\r\n`)])
}

const LINE_END = encodeText('\r\n')

function headersOf({
  name,
  isFile,
  filename,
  type,
}: Pick<Part, 'name' | 'isFile' | 'filename' | 'type'>): string {
  const field = `content-disposition: form-data; name="${name}"`
  if (!isFile) return field
  const file = `${field}; filename="${escaped(filename ?? 'file')}"`
  return type === undefined ? file : `${file}\r\ncontent-type: ${type}`
}

/** As browsers write it, and without a backslash, which some parsers take for an escape. */
function escaped(filename: string): string {
  return filename.replaceAll('"', '%22').replaceAll('\\', '%5C')
}
