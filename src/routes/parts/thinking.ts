import { separateThinking } from '../../engines/thinking.ts'
import { thinking as settings } from '../../settings/table/of-parts.ts'
import { thinkSeparator } from '../../wire/contract/think.ts'
import type { HandlerPart } from './part.ts'

/** Thinking that models write between tags, and that clients get as reasoning. */
export const thinking = {
  name: 'thinking',
  settings,
  thinking: { separator: thinkSeparator, wrap: separateThinking },
} satisfies HandlerPart
