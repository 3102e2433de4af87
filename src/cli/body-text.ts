import type { Fetched } from '../platform/fetch.ts'

/** The body of a response as text. */
export async function bodyText({ body }: Fetched): Promise<string> {
  const decoder = new TextDecoder()
  const reader = body?.getReader()
  let text = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text += decoder.decode(part.value, { stream: true })
  }
  return text + decoder.decode()
}
