/** What the process that runs workerd asks its worker, over a socket that only this user can open. */
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { SettingsError } from '../../settings/settings.ts'

/**
 * An empty name, as there is no TLS: Node would otherwise find out whether the host is an address, and
 * compile an expression for IPv6 (3 ms) that nothing else at a start needs.
 */
const options = { agent: false, servername: '' } as const

/** Calls the worker's `control` entry point: GET returns the engines, PUT sets settings from the body. */
export async function callControl(socketPath: string, body?: string): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'PUT'
    request({ ...options, socketPath, method }, resolve)
      .on('error', reject)
      .end(body)
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
    request({ ...options, socketPath, path }, (response) => {
      response.resume().on('error', () => {})
      resolve()
    })
      .on('error', () => resolve())
      .end()
  })
}
