import { expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { asked, postJson } from '../support/passing.ts'
import { rawRequest } from '../support/raw.ts'
import { expectError } from '../support/refusal.ts'
import type { Relay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { bearer } from './keys-entries.ts'

const FORM = '/v1/audio/transcriptions'

/** Forms, of which the server must read what sluice has checked; `bob-key` may use `small` alone. */
export function forms(relay: Relay, host: HostName): void {
  const part = (head: string, content: string) => `--b\r\n${head}\r\n\r\n${content}\r\n`
  const model = (name: string) => part('content-disposition: form-data; name="model"', name)
  const send = (body: string, type = 'multipart/form-data; boundary=b') =>
    postJson(relay.server.url + FORM, body, {
      headers: { ...bearer('bob-key').headers, 'content-type': type },
    })

  it('by hand is forwarded too', async () => {
    const response = await send(`${model('small')}--b--\r\n`)
    expect(response.status, await response.text()).toBe(200)
  })

  it('is written anew for a key that may use some models', async () => {
    const name = 'content-disposition: form-data; name='
    const file = 'Content-Type: audio/wav\r\nX-Own: model\r\nContent-Disposition: form-data; '
    const body = `${model('tiny')}${part(`${file}name=file; filename="a.wav"`, 'RIFF')}--b--\r\n`
    const response = await postJson(relay.server.url + FORM, body, {
      headers: { ...bearer('al-key').headers, 'content-type': 'multipart/form-data; boundary=b' },
    })
    expect(response.status, await response.text()).toBe(200)
    const { bytes } = asked(relay.upstream.requests, FORM).at(-1) ?? {}
    const written = part(`${name}"file"; filename="a.wav"\r\ncontent-type: audio/wav`, 'RIFF')
    expect(bytes?.toString()).toBe(`${part(`${name}"model"`, 'small')}${written}--b--\r\n`)
  })

  it('of another type is refused', async () => {
    const { message } = await expectError(await send('{}', 'application/json'), 415)
    expect(message).toContain('expected multipart/form-data')
    await expectError(await send('', 'multipart/form-data'), 400)
  })

  it.each([
    ['two models', `${model('small')}${model('big')}--b--`],
    [
      'a second one behind a bare line feed',
      `${model('small\n--b\ncontent-disposition: form-data; name="model"\n\nbig')}--b--`,
    ],
    ['a second one after the end', `${model('small')}--b--\r\n${model('big')}--b--`],
    ['a second one before the start', `x\r\n${model('small')}--b--`],
    [
      'another name for it',
      `${part('content-disposition: form-data; name="a"; name="model"', 'big')}--b--`,
    ],
    [
      'an encoded name',
      `${part("content-disposition: form-data; name*=utf-8''model", 'big')}--b--`,
    ],
    ['an escaped name', `${part('content-disposition: form-data; name="mod\\el"', 'big')}--b--`],
    ['a folded header', `${part('content-disposition: form-data;\r\n name="model"', 'big')}--b--`],
    [
      'a name in another case',
      `${part('content-disposition: form-data; name="MODEL"', 'big')}--b--`,
    ],
    [
      'an encoded model',
      `${part(
        'content-disposition: form-data; name="model"\r\ncontent-transfer-encoding: base64',
        'c21hbGw=',
      )}--b--`,
    ],
    [
      'a model in a file',
      `${part('content-disposition: form-data; name="model"; filename="a"', 'big')}--b--`,
    ],
    [
      'a name behind a semicolon within quotes',
      `${model('small')}${part('content-disposition: form-data; filename="a; name=model; x="; name="b"', 'big')}--b--`,
    ],
    ...['\ufeffmodel', 'model ', 'model[]', 'mod%65l', 'ｍodel'].map((name): [string, string] => [
      `a name that resembles it: ${name}`,
      `${part(`content-disposition: form-data; name="${name}"`, 'big')}--b--`,
    ]),
    [
      'a model in another encoding',
      `${part('content-disposition: form-data; name="model"\r\ncontent-type: text/plain; charset=utf-7', 'small')}--b--`,
    ],
    [
      'an encoding of all fields',
      `${model('small')}${part('content-disposition: form-data; name="_charset_"', 'utf-7')}--b--`,
    ],
    ['no end', model('small')],
    ['many fields', `${part('content-disposition: form-data; name="a"', '').repeat(101)}--b--`],
  ])('that may be read in another way is refused: %s', async (_, body) => {
    const before = asked(relay.upstream.requests, FORM).length
    const { code } = await expectError(await send(body), 400)
    expect(code).toBe('invalid_value')
    expect(asked(relay.upstream.requests, FORM)).toHaveLength(before)
  })

  it('whose client leaves in the middle ends nothing else', needs(host, 'sockets'), async () => {
    const request = await rawRequest({
      port: relay.server.port,
      path: FORM,
      headers: {
        ...bearer('root-key').headers,
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': '50000',
      },
      body: model('small'),
    })
    request.hangUp('reset')
    const response = await send(`${model('small')}--b--`)
    expect(response.status).toBe(200)
  })
}
