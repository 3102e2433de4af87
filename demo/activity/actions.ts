/** What can be done with a request. */
import { signal } from '@preact/signals'
import { formatRecording } from '../../src/recording/recording.ts'
import { curlFor } from '../../src/util/curl-command.ts'
import type { Activity } from '../../src/wire/activity/schema.ts'
import { key } from '../api.ts'
import { saveFile } from '../save-file.ts'
import { callApi, errorOf } from './events.ts'
import { recordingOf } from './recorded.ts'
import { rows } from './store.ts'
import { captured, type Seen, seen } from './watch.ts'

/** What the last action did: one line, which is read out. */
export const told = signal('')

let forgetting: ReturnType<typeof setTimeout> | undefined

export function tell(text: string): void {
  told.value = text
  clearTimeout(forgetting)
  forgetting = setTimeout(() => {
    told.value = ''
  }, 8_000)
}

function nameOf(record: Activity | undefined): string {
  if (record === undefined) return 'the request'
  const what = record.model ?? record.path
  return record.key === undefined ? `the request to ${what}` : `${record.key}’s request to ${what}`
}

export async function stopRequest(id: string): Promise<void> {
  const name = nameOf(rows.get(id)?.record.peek())
  try {
    const path = `/activity/${encodeURIComponent(id)}/cancel`
    const response = await callApi(path, { method: 'POST' })
    if (response.ok) tell(`Stopped ${name}.`)
    else if (response.status === 409) tell(`Too late: ${name} had ended.`)
    else {
      const { message } = await errorOf(response)
      tell(`Could not stop ${name}: ${message || `status ${response.status}`}`)
    }
  } catch {
    tell(`Could not stop ${name}: the server does not answer.`)
  }
}

/** A request without its captured body, to be filled in. */
const PLACEHOLDER = 'the body was not captured'

export async function copyCurl(
  record: Activity,
  recording = seen.peek()?.recording,
): Promise<void> {
  const { capture } = record
  const from = recording ?? (capture === undefined ? undefined : await captured(capture))
  const body = from === undefined || typeof from === 'string' ? undefined : from.request.body
  const text = curlFor({
    url: new URL(record.path, location.origin).href,
    method: record.method,
    body: body ?? (record.method === 'GET' ? undefined : placeholderOf(record)),
    requiresKey: key.peek() !== '' || record.key !== undefined,
    streamed: record.streamed,
  })
  const isCopied = await copy(text)
  if (!isCopied) return
  tell(
    body !== undefined || record.method === 'GET'
      ? 'Copied as a curl command.'
      : `Copied as a curl command. Its messages are a placeholder, as ${PLACEHOLDER}.`,
  )
}

/** A small body that the route accepts. */
function placeholderOf({ api, model = '', streamed }: Activity): string {
  const messages = [{ role: 'user', content: 'Hello!' }]
  const fields: Record<string, unknown> = { model, stream: streamed }
  if (api === '/v1/responses') fields.input = 'Hello!'
  else if (api === '/v1/completions' || api === '/api/generate') fields.prompt = 'Hello!'
  else if (api === '/v1/embeddings') return JSON.stringify({ model, input: 'Hello!' })
  else if (api === '/v1/messages') Object.assign(fields, { max_tokens: 1_024, messages })
  else fields.messages = messages
  return JSON.stringify(fields)
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    tell('Could not copy: the browser allows it only on pages from https or localhost.')
    return false
  }
}

/** Downloads the capture, or what was seen since the request was opened. */
export async function save(now: Seen): Promise<void> {
  const capture = now.recording === undefined ? now.record?.capture : undefined
  const fetched = capture === undefined ? undefined : await captured(capture)
  const isCapture = fetched !== undefined && typeof fetched !== 'string'
  const recording = isCapture ? fetched : recordingOf(now)
  if (recording === undefined) return
  saveFile(`sluice-${now.id.replace(/[^\w-]/g, '')}.jsonl`, formatRecording(recording))
  const isAll = isCapture || now.recording !== undefined
  if (isAll) tell('Saved the captured stream.')
  else if (now.isWhole) tell('Saved what was sent since it was opened: the whole answer.')
  else tell('Saved what was sent since it was opened, not the whole answer.')
}
