/** The fields of OpenAI's chunks: without usage and choices, they have no content. */
const STANDARD = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'service_tier',
  'system_fingerprint',
  'obfuscation',
])

/** Whether a chunk has fields of the server's own. */
export function hasOwnFields(chunk: object): boolean {
  return Object.entries(chunk).some(([field, value]) => !STANDARD.has(field) && value !== null)
}
