/**
 * What requests cost as things grow, in one process:
 * `RUNTIME bench/measure/growth/main.ts [FOLDER] [SCALE] [TOPIC,…]` prints the figures as JSON. FOLDER is a checkout
 * of sluice; the collector of garbage has to be exposed.
 */
import type { TopicName } from '../../growth.ts'
import { measureAnswers } from './answers.ts'
import { measureMessages, measureStored } from './conversations.ts'
import { measureKeys } from './keys.ts'
import { measureModels } from './models.ts'
import { type Context, recorder } from './process.ts'
import { measureReaders } from './readers.ts'
import { measureUpstreams } from './upstreams.ts'
import { measureWaiting } from './waiting.ts'

declare const process: { argv: string[]; exit(code: number): never }

const topics: Partial<Record<TopicName, (context: Context) => Promise<void>>> = {
  keys: measureKeys,
  models: measureModels,
  upstreams: measureUpstreams,
  waiting: measureWaiting,
  stored: measureStored,
  messages: measureMessages,
  tokens: measureAnswers,
  readers: measureReaders,
}

const [folder, scale = '1', only] = process.argv.slice(2)
const source = folder ? new URL(`file://${folder}/src/index.ts`).href : '../../../src/index.ts'
const { createHandler } = (await import(source)) as typeof import('../../../src/index.ts')
const figures: Record<string, number> = {}
for (const [topic, measure] of Object.entries(topics)) {
  if (only !== undefined && !only.split(',').includes(topic)) continue
  await measure({ createHandler, scale: Number(scale), record: recorder(topic, figures) })
}
console.log(JSON.stringify(figures))
process.exit(0)
