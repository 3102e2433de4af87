/** Reads a request that changes a server's models. */
import type { PassCall } from '../../engines/engine.ts'
import { readRawBody } from '../../guard/read-body.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { requireSpelling } from '../../wire/json/other-case.ts'
import { encodeText } from '../../wire/sse/sse.ts'
import { modelIn, readObject } from '../pass-through/bodies.ts'
import type { RouteContext, RouteRequest } from '../route.ts'
import type { Trace } from '../trace.ts'

/** The fields that name models. */
const NAMES = ['model', 'name', 'source', 'destination', 'from'] as const

export type NameField = (typeof NAMES)[number]

/** How a request may have its models named, and what its body is. */
export interface ManagedForm {
  method: PassCall['method']
  /** Whether its body is a file, which is not read. */
  isFile?: boolean
  /** Whether the server tells how far it is, unless the client wants only the end. */
  tellsProgress?: boolean
}

/** What was read of a request. */
export interface ManagedBody {
  type?: string
  bytes?: Uint8Array<ArrayBuffer>
  names: Partial<Record<NameField, string>>
  /** Whether the client wants only the end of what the server tells. */
  wantsEnd?: boolean
}

export async function readManaged(
  request: RouteRequest,
  trace: Trace,
  { settings }: RouteContext,
  { method, isFile, tellsProgress }: ManagedForm,
): Promise<ManagedBody> {
  const { caller, tap } = trace
  await caller?.enter()
  if (method === 'HEAD') return { names: {} }
  if (isFile) {
    const advice = { advice: '' }
    const { maxBody, bodyTimeout } = settings
    const bytes = await readRawBody(request, advice, maxBody, bodyTimeout, tap)
    return { bytes, type: 'application/octet-stream', names: {} }
  }
  const { value } = await readObject(request, trace, settings)
  requireSpelling(value, CHECKED)
  const names = namesIn(value)
  if (caller?.mayUseModel !== undefined) requireNoModelfile(value)
  const wantsEnd = tellsProgress === true && value.stream === false
  // Written again: of a field that comes twice, the server must not read the one that was not checked.
  const bytes = encodeText(JSON.stringify(wantsEnd ? { ...value, stream: true } : value))
  return { bytes, type: 'application/json', names, wantsEnd }
}

/** What older releases of Ollama created models from. */
const MODELFILE = ['modelfile', 'path'] as const

const CHECKED: ReadonlySet<string> = new Set([...NAMES, ...MODELFILE, 'stream'])

/** Throws an `ApiError` (403) for a text that may name models which the caller may not use. */
function requireNoModelfile(body: Record<string, unknown>): void {
  const field = MODELFILE.find((name) => body[name])
  if (field === undefined) return
  throw new ApiError(
    403,
    `${field}: expected no such field, since you may not use every model and it may name any, got one; name the model in from.`,
    { code: 'model_not_allowed', param: field },
  )
}

function namesIn(body: Record<string, unknown>): ManagedBody['names'] {
  const names: ManagedBody['names'] = {}
  for (const field of NAMES) {
    const name = modelIn(body, field)
    if (name !== undefined) names[field] = name
  }
  return names
}
