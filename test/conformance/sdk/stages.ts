import { weatherAgent } from '../../support/agent.ts'
import { flags as messagesFlags } from '../../support/messages.ts'
import type { RelayOptions } from '../../support/relay.ts'
import { additionAgent } from './addition-agent.ts'

/** The upstream and the settings that clients of an API are run against, by name. */
export const STAGES = {
  // workerd learns by its heartbeat that a client left.
  clients: { flags: ['--static-delay', '20', '--heartbeat', '200'], upstream: { persona: 'vllm' } },
  'chat clients': {
    flags: ['--think-tags', 'separate', '--static-delay', '1'],
    upstream: { persona: 'vllm' },
  },
  responses: {
    flags: ['--heartbeat', '100ms', '--header-wait', '100ms'],
    upstream: { persona: 'vllm' },
  },
  'responses of an agent': {
    flags: ['--heartbeat', '100ms', '--header-wait', '100ms'],
    upstream: { persona: 'vllm', script: additionAgent },
  },
  messages: { flags: messagesFlags, upstream: { persona: 'vllm', counts: 'vllm' } },
  'messages of an agent': { upstream: { persona: 'vllm', script: weatherAgent } },
  completions: {
    flags: [
      ...['--static-delay', '10ms', '--static-text', 'Water finds its way.'],
      ...['--heartbeat', '100ms', '--header-wait', '100ms'],
    ],
  },
} satisfies Record<string, RelayOptions>

export type Stage = keyof typeof STAGES
