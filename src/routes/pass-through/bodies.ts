/** The bodies of requests that are forwarded: read as far as sluice needs, and sent on as they came. */
import { requireOneModel } from '../../engines/registry/model-access.ts'
import { readJsonBytes, readParsedBody } from '../../guard/body.ts'
import { requireItemLimits } from '../../guard/size.ts'
import type { Settings } from '../../settings/settings.ts'
import { isObject } from '../../util/object.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import { withModel } from '../../wire/pass-through/json-model.ts'
import {
  boundaryOf,
  multipartType,
  type Part,
  parseMultipart,
  textOfPart,
  withField,
} from '../../wire/pass-through/multipart.ts'
import { rewrittenForm } from '../../wire/pass-through/multipart-write.ts'
import { encodeText } from '../../wire/sse/sse.ts'
import type { Trace } from '../trace.ts'
import type { PassedBody, PassThroughRoute } from './pass-route.ts'

type Bytes = Uint8Array<ArrayBuffer>
type Limits = Pick<Settings, 'maxBody' | 'bodyTimeout' | 'maxMessages' | 'maxTools'>

/** Bytes by which the type of a file is known. */
const HEAD = 16

/**
 * Counts a request among those of its key in this process, then reads its body. Rejects with an `ApiError`, or with
 * `Cancelled` where the client disconnects.
 */
export async function readPassedBody(
  request: Request,
  trace: Trace,
  { body: kind, lists }: Pick<PassThroughRoute, 'body' | 'lists'>,
  settings: Limits,
): Promise<PassedBody> {
  await trace.caller?.enter()
  const body =
    kind === 'json'
      ? await readJson(request, trace, settings)
      : kind === 'multipart'
        ? await readMultipart(request, trace, settings)
        : readQuery(request)
  requireOneModel(trace.caller?.mayUseModel, body.fields)
  requireItemLimits(body.fields, settings, lists)
  return body
}

async function readJson(request: Request, trace: Trace, limits: Limits): Promise<PassedBody> {
  const { bytes, value } = await readObject(request, trace, limits)
  const model = modelIn(value)
  // A key that occurs twice may be read as the first one elsewhere: where it could name another model, the
  // server gets what was checked.
  const isRestricted = trace.caller?.mayUseModel !== undefined
  const sent = isRestricted ? encodeText(JSON.stringify(value)) : bytes
  return {
    model,
    fields: value,
    files: [],
    type: 'application/json',
    bytes: (own) => (own === undefined || own === model ? sent : withModel(sent, own)),
  }
}

/** A body of JSON and its bytes. Rejects with an `ApiError` (400) for another value than an object. */
export async function readObject(
  request: Request,
  { caller, tap }: Pick<Trace, 'caller' | 'tap'>,
  { maxBody, bodyTimeout }: Pick<Limits, 'maxBody' | 'bodyTimeout'>,
): Promise<{ bytes: Bytes; value: Record<string, unknown> }> {
  const { bytes, value } = await readJsonBytes(request, maxBody, bodyTimeout, caller?.name, tap)
  if (isObject(value)) return { bytes, value }
  const came = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
  throw badRequest(`body: expected a JSON object, got ${came}; send the request as an object.`)
}

/** The model that a field names; undefined where it names none. Throws an `ApiError` (400). */
export function modelIn(body: Record<string, unknown>, field = 'model'): string | undefined {
  const name = body[field]
  if (name === undefined || name === null || name === '') return undefined
  if (typeof name === 'string') return name
  throw badRequest(
    `${field}: expected the name of a model, got ${Array.isArray(name) ? 'an array' : `a value of type ${typeof name}`}; name it as a string, or leave it out.`,
    field,
  )
}

const FORM = {
  type: 'multipart/form-data',
  advice: 'with curl, send the fields with -F and no content type of your own',
}

async function readMultipart(
  request: Request,
  { caller, tap }: Trace,
  { maxBody, bodyTimeout }: Limits,
): Promise<PassedBody> {
  const boundary = () => boundaryOf(request.headers.get('content-type') ?? '')
  const parse = (bytes: Bytes) => {
    const parts = parseMultipart(bytes, boundary())
    return { bytes, parts, fields: fieldsOf(bytes, parts) }
  }
  const read = await readParsedBody(request, FORM, maxBody, bodyTimeout, parse, caller?.name, tap)
  return formOf({ ...read, boundary: boundary() }, caller?.mayUseModel !== undefined)
}

interface Form {
  bytes: Bytes
  boundary: string
  parts: readonly Part[]
  fields: Record<string, unknown>
}

/** `isRestricted`: whether another model in it, read by another rule, would be one too many. */
function formOf({ bytes, boundary, parts, fields }: Form, isRestricted: boolean): PassedBody {
  const part = parts.find(({ name }) => name === 'model')
  const model = modelIn(fields)
  return {
    model,
    fields,
    files: parts.filter(({ isFile }) => isFile).map((file) => fileOf(bytes, file)),
    type: multipartType(boundary),
    bytes: (own) => {
      if (isRestricted) return rewrittenForm(bytes, boundary, parts, own)
      const isSame = own === undefined || own === model
      return isSame ? bytes : withField(bytes, boundary, part, 'model', own)
    },
  }
}

function fileOf(bytes: Bytes, { start, end }: Part) {
  return { length: end - start, head: bytes.subarray(start, Math.min(end, start + HEAD)) }
}

/** The texts of a form. Throws an `ApiError` (400) where it has two models, or a file of that name. */
function fieldsOf(bytes: Bytes, parts: readonly Part[]): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null)
  for (const part of parts) {
    const { name, isFile } = part
    const isModel = resemblesModel(name)
    if (isModel && (isFile || name !== 'model' || 'model' in fields)) {
      throw badRequest(
        'model: expected one text field of this name, in lower case, got another form; send one.',
        'model',
      )
    }
    fields[name] = isFile ? true : textOfPart(bytes, part)
  }
  requireUtf8(fields)
  return fields
}

/** Whether a parser might take the name for `model`: one that decodes it, or leaves out some characters. */
function resemblesModel(name: string): boolean {
  const plain = name.normalize('NFKC').replace(/%([\da-f]{2})/gi, (_, code: string) => {
    return String.fromCharCode(Number.parseInt(code, 16))
  })
  return plain.toLowerCase().replace(/[^a-z]/g, '') === 'model'
}

/** Throws an `ApiError` (400) where a field says that the others are in another encoding. */
function requireUtf8({ _charset_: charset = 'utf-8' }: Record<string, unknown>): void {
  if (typeof charset === 'string' && /^utf-?8$/i.test(charset)) return
  throw badRequest(
    '_charset_: expected utf-8, got another value; send all fields as UTF-8.',
    '_charset_',
  )
}

function readQuery({ url }: Request): PassedBody {
  const fields = Object.fromEntries(new URL(url).searchParams)
  return { model: modelIn(fields), fields, files: [] }
}
