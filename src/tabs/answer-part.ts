/** What a message of the engine means for whoever watches its answers. */
import type { ReplyMessage } from '../engines/remote/protocol.ts'
import { isObject } from '../util/object.ts'
import type { ChatChunk } from '../wire/chat/request.ts'
import type { TextChunk } from '../wire/completions/request.ts'
import type { LinkAnswer } from './link-options.ts'

/** What ends an answer. */
const ENDS: ReadonlySet<string> = new Set(['done', 'error'])

/** The part of an answer that a message is; undefined for one that is neither tokens nor an end. */
export function answerPart(message: ReplyMessage): LinkAnswer | undefined {
  if (!('id' in message)) return undefined
  const tokens = message.kind === 'chunks' ? message.chunks.filter(saysSomething).length : 0
  const isOver = ENDS.has(message.kind)
  return tokens > 0 || isOver ? { id: message.id, tokens, isOver } : undefined
}

/** Whether a chunk has a token, rather than a role, an end or a count. */
function saysSomething({ choices }: ChatChunk | TextChunk): boolean {
  return (choices as readonly unknown[]).some((choice) => {
    if (!isObject(choice)) return false
    const { content, reasoning_content, tool_calls } = isObject(choice.delta) ? choice.delta : {}
    return Boolean(choice.text || content || reasoning_content || tool_calls)
  })
}
