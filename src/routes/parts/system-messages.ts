import { systemMessages as settings } from '../../settings/table/of-parts.ts'
import { withSystemMessages } from '../../wire/chat/system-messages.ts'
import type { HandlerPart } from './part.ts'

/** System messages as chat templates accept them: joined into one, at the beginning. */
export const systemMessages = {
  name: 'systemMessages',
  settings,
  withSystemMessages,
} satisfies HandlerPart
