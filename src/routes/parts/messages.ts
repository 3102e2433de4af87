import { counting, forwarding } from '../../engines/upstream/abilities.ts'
import { anthropic } from '../families.ts'
import { ask, entries } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../messages.ts')
const countingModule = () => import('../count-tokens.ts')

/** `POST /v1/messages`: Anthropic's API. */
export const messages = {
  name: 'messages',
  families: [anthropic],
  anthropicModels: () => import('../../wire/models/anthropic.ts'),
  abilities: [forwarding, counting],
  routes: entries({
    createMessage: ask('/v1/messages', 'MessagesRequest', 'Message', module),
    countMessageTokens: ask(
      '/v1/messages/count_tokens',
      'CountRequest',
      'MessageTokens',
      countingModule,
    ),
  }),
} satisfies HandlerPart
