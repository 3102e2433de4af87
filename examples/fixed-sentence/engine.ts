/** The same sentence as an engine: sluice adds the protocol. */
import { setTimeout as sleep } from 'node:timers/promises'
import { defineEngine } from '@sluice/sluice'
import { serve } from '@sluice/sluice/node'

export const sentence = defineEngine({
  label: 'sentence',
  models: ['sentence'],
  async *chat(_request, { signal }) {
    for (const word of 'Water finds its way word by word.'.split(' ')) {
      yield `${word} `
      await sleep(100, undefined, { signal })
    }
  },
})

if (import.meta.main) {
  const server = await serve({ engines: [sentence] })
  console.log(server.url)
}
