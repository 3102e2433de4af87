/** A conversation as a file. */
import { saveFile } from '../save-file.ts'
import { type Conversation, model, options, type Said } from '../state.ts'
import { images, loadImages } from './image-store.ts'
import { sentMessages } from './request.ts'

export async function exportMarkdown(conversation: Conversation): Promise<void> {
  saveFile(`${nameOf(conversation)}.md`, markdownOf(conversation), 'text/markdown')
}

/** The messages as the API takes them, with their images, and what the page knows of each answer. */
export async function exportJson(conversation: Conversation): Promise<void> {
  const { messages } = conversation
  await loadImages(messages)
  const system = options.value.system.trim()
  const body = {
    model: model.value,
    ...(system && { system }),
    messages: sentMessages(messages, (name) => images.value.get(name) ?? ''),
    answers: messages.filter(({ role }) => role === 'assistant'),
  }
  saveFile(`${nameOf(conversation)}.json`, JSON.stringify(body, null, 2), 'application/json')
}

export function markdownOf({ messages }: Pick<Conversation, 'messages'>): string {
  return `${messages.map(sectionOf).join('\n\n')}\n`
}

function sectionOf({
  role,
  content,
  images: pictures = [],
  reasoning,
  calls,
  error,
}: Said): string {
  const parts = [
    `## ${role === 'assistant' ? 'Model' : role === 'tool' ? 'Tool result' : 'You'}`,
    pictures.length > 0 && `*Images: ${pictures.length} (they are in the JSON export)*`,
    reasoning && `<details><summary>Reasoning</summary>\n\n${reasoning}\n\n</details>`,
    content,
    ...(calls ?? []).map((call) => `Asks for \`${call.name}\`:\n\n${fenced(call.arguments)}`),
    error && `*Error: ${error}*`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

/** With a fence that is longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}json\n${text}\n${fence}`
}

function nameOf({ messages: [first] }: Conversation): string {
  const words = (first?.content ?? '').toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-')
  return words.slice(0, 40).replaceAll(/^-|-$/g, '') || 'conversation'
}
