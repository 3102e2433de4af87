/** An upstream's error response as an `ApiError`. */

import type { Fetched } from '../../platform/fetch.ts'
import { parseJson } from '../../util/parse-json.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { isRequestError, type ReportedError, readError } from '../../wire/errors/reported-error.ts'
import { invalidAnswer, readBytes, textOf } from './json-body.ts'
import { loadFailed, MODEL_LOADING, saysLoadFailed, saysModelIsLoading } from './model-loading.ts'
import { textOfPage } from './page-text.ts'

/** Bytes read of an error response. */
const MAX_ERROR_BYTES = 64 * 1024

/**
 * An upstream's error response as an `ApiError` with the upstream's status, message, type, code and
 * `Retry-After`. `secrets` are removed from its message. `path`: the path that was requested.
 */
export async function refusal(
  response: Fetched,
  label: string,
  secrets: readonly string[],
  path = '',
): Promise<ApiError> {
  const { status } = response
  if (status < 400) {
    await response.body?.cancel().catch(() => {})
    return invalidAnswer(
      label,
      `answered with a redirect (status ${status}), which sluice does not follow; configure its final address`,
    )
  }
  if (status > 599) {
    await response.body?.cancel().catch(() => {})
    return invalidAnswer(
      label,
      `answered with status ${status}, which is not an HTTP status; check what runs at its address`,
    )
  }
  const text = await readBytes(response, label, MAX_ERROR_BYTES)
    .then(textOf)
    .catch(() => '')
  const found = parseError(text)
  const alternative = ALTERNATIVES[path]
  if (alternative && status === 404 && isMissingPath(found))
    return missingPath(path, label, alternative)
  const message =
    found?.message ?? `${label} answered ${status}${text === '' ? '' : `: ${textOfPage(text)}`}`
  const shown = new EngineErrors({ label, secrets }).redact(message)
  if (found && saysLoadFailed(found.message)) return loadFailed(`${label}: ${shown}`)
  const retryAfter = response.headers.get('retry-after')
  // Clients retry a 5xx. A failure that the request caused would come again, so it becomes a 400.
  const reported = status >= 500 && found && isRequestError(found.message) ? 400 : status
  return new ApiError(reported, shown, {
    evidence: 'answered',
    ...(found?.type && reported === status && { type: found.type }),
    code: found?.code ?? (saysModelIsLoading(status, message) ? MODEL_LOADING : null),
    isReported: found?.code != null,
    param: found?.param ?? null,
    details: found?.details ?? {},
    headers: retryAfter === null ? {} : { 'retry-after': retryAfter },
  })
}

/** Whether a 404 is for the path and not for the model: such answers have no code or message. */
function isMissingPath(found: ReportedError | undefined): boolean {
  return found === undefined || (!found.code && !/model/i.test(found.message))
}

/** What to do where a server lacks an optional path. */
const ALTERNATIVES: Record<string, string> = {
  '/completions': 'send it a chat request, at POST /v1/chat/completions',
  '/embeddings': 'name a model of a server that creates embeddings',
}

function missingPath(path: string, label: string, alternative: string): ApiError {
  const message = `model: ${label} does not offer POST /v1${path}; ${alternative}.`
  return new ApiError(404, message, { code: 'model_not_capable', param: 'model' })
}

function parseError(text: string): ReportedError | undefined {
  try {
    const value: unknown = parseJson(text)
    if (typeof value === 'string') return { message: value }
    if (typeof value !== 'object' || value === null) return undefined
    return readError(value as Record<string, unknown>) ?? readError({ error: value })
  } catch {
    return undefined
  }
}
