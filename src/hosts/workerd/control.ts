/** What the process that runs workerd asks its worker, over a socket that only this user can open. */
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { SettingsError } from '../../settings/settings.ts'

/** Calls the worker's `control` entry point: GET returns the engines, PUT sets settings from the body. */
export async function callControl(socketPath: string, body?: string): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'PUT'
    request({ socketPath, agent: false, method }, resolve).on('error', reject).end(body)
  })
  const answer = await json(response)
  if (response.statusCode !== 200)
    throw new SettingsError(String((answer as { error?: unknown }).error))
  return answer
}

/**
 * Asks the worker a question that it answers in its own time; "/idle" once no stream runs in an object. workerd
 * waits for that answer as for any other, where it would not wait for what no client reads. Resolves when the
 * answer has begun; never rejects.
 */
export function holdOpen(socketPath: string, path: string): Promise<void> {
  return new Promise((resolve) => {
    request({ socketPath, agent: false, path }, (response) => {
      response.resume().on('error', () => {})
      resolve()
    })
      .on('error', () => resolve())
      .end()
  })
}
