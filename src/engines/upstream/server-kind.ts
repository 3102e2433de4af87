/**
 * What kind of server an upstream is, by the owner that it lists for its models: that costs no request
 * of its own, and any server may listen on any port.
 */
import type { Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/model.ts'

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

/** The kind of the server that lists these models; undefined where their owners name none. */
export function serverKindOf(models: readonly Model[]): ServerKind | undefined {
  // Another sluice lists the models of its servers with their owners, and its own model after them.
  if (models.some(({ id, owned_by }) => id === STATIC_MODEL && owned_by === 'sluice'))
    return 'sluice'
  // Not the first alone: a model of Ollama's that was not in its library belongs to its maker.
  const owner = models.map(({ owned_by: owner }) => owner).find(isKnownOwner)
  return owner && SERVER_BY_OWNER[owner]
}

function isKnownOwner(owner: string): owner is keyof typeof SERVER_BY_OWNER {
  return Object.hasOwn(SERVER_BY_OWNER, owner)
}
