import { describe, expect, it } from 'vitest'
import { SESSION_HEADERS, sessionIdOf } from '../../../src/wire/session-id.ts'

const UUID = '57a121ec-f78c-48c3-a745-e3036a3ecc33'

describe('the session of a request', () => {
  it.each(SESSION_HEADERS)('is in the header %s', (name) => {
    expect(sessionIdOf(new Headers({ [name]: UUID }), {})).toBe(UUID)
  })

  it.each<[string, object]>([
    ['prompt_cache_key, of Codex and pi', { prompt_cache_key: UUID }],
    ['session_id, as for OpenRouter', { session_id: UUID }],
    ['conversation, of Responses', { conversation: UUID }],
    ['conversation.id, of Responses', { conversation: { id: UUID } }],
    ['metadata.session_id', { metadata: { session_id: UUID } }],
    [
      'metadata.user_id of Claude Code',
      { metadata: { user_id: JSON.stringify({ device_id: 'd', session_id: UUID }) } },
    ],
    [
      'metadata.user_id of an older Claude Code',
      { metadata: { user_id: `user_0a1b_account__session_${UUID}` } },
    ],
  ])('is in the field %s', (_, body) => {
    expect(sessionIdOf(new Headers(), body)).toBe(UUID)
  })

  it.each<[string, object | undefined]>([
    ['no body', undefined],
    ['no field', { model: 'm' }],
    ['an empty one', { prompt_cache_key: '', session_id: '', conversation: { id: '' } }],
    ['none of text', { prompt_cache_key: 1, conversation: [UUID], metadata: [UUID] }],
    ['a user alone', { user: 'u', metadata: { user_id: 'someone' } }],
    ['a user as other JSON', { metadata: { user_id: '{"user":"u"}' } }],
    ['a user as broken JSON', { metadata: { user_id: '{"session_id":' } }],
    ['a user of any length', { metadata: { user_id: `${'x'.repeat(9_999)}_session_1` } }],
  ])('is not there with %s', (_, body) => {
    expect(sessionIdOf(new Headers({ 'x-session-id': '' }), body)).toBeUndefined()
  })

  it('is that of a header rather than of a field, and never long', () => {
    const headers = new Headers({ 'x-session-id': 'h'.repeat(9_999), session_id: 'other' })
    expect(sessionIdOf(headers, { prompt_cache_key: 'p' })).toBe('h'.repeat(256))
    expect(sessionIdOf(new Headers(), { prompt_cache_key: 'p'.repeat(9_999) })).toHaveLength(256)
  })
})
