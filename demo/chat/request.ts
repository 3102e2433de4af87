/** The request for the current conversation. */
import type { ChatBody, Part, SentMessage } from '../api.ts'
import { current, model, options, type Said } from '../state.ts'
import { images } from './image-store.ts'
import { toolsIn } from './tools.ts'

/** What a tool says whose result the user did not give: a server wants one for each call. */
const NOT_RUN = 'The tool was not run.'

/** The numbers of the options, with the least and the greatest of each. */
export const NUMBERS = {
  temperature: [0, 2],
  top_p: [0, 1],
  max_tokens: [1, Number.POSITIVE_INFINITY],
} as const

export type NumberName = keyof typeof NUMBERS

/** Undefined for an empty text, and NaN for one that is no such number. */
export function numberIn(name: NumberName, text: string): number | undefined {
  if (text.trim() === '') return undefined
  const [least, greatest] = NUMBERS[name]
  const value = Number(text)
  const isWhole = name !== 'max_tokens' || Number.isInteger(value)
  return value >= least && value <= greatest && isWhole ? value : Number.NaN
}

/** `urlOf` gives the URL of an image by its name; empty where it is not stored any more. */
export function requestBody(
  urlOf: (name: string) => string = (name) => images.value.get(name) ?? '',
): ChatBody {
  const { system, reasoning_effort, tools } = options.value
  const fields = (Object.keys(NUMBERS) as NumberName[]).map(
    (name) => [name, numberIn(name, options.value[name])] as const,
  )
  const set = fields.filter(([, value]) => value !== undefined && !Number.isNaN(value))
  const offered = toolsIn(tools).tools ?? []
  const head: SentMessage[] = system.trim() ? [{ role: 'system', content: system }] : []
  return {
    model: model.value,
    messages: [...head, ...sentMessages(current.value.messages, urlOf)],
    stream: true,
    stream_options: { include_usage: true },
    ...Object.fromEntries(set),
    ...(reasoning_effort && { reasoning_effort }),
    ...(offered.length > 0 && { tools: offered }),
  }
}

export function sentMessages(
  messages: readonly Said[],
  urlOf: (name: string) => string,
): SentMessage[] {
  return messages.flatMap((said, index) => {
    const { role, content, calls = [], callId } = said
    if (role === 'tool') return { role, content, tool_call_id: callId ?? '' }
    if (calls.length > 0) {
      const tool_calls = calls.map(({ id, name, arguments: text }) => ({
        id,
        type: 'function' as const,
        function: { name, arguments: text },
      }))
      return [{ role, content: content || null, tool_calls }, ...missing(said, messages[index + 1])]
    }
    const urls = (said.images ?? []).map(urlOf).filter((url) => url !== '')
    if (urls.length > 0) return { role, content: partsOf(content, urls) }
    return content === '' ? [] : { role, content }
  })
}

/** The user gives either all results or none. */
function missing({ calls = [] }: Said, next: Said | undefined): SentMessage[] {
  if (next?.role === 'tool') return []
  return calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: NOT_RUN }))
}

function partsOf(text: string, urls: readonly string[]): Part[] {
  const pictures = urls.map((url) => ({ type: 'image_url' as const, image_url: { url } }))
  return text === '' ? pictures : [{ type: 'text', text }, ...pictures]
}
