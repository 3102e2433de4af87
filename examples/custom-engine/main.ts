import { setTimeout as sleep } from 'node:timers/promises'
import { defineEngine } from '@sluice/sluice'
import { serve } from '@sluice/sluice/node'

/** Answers with the words of the last message, in reverse order. */
export const reversed = defineEngine({
  label: 'reversed',
  models: ['reversed'],
  // Further requests wait in line.
  maxConcurrency: 4,
  async *chat({ messages }, { signal }) {
    const text = String(messages.at(-1)?.content ?? '')
    const words = text.split(/\s+/).reverse()
    yield { reasoning_content: 'The last word comes first.' }
    for (const word of words) {
      // Rejects when the client leaves: nothing is done for nobody.
      await sleep(20, undefined, { signal })
      yield `${word} `
    }
    return { usage: { prompt_tokens: words.length, completion_tokens: words.length } }
  },
})

if (import.meta.main) {
  const server = await serve({ engines: [reversed], log: 'text' })
  console.log(`${server.url}/v1`)
}
