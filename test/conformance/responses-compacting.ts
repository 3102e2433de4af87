// Requests to compact a conversation.

export type Fields = Record<string, unknown>

export const script = { persona: 'vllm', words: ['All', 'is', 'well.'] }

export const user = (text: string) => ({ role: 'user', content: text })
export const input = [
  { role: 'developer', content: 'Be brief.' },
  user('Fix the bug.'),
  { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
  { type: 'function_call', call_id: 'c1', name: 'run', arguments: '{}' },
  { type: 'function_call_output', call_id: 'c1', output: 'fixed' },
  { role: 'assistant', content: 'Done.' },
  user('And the test?'),
]

export interface Compaction {
  id: string
  object: string
  created_at: number
  output: Fields[]
  usage: Fields
}

export function postTo(
  root: string,
  path: string,
  body: object,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${root}/responses/${path}`, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ model: 'm', ...body }),
  })
}
