import { Conversations } from '../../engines/pool/conversations.ts'
import { affinity as affinitySettings } from '../../settings/table/of-parts.ts'
import { conversationOf } from '../affinity.ts'
import type { HandlerPart } from './part.ts'

/** Conversations that stay at the upstream that has their prompt in its cache. */
export const affinity = {
  name: 'affinity',
  settings: affinitySettings,
  affinity: { conversationOf, conversations: () => new Conversations() },
} satisfies HandlerPart
