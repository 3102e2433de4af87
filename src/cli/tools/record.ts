import { readFile, writeFile } from 'node:fs/promises'
import { dialects } from '../../check/dialects/dialects.ts'
import { record } from '../../recording/record.ts'
import { formatRecording, type Recording } from '../../recording/recording.ts'
import { SettingsError } from '../../settings/settings.ts'
import { VERSION } from '../../version.ts'
import { printable } from '../log.ts'
import type { Given } from '../options.ts'
import { modelAt, type Target, targetOf } from '../target.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice record URL [-o FILE] [options]',
  text: 'Asks a server for a stream and keeps it exactly as it arrives, bytes and times: as text, with\nkeys hidden, to read, to attach to a report, and to play again by "sluice replay FILE".\nURL is the root of an OpenAI-compatible API, or one endpoint of it.',
  table: {
    output: {
      value: 'FILE',
      short: 'o',
      text: 'Where it is written; to the standard output by default.',
    },
    model: { value: 'NAME', text: 'The model to ask; the first that is listed by default.' },
    prompt: { value: 'TEXT', short: 'p', text: 'What to ask it.' },
    data: {
      value: 'JSON|@FILE',
      short: 'd',
      text: 'The whole body to post instead of one that is made up of model and prompt.',
    },
    header: { value: "'NAME: VALUE'", short: 'H', text: 'A header to send.', many: true },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". Better in SLUICE_CLIENT_KEY: a process list shows flags.',
    },
  },
} as const

const PROMPT = 'Count from one to twenty in words.'

export const tool = defineTool(usage, async (given, bench) => {
  const target = targetOf(given.word(), given.text('key'), 'record')
  const own = ownHeaders(given.all('header'))
  const model = await modelAt(bench.fetch, target, given.text('model'))
  const body = await bodyOf(given, bench, target, model)
  const tell = await counter(bench)
  const recording = await record({
    fetch: bench.fetch,
    url: target.url,
    headers: {
      'content-type': 'application/json',
      ...target.headers,
      ...target.dialect?.headersFor(target.key),
      ...own,
    },
    body,
    by: `sluice ${VERSION} on ${bench.runtime}`,
    secrets: target.key === undefined ? [] : [target.key],
    signal: bench.signal,
    onPacket: ({ bytes }) => tell(bytes.length),
  })
  const text = formatRecording(recording)
  const file = given.text('output')
  if (file === undefined || file === '-') bench.out.write(text)
  else await write(file, text)
  bench.err.write(`${summaryOf(recording)}\n`)
  return recording.end.how === 'broken' ? 1 : 0
})

function ownHeaders(given: readonly string[]): Record<string, string> {
  const pairs = given.map((text) => {
    const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? []
    if (name === undefined || value === undefined) {
      throw new SettingsError(`--header: expected 'NAME: VALUE', got ${JSON.stringify(text)}.`)
    }
    return [name.toLowerCase(), value]
  })
  return Object.fromEntries(pairs)
}

async function bodyOf(
  given: Given<'data' | 'prompt'>,
  { err }: ToolContext,
  target: Target,
  model: string | undefined,
): Promise<string> {
  const data = given.text('data')
  if (data !== undefined) return data.startsWith('@') ? readText(data.slice(1)) : data
  if (model === undefined) {
    err.write(
      'sluice: no model is named by --model and none is listed; the server has to choose.\n',
    )
  }
  const text = given.text('prompt') ?? PROMPT
  const { dialect = dialects.chat } = target
  return JSON.stringify(dialect.body({ model, text, stream: true, usage: true }))
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    throw new SettingsError(`--data: ${path} can't be read: ${cause.message}`, { cause })
  })
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: Error) => {
    throw new SettingsError(`--output: ${path} can't be written: ${cause.message}`, { cause })
  })
}

/** Shows on a terminal how much has come. */
async function counter({ err }: ToolContext): Promise<(bytes: number) => void> {
  if (!(await err.isTerminal())) return () => {}
  let packets = 0
  let length = 0
  let shownAt = 0
  return (bytes) => {
    packets++
    length += bytes
    if (performance.now() - shownAt < 100) return
    shownAt = performance.now()
    err.write(`\r\u001b[K${packets} packets, ${length} bytes\r`)
  }
}

function summaryOf({ response, packets, end }: Recording): string {
  const told = end.why === undefined ? '' : ` (${printable(end.why)})`
  if (response === undefined) return `Nobody answered${told}.`
  const bytes = packets.reduce((sum, packet) => sum + packet.bytes.length, 0)
  const type = response.headers.find(([name]) => name === 'content-type')?.[1] ?? 'no type'
  const first = packets[0] === undefined ? '' : `, the first after ${Math.round(packets[0].at)} ms`
  const how = { end: 'it ended', broken: 'the connection broke', stopped: 'stopped' }[end.how]
  return `${response.status} ${printable(type)}: ${packets.length} packets, ${bytes} bytes${first}; ${how} after ${(end.at / 1000).toFixed(2)} s${told}.`
}
