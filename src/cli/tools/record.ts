import { readFile, writeFile } from 'node:fs/promises'
import { dialects } from '../../check/dialects/dialects.ts'
import { record } from '../../recording/record.ts'
import { formatRecording, type Recording } from '../../recording/recording.ts'
import { SettingsError } from '../../settings/settings.ts'
import { terminalLine, terminalText } from '../../util/safe/terminal.ts'
import { VERSION } from '../../version.ts'
import type { Given } from '../options.ts'
import { modelAt, type Target, targetOf } from '../target.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice record URL [-o FILE] [options]',
  text: 'Requests a stream from a server and saves it exactly as it arrives, with the time of each packet.\nThe recording is a text file without keys: read it, attach it to a bug report, or serve it again\nwith "sluice replay FILE". URL is the root of an OpenAI-compatible API, or one of its endpoints.',
  table: {
    output: {
      value: 'FILE',
      short: 'o',
      text: 'The file to write; by default the standard output.',
    },
    model: { value: 'NAME', text: 'The model to use; by default the first that the server lists.' },
    prompt: { value: 'TEXT', short: 'p', text: 'The prompt.' },
    data: {
      value: 'JSON|@FILE',
      short: 'd',
      text: 'The body of the request, instead of one made from the model and the prompt.',
    },
    header: { value: "'NAME: VALUE'", short: 'H', text: 'A header to send.', many: true },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". SLUICE_CLIENT_KEY is safer: the list of processes shows flags.',
    },
  },
} as const

const PROMPT = 'Count from one to twenty in words.'

export const tool = defineTool(usage, async (given, context) => {
  const target = targetOf(given.word(), given.text('key'), 'record')
  const own = ownHeaders(given.all('header'))
  const model = await modelAt(context.fetch, target, given.text('model'))
  const body = await bodyOf(given, context, target, model)
  const tell = await counter(context)
  const recording = await record({
    fetch: context.fetch,
    url: target.url,
    headers: {
      'content-type': 'application/json',
      ...target.headers,
      ...target.dialect?.headersFor(target.key),
      ...own,
    },
    body,
    by: `sluice ${VERSION} on ${context.runtime}`,
    secrets: target.key === undefined ? [] : [target.key],
    signal: context.signal,
    onPacket: ({ bytes }) => tell(bytes.length),
  })
  const text = formatRecording(recording)
  const file = given.text('output')
  if (file === undefined || file === '-') context.out.write(terminalText(text))
  else await write(file, text)
  context.err.write(`${summaryOf(recording)}\n`)
  return recording.end.how === 'broken' ? 1 : 0
})

function ownHeaders(given: readonly string[]): Record<string, string> {
  const pairs = given.map((text) => {
    const [name = '', ...rest] = text.split(':')
    if (rest.length === 0 || !/^[\w-]+$/.test(name)) {
      throw new SettingsError(`--header: expected 'NAME: VALUE', got ${JSON.stringify(text)}.`)
    }
    return [name.toLowerCase(), rest.join(':').trim()]
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
      'sluice: no model was named with --model and the server lists none, so the server chooses one.\n',
    )
  }
  const text = given.text('prompt') ?? PROMPT
  const { dialect = dialects.chat } = target
  return JSON.stringify(dialect.body({ model, text, stream: true, usage: true }))
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    throw new SettingsError(
      `--data: cannot read ${path}: ${cause.message}; name a file that exists.`,
      { cause },
    )
  })
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: Error) => {
    throw new SettingsError(
      `--output: cannot write ${path}: ${cause.message}; name a file in a folder that exists.`,
      { cause },
    )
  })
}

/** Shows on a terminal how much has arrived. */
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
  const reason = end.why === undefined ? '' : ` (${terminalLine(end.why)})`
  if (response === undefined) return `The server did not answer${reason}.`
  const bytes = packets.reduce((sum, packet) => sum + packet.bytes.length, 0)
  const type = response.headers.find(([name]) => name === 'content-type')?.[1] ?? 'no type'
  const first = packets[0] === undefined ? '' : `, the first after ${Math.round(packets[0].at)} ms`
  const how = { end: 'ended', broken: 'the connection broke', stopped: 'stopped' }[end.how]
  return `${response.status} ${terminalLine(type)}: ${packets.length} packets, ${bytes} bytes${first}; ${how} after ${(end.at / 1000).toFixed(2)} s${reason}.`
}
