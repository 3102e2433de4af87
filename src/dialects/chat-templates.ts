/** Adapts translated conversations to chat templates, which are stricter than the APIs. */
import type { ChatMessage, ContentPart } from '../wire/chat/request.ts'

/**
 * Joins consecutive user messages. The templates of Mistral and Gemma reject a conversation whose roles
 * do not alternate. Anthropic joins such messages itself; Codex starts with two user messages. A user
 * message after a tool result stays separate: Mistral's templates reject that too, but the alternative
 * is to move it into the tool message, and models give less weight to tool results.
 */
export function joinUserTurns(messages: readonly ChatMessage[]): ChatMessage[] {
  const turns: ChatMessage[] = []
  let run: ChatMessage[] = []
  function close(): void {
    const [first] = run
    if (first !== undefined)
      turns.push(run.length === 1 ? first : { ...first, content: joinContents(run) })
    run = []
  }
  for (const message of messages) {
    if (message.role === 'user') {
      run.push(message)
      continue
    }
    close()
    turns.push(message)
  }
  close()
  return turns
}

/** The content of several messages, joined once: joining pairs would copy the first text repeatedly. */
function joinContents(messages: readonly ChatMessage[]): string | ContentPart[] {
  const contents = messages.flatMap(({ content }) => (content ? [{ content }] : []))
  const isText = contents.every(({ content }) => typeof content === 'string')
  if (isText) return contents.map(({ content }) => content).join('\n\n')
  return contents.flatMap(({ content }) => partsOf(content))
}

function partsOf(content: string | ContentPart[]): ContentPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/**
 * A tool result as text for the tool message, and its other parts (images, files) for a user message,
 * because tool messages hold only text. The text is one string, since many templates render nothing
 * else; its parts are on separate lines, as vLLM and llama-server join them.
 */
export function toolResultParts(parts: readonly ContentPart[]): {
  text: string
  shown: ContentPart[]
} {
  const shown = parts.filter(({ type }) => type !== 'text')
  const texts = parts.flatMap(({ type, text }) => (type === 'text' ? [text as string] : []))
  // Servers reject an empty result, and a model would read it as a result without content.
  if (texts.length === 0 && shown.length > 0) texts.push(SEE_NEXT_MESSAGE)
  return { text: texts.join('\n'), shown }
}

const SEE_NEXT_MESSAGE = 'The result is shown in the next message of the user.'
