/** Calls `/v1/captures`. */
import type * as z from 'zod/mini'
import type { captureSchemas } from '../../src/wire/captures/schema.ts'
import { callApi, errorOf } from '../activity/events.ts'

export type CaptureList = z.infer<(typeof captureSchemas)['answers']['CaptureList']>
export type Capture = CaptureList['data'][number]

/** What sluice sent to the client, or what the engine sent in the last attempt. */
export type Side = 'client' | 'engine'

export function listCaptures(): Promise<CaptureList> {
  return json<CaptureList>('/captures')
}

/** Changes what is captured until the next restart. */
export async function setRule(rule: string): Promise<void> {
  await json('/captures', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ capture: rule }),
  })
}

/** The recording as `sluice record` writes it. */
export async function readCapture(id: string, side: Side): Promise<string> {
  const response = await answered(pathOf(id) + (side === 'engine' ? '?side=engine' : ''))
  return response.text()
}

export async function deleteCapture(id: string): Promise<void> {
  await answered(pathOf(id), { method: 'DELETE' })
}

export async function deleteCaptures(): Promise<void> {
  await answered('/captures', { method: 'DELETE' })
}

function pathOf(id: string): string {
  return `/captures/${encodeURIComponent(id)}`
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await answered(path, init)
  return (await response.json()) as T
}

/** Throws an `Error` with the API's message for any answer but a success. */
async function answered(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await callApi(path, { cache: 'no-store', ...init })
  if (response.ok) return response
  const { message } = await errorOf(response)
  throw new Error(message || `The server answered with status ${response.status}; see its log.`)
}
