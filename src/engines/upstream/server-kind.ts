/**
 * What kind of server an upstream is, by the owner that it lists for its models: that costs no request
 * of its own, and any server may listen on any port.
 */
import type { Model } from '../engine.ts'

/** The server for each `owned_by` of a model. */
const SERVER_BY_OWNER = {
  koboldcpp: 'koboldcpp',
  llamacpp: 'llama-server',
  'llama-swap': 'llama-swap',
  library: 'ollama',
  organization_owner: 'lm-studio',
  sglang: 'sglang',
  sluice: 'sluice',
  tabbyAPI: 'tabbyapi',
  vllm: 'vllm',
} as const

export type ServerKind = (typeof SERVER_BY_OWNER)[keyof typeof SERVER_BY_OWNER]

/** The kind of the server that lists these models; undefined where their owner names none. */
export function serverKindOf(models: readonly Model[]): ServerKind | undefined {
  const owner = models[0]?.owned_by ?? ''
  return Object.hasOwn(SERVER_BY_OWNER, owner)
    ? SERVER_BY_OWNER[owner as keyof typeof SERVER_BY_OWNER]
    : undefined
}
