/**
 * What kind of server an upstream is, by the owner that it lists for its models: that costs no request
 * of its own, and any server may listen on any port.
 */
import type { Model } from '../engine.ts'

/** The server for each `owned_by` of a model. */
const SERVER_BY_OWNER = {
  llamacpp: 'llama-server',
  'llama-swap': 'llama-swap',
  library: 'ollama',
  organization_owner: 'lm-studio',
  sglang: 'sglang',
  sluice: 'sluice',
  vllm: 'vllm',
} as const

export type ServerKind = (typeof SERVER_BY_OWNER)[keyof typeof SERVER_BY_OWNER]

/**
 * The kind of the server that lists these models; undefined where their owners name none. The first that
 * does decides: Ollama's owners are the namespaces of its models, of which `library` is but one.
 */
export function serverKindOf(models: readonly Model[]): ServerKind | undefined {
  const named = models.find(({ owned_by: owner }) => Object.hasOwn(SERVER_BY_OWNER, owner))
  return named && SERVER_BY_OWNER[named.owned_by as keyof typeof SERVER_BY_OWNER]
}
