export type Body = NonNullable<RequestInit['body']>

export const messages = [{ role: 'user', content: 'Go.' }]

export const valid = JSON.stringify({ model: 'static', messages })

export const path = '/v1/chat/completions'

export type Post = (body: Body | null, headers?: Record<string, string>) => Promise<Response>
