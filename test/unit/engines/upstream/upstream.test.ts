import { expect, it } from 'vitest'
import { Upstream } from '../../../../src/engines/upstream/upstream.ts'

const never = new AbortController().signal
const request = { model: 'm', messages: [], stream: false }

/** What a client is told where the upstream answers so. */
async function told(response: () => Response, key?: string) {
  const url = 'http://127.0.0.1:11434/v1'
  const upstream = new Upstream({
    url,
    label: 'gpu',
    key,
    fetch: async () => response(),
  })
  return upstream.chat(request as never, never).then(
    () => 'an answer',
    (error: unknown) => error,
  )
}

it('keeps the status of a refusal that is not UTF-8', async () => {
  const bytes = new Uint8Array([0xff, 0xfe])
  expect(await told(() => new Response(bytes, { status: 403 }))).toMatchObject({
    status: 403,
    message: 'gpu answered 403',
  })
})

it('calls an answer invalid that is not UTF-8, or nests too deep', async () => {
  const headers = { 'content-type': 'application/json' }
  const deep = `{"x":${'['.repeat(100_000)}`
  for (const body of [new Uint8Array([0x22, 0xff, 0x22]), deep]) {
    expect(await told(() => new Response(body, { headers }))).toMatchObject({
      status: 502,
      code: 'upstream_invalid',
    })
  }
})

it('hides its key and address in what the upstream says, but no word that is a key for show', async () => {
  const message = 'ollama: sk-12345678 at 127.0.0.1:11434 is no key for ollama/m'
  const refuse = () => Response.json({ error: { message } }, { status: 401 })
  expect(await told(refuse, 'sk-12345678')).toMatchObject({
    message: 'ollama: … at … is no key for ollama/m',
  })
  expect(await told(refuse, 'ollama')).toMatchObject({
    message: 'ollama: sk-12345678 at … is no key for ollama/m',
  })
})
