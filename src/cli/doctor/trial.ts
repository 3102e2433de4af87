/** Asks a model for one token, as `--try` wants. */
import type { Fetch } from '../../platform/fetch.ts'
import type { Examination, Observation } from './finding.ts'
import { failureText } from './reach.ts'

interface Tried {
  name: string
  url: string
  key: string | undefined
  model: string
}

/** Never rejects. */
export async function tryFirstToken(
  { context: { fetch }, program }: Pick<Examination, 'context' | 'program'>,
  { name, url, key, model }: Tried,
  signal: AbortSignal,
): Promise<Observation> {
  const command = `${program} check ${url} --model ${model}`
  const start = performance.now()
  try {
    const body = { model, stream: true, max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] }
    const headers = {
      'content-type': 'application/json',
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    }
    const init = { method: 'POST' as const, headers, body: JSON.stringify(body), signal }
    const response = await fetch(`${url}/chat/completions`, init)
    const text = await readToData(response)
    const ms = Math.round(performance.now() - start)
    if (response.ok && /^data: *\{/m.test(text) && !/"error"/.test(text)) {
      return {
        code: 'first_token',
        level: 'ok',
        text: `${model} at ${name} sent its first event after ${ms} ms.`,
      }
    }
    const why = `it answered with status ${response.status} and no event of a stream`
    return failed(name, model, why, command)
  } catch (error) {
    return failed(name, model, failureText(error), command)
  }
}

function failed(name: string, model: string, why: string, command: string): Observation {
  const text = `${model} at ${name} did not stream a token: ${why}.`
  const remedy = 'Look at the output of that server; this says more of how it streams:'
  return { code: 'no_token', level: 'problem', text, remedy, command }
}

/** The body as far as its first event. */
async function readToData({ body }: Awaited<ReturnType<Fetch>>): Promise<string> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text += decoder.decode(part.value, { stream: true })
    if (/^data: *\{.*\n/m.test(text) || text.length > 100_000) {
      await reader?.cancel().catch(() => {})
      break
    }
  }
  return text
}
