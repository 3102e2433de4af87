import { createHash } from 'node:crypto'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { expectError } from '../support/refusal.ts'
import { type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { postResponses, readResponsesStream } from '../support/responses.ts'
import { type HostName, startServer } from '../support/server.ts'
import { type Answer, ask, full } from './responses-asking.ts'

export function kept(host: HostName, relay: Relay): void {
  const url = (path: string) => `${relay.server.base}/responses/${path}`

  it('goes on from a response, without its instructions', async () => {
    const said = { persona: 'vllm', words: ['Blue.'] }
    const first = await ask(relay, { instructions: 'Be kind.', input: 'Colour?', script: said })
    const body = tag({ input: 'Sure?', previous_response_id: first.id, script: said })
    const second = await ask(relay, body)
    expect(sentFor(relay, body)[0]?.body).toMatchObject({
      messages: [
        { role: 'user', content: 'Colour?' },
        { role: 'assistant', content: 'Blue.' },
        { role: 'user', content: 'Sure?' },
      ],
    })
    expect(second.previous_response_id).toBe(first.id)
    // What it was asked with stays its own, whatever becomes of the first.
    expect((await fetch(url(first.id), { method: 'DELETE' })).status).toBe(200)
    const third = tag({ input: 'Yes?', previous_response_id: second.id, script: said })
    await ask(relay, third)
    const sent = sentFor(relay, third)[0]?.body as { messages: unknown[] }
    expect(sent.messages).toHaveLength(5)
  })

  it('is found as it was told, and streamed ones too', async () => {
    const whole = await ask(relay, { script: full })
    expect(await (await fetch(url(whole.id))).json()).toEqual(whole)
    const read = await readResponsesStream(await postResponses(relay.server.base, { script: full }))
    const found = await fetch(url(String(read.response?.id)))
    expect(await found.json()).toEqual(read.response)
  })

  it('may refer to its items', async () => {
    const { output } = await ask(relay, { script: full })
    const references = output.slice(0, 2).map(({ id }) => ({ type: 'item_reference', id }))
    const body = tag({ input: [...references, { role: 'user', content: 'And?' }], script: full })
    await ask(relay, body)
    expect(sentFor(relay, body)[0]?.body).toMatchObject({
      messages: [
        { role: 'assistant', content: 'It is so.', reasoning_content: 'Hm. Well.' },
        { role: 'user', content: 'And?' },
      ],
    })
    const unknown = { input: [{ type: 'item_reference', id: 'msg_nobody' }] }
    const error = await expectError(await postResponses(relay.server.base, unknown), 404)
    expect(error).toMatchObject({ code: 'item_not_found', param: 'input[0].id' })
  })

  it('is not kept where nobody wants it kept, and gone when it is deleted', async () => {
    const script = { persona: 'vllm', words: ['Hi.'] }
    const unkept = await ask(relay, { store: false, script })
    await expectError(await fetch(url(unkept.id)), 404)
    const body = { previous_response_id: unkept.id }
    const error = await expectError(await postResponses(relay.server.base, body), 400)
    expect(error).toMatchObject({
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    })
    const { id } = await ask(relay, { script })
    const deleted = await fetch(url(id), { method: 'DELETE' })
    expect(await deleted.json()).toEqual({ id, object: 'response', deleted: true })
    await expectError(await fetch(url(id)), 404)
    await expectError(await fetch(url(id), { method: 'DELETE' }), 404)
  })

  it('lists what it was asked with, in pages', async () => {
    const input = ['one', 'two', 'three'].map((content) => ({ role: 'user', content }))
    const { id } = await ask(relay, { input, script: full })
    const list = async (query: string) =>
      (await (await fetch(url(`${id}/input_items${query}`))).json()) as {
        data: { id: string; content: { text: string }[] }[]
        has_more: boolean
        last_id: string
      }
    const texts = ({ data }: Awaited<ReturnType<typeof list>>) =>
      data.map(({ content }) => content[0]?.text)
    expect(texts(await list(''))).toEqual(['three', 'two', 'one'])
    const first = await list('?order=asc&limit=2')
    expect(texts(first)).toEqual(['one', 'two'])
    expect(first.has_more).toBe(true)
    const rest = await list(`?order=asc&limit=2&after=${first.last_id}`)
    expect(texts(rest)).toEqual(['three'])
    expect(rest.has_more).toBe(false)
    for (const query of ['?limit=0', '?order=up', '?after=nobody']) {
      await expectError(await fetch(url(`${id}/input_items${query}`)), 400)
    }
  })

  it('is cancelled by its connection alone', async () => {
    const { id } = await ask(relay, { script: full })
    const error = await expectError(await fetch(url(`${id}/cancel`), { method: 'POST' }), 400)
    expect(error.code).toBe('not_background')
    await expectError(await fetch(url('resp_nobody/cancel'), { method: 'POST' }), 404)
    await expectError(await fetch(url(`${id}?stream=true`)), 400)
  })

  // Not on workerd: there the settings' successor is a process of its own.
  it('is kept when settings change', needs(host, 'process', 'reloading'), async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sluice-responses-'))
    const path = join(folder.path, 'sluice.json')
    await writeFile(path, JSON.stringify({ staticDelay: 0 }))
    await using server = await startServer(host, ['--config', path])
    const asked = await postResponses(server.base, { model: 'static', stream: false })
    const { id } = (await asked.json()) as Answer
    await writeFile(path, JSON.stringify({ staticDelay: 1 }))
    await server.untilStderr('are in force')
    expect((await fetch(`${server.base}/responses/${id}`)).status).toBe(200)
  })

  describe('by whom', () => {
    const keys = ['alice', 'bob'].map((name) => ({
      name,
      hash: `sha256:${createHash('sha256').update(`key-of-${name}`).digest('hex')}`,
    }))
    const guarded = useRelay(host, { env: { SLUICE_KEYS: JSON.stringify(keys) } })
    const as = (name: string) => ({ headers: { authorization: `Bearer key-of-${name}` } })

    it('is found by who asked, and by nobody else', async () => {
      const body = { stream: false, script: full }
      const asked = await postResponses(guarded.server.base, body, as('alice'))
      const { id, output } = (await asked.json()) as Answer
      const at = `${guarded.server.base}/responses/${id}`
      expect((await fetch(at, as('alice'))).status).toBe(200)
      await expectError(await fetch(at, as('bob')), 404)
      await expectError(await fetch(`${at}/input_items`, as('bob')), 404)
      await expectError(await fetch(at, { method: 'DELETE', ...as('bob') }), 404)
      const more = { previous_response_id: id }
      await expectError(await postResponses(guarded.server.base, more, as('bob')), 400)
      const input = [{ type: 'item_reference', id: output[0]?.id }]
      await expectError(await postResponses(guarded.server.base, { input }, as('bob')), 404)
      expect((await fetch(at, as('alice'))).status).toBe(200)
    })
  })
}
