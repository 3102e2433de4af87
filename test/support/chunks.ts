import type { ChatChunk } from '../../src/wire/chat/request.ts'

/** All chunks of an engine's answer. Rejects with the answer's error. */
export async function readAll(answer: {
  items: AsyncIterator<ChatChunk[], void, void>
}): Promise<ChatChunk[]> {
  const chunks: ChatChunk[] = []
  for (let batch = await answer.items.next(); !batch.done; batch = await answer.items.next()) {
    chunks.push(...batch.value)
  }
  return chunks
}

/** The text of the first choice. */
export function textOf(chunks: ChatChunk[]): string {
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
}
