/**
 * What only an Ollama upstream can do: such requests are refused where another engine is asked, because
 * a client would wrongly believe that it was done.
 */
import { badRequest } from '../../wire/errors/api-error.ts'
import type { OllamaGenerateRequest, OllamaRequest } from '../../wire/ollama/request.ts'

const ONLY = 'only an Ollama server'

/** Throws an `ApiError` (400). */
export function requireChat(request: OllamaRequest & OllamaGenerateRequest): void {
  const { template, context, _debug_render_only: debug } = request
  if (template) {
    throw refused(
      'template',
      'a template',
      `${ONLY} applies one that a request brings; leave it out, and set the template of the model on its server`,
    )
  }
  if (context?.length) {
    throw refused(
      'context',
      'tokens',
      `${ONLY} continues from the tokens of an earlier answer; send the conversation to /api/chat instead`,
    )
  }
  if (debug) {
    throw refused(
      '_debug_render_only',
      'true',
      `${ONLY} returns the prompt that it would use; leave it out`,
    )
  }
}

/** The same for a prompt that no template is applied to. */
export function requireText(request: OllamaGenerateRequest): void {
  requireChat(request)
  const { raw, suffix, images, system, format, logprobs } = request
  const given = { images: images?.length, system, format, logprobs }
  for (const [field, value] of Object.entries(given)) {
    if (!value) continue
    const asked = raw ? 'raw' : 'suffix'
    const does = `${ONLY} supports it in a request with ${asked}; leave ${field} or ${asked} out`
    throw refused(field, 'a value', does)
  }
  // Ollama refuses some of these as well.
  if (!raw || !suffix) return
  throw refused(
    'suffix',
    'a text',
    `with raw the prompt is used as it is; leave one of the two out`,
  )
}

function refused(field: string, came: string, reason: string) {
  return badRequest(`${field}: expected none, got ${came}: ${reason}.`, field)
}
