/** Fits translated conversations to chat templates, which are stricter than the APIs that they come from. */
import type { ChatMessage, ContentPart } from '../wire/chat/request.ts'

/**
 * The messages with those of the user that follow each other as one. Templates such as those of Mistral
 * and Gemma refuse a conversation whose roles do not alternate. Anthropic joins such turns by itself;
 * Codex begins with two user messages. A user's turn behind a tool result stays: Mistral's templates
 * refuse that too, but only the tool message could hold what it says, and models give less weight to
 * what a tool says.
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

/** What several messages say, built once: joining two at a time would copy the first ones as often. */
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
 * A tool's result as a tool message may hold it, which is text alone, and what the user has to show
 * instead. The text is one string, since many templates render nothing else, its parts on lines of
 * their own, as vLLM and llama-server join them.
 */
export function toolResultParts(parts: readonly ContentPart[]): {
  text: string
  shown: ContentPart[]
} {
  const shown = parts.filter(({ type }) => type !== 'text')
  const texts = parts.flatMap(({ type, text }) => (type === 'text' ? [text as string] : []))
  // Servers refuse a result that is empty, and a model would take it for one that says nothing.
  if (texts.length === 0 && shown.length > 0) texts.push(SEE_NEXT_MESSAGE)
  return { text: texts.join('\n'), shown }
}

const SEE_NEXT_MESSAGE = 'The result is shown in the next message of the user.'
