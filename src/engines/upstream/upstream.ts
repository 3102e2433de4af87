import { withSystemMessages } from '../../wire/chat/system-messages.ts'
import { thinkSeparator } from '../../wire/contract/think.ts'
import type { Engine } from '../engine.ts'
import { askingOllama, completing, counting, embedding, forwarding, passing } from './abilities.ts'
import { type Ability, ChatUpstream, type UpstreamOptions } from './chat-upstream.ts'
import { detailing } from './model-details.ts'

export type { UpstreamOptions } from './chat-upstream.ts'

const all: readonly Ability[] = [
  ...[detailing, completing, forwarding, counting, askingOllama, embedding, passing],
]

type Abilities = Required<
  Pick<
    Engine,
    | 'complete'
    | 'forward'
    | 'countTokens'
    | 'askOllama'
    | 'embed'
    | 'pass'
    | 'lacks'
    | 'sizedModels'
    | 'loadState'
  >
>

/** A server with an OpenAI-compatible API, as an engine with all abilities. */
export class Upstream extends ChatUpstream implements Abilities {
  declare readonly sizedModels: Abilities['sizedModels']
  declare readonly loadState: Abilities['loadState']
  declare readonly complete: Abilities['complete']
  declare readonly forward: Abilities['forward']
  declare readonly countTokens: Abilities['countTokens']
  declare readonly askOllama: Abilities['askOllama']
  declare readonly embed: Abilities['embed']
  declare readonly pass: Abilities['pass']
  declare readonly lacks: Abilities['lacks']

  constructor(options: UpstreamOptions) {
    super({ ...options, thinkSeparator, withSystemMessages }, all)
  }
}
