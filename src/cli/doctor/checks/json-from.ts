/** What a server says about itself. */
import { readBytes } from '../../../engines/upstream/json-body.ts'
import type { Fetch } from '../../../platform/fetch.ts'

/** The most bytes that are read of it. */
const LIMIT = 1024 * 1024

/** The JSON at an address; undefined where it cannot be had. */
export async function jsonFrom(
  fetch: Fetch,
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const response = await fetch(url, { headers, signal, redirect: 'manual' })
    return JSON.parse(new TextDecoder().decode(await readBytes(response, url, LIMIT)))
  } catch {
    return undefined
  }
}
