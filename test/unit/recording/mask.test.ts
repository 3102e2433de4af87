import { expect, it } from 'vitest'
import { masked } from '../../../src/recording/mask.ts'
import type { Recording } from '../../../src/recording/recording.ts'

function recordingOf(headers: Record<string, string>, body: string): Recording {
  return {
    recordedAt: '2026-01-01T00:00:00.000Z',
    by: 'a test',
    request: { method: 'POST', url: 'http://127.0.0.1/v1/chat/completions', headers, body },
    packets: [{ at: 1, bytes: new TextEncoder().encode(body) }],
    end: { at: 1, how: 'end' },
  }
}

it('leaves nothing of a secret that begins with another one', () => {
  const text = 'echo sk-team-0001-TAIL and sk-team-0001'
  const { request, packets } = masked(recordingOf({}, text), ['sk-team-0001', 'sk-team-0001-TAIL'])
  const [packet] = packets
  for (const shown of [request.body, new TextDecoder().decode(packet?.bytes)]) {
    expect(shown).not.toMatch(/TAIL|sk-team/)
    expect(shown).toHaveLength(text.length)
  }
})

it.each([
  'cf-access-jwt-assertion',
  'x-goog-iap-jwt-assertion',
  'x-auth',
  'x-user-password',
  'proxy-authorization',
  'set-cookie',
])('masks the header %s', (name) => {
  expect(masked(recordingOf({ [name]: 'hidden' }, ''), []).request.headers).toEqual({
    [name]: '***',
  })
})

it('shows the headers that say which session it is', () => {
  const headers = { 'x-session-affinity': 'a', 'user-agent': 'curl' }
  expect(masked(recordingOf(headers, ''), []).request.headers).toEqual(headers)
})
