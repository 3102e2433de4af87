import { describe, expect, it } from 'vitest'
import type { ChatAnswer } from '../../../../src/cli/chat/answer.ts'
import { ChatConversation } from '../../../../src/cli/chat/conversation.ts'
import { summaryLines } from '../../../../src/cli/chat/summary.ts'

const answer: ChatAnswer = {
  text: 'Hello there',
  outcome: { how: 'finished', reason: 'stop' },
  arrivals: [210, 260, 310, 1_210],
  totalMs: 1_250,
  deltas: 5,
  hasReasoning: false,
  usage: { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 },
  repaired: [],
}

function line(changes: Partial<ChatAnswer>): string {
  return summaryLines({ ...answer, ...changes }, 200).join('\n')
}

describe('the line under an answer', () => {
  it('says how fast it came, how much it was and how it ended', () => {
    expect(line({})).toBe(
      '210 ms to the first token · 10 tokens/s · 11 tokens (7 in) · finished: stop · ▁▁█ ≤ 900 ms',
    )
  })

  it('counts what came where the server did not, and says so', () => {
    expect(line({ usage: undefined })).toContain(
      '4.0 deltas/s · 5 deltas, the server sent no token count',
    )
  })

  it('leaves reasoning that nobody saw out of the rate', () => {
    const usage = { prompt_tokens: 7, completion_tokens: 1_006, total_tokens: 1_013 }
    const hidden = { ...usage, completion_tokens_details: { reasoning_tokens: 1_001 } }
    expect(line({ usage: hidden })).toContain('4.0 tokens/s · 1006 tokens')
    expect(line({ usage: hidden, hasReasoning: true })).toContain('1005 tokens/s')
  })

  it('gives no rate for what came all at once', () => {
    expect(line({ arrivals: [12_000] })).toBe(
      '12.0 s to the first token · all at once · 11 tokens (7 in) · finished: stop',
    )
  })

  it('names what was repaired, and every other end', () => {
    expect(line({ repaired: ['done', 'role'] })).toContain('repaired: done, role · finished')
    expect(line({ outcome: { how: 'cancelled' } })).toContain(' · cancelled · ')
    const failed = { how: 'failed', message: 'gone \u001b[2J', code: 'c', status: 502 } as const
    const none = { arrivals: [], deltas: 0, usage: undefined }
    expect(line({ ...none, outcome: failed })).toBe('failed: gone \\u001b[2J [c]')
    expect(line({ ...none, outcome: { how: 'cancelled' } })).toBe('cancelled')
    expect(line({ ...none })).toBe('1.25 s in all · finished: stop')
  })

  it.each([20, 26, 34, 50, 80])('fits into %i columns', (width) => {
    const failed = { how: 'failed', message: 'no room at all for another answer', code: null }
    for (const outcome of [answer.outcome, { ...failed, status: 503 } as ChatAnswer['outcome']]) {
      for (const each of summaryLines({ ...answer, outcome }, width)) {
        expect(each.length).toBeLessThanOrEqual(width)
      }
    }
  })
})

describe('a conversation', () => {
  it('keeps what was answered and what was stopped, but not what failed', () => {
    const talk = new ChatConversation('Be kind.')
    talk.asking('one')
    expect(talk.keep(answer)).toBe(true)
    talk.asking('two')
    expect(talk.keep({ ...answer, text: 'Hal', outcome: { how: 'cancelled' } })).toBe(true)
    talk.asking('three')
    const failed = { how: 'failed', message: '', code: null, status: 0 } as const
    expect(talk.keep({ ...answer, outcome: failed })).toBe(false)
    talk.asking('four')
    expect(talk.keep({ ...answer, text: '' })).toBe(false)
    expect(talk.asking('five').map(({ content }) => content)).toEqual([
      ...['Be kind.', 'one', 'Hello there', 'two', 'Hal', 'five'],
    ])
  })

  it('takes back the last answer to ask again, and no other', () => {
    const talk = new ChatConversation(undefined)
    expect(talk.again()).toBeUndefined()
    talk.asking('one')
    talk.keep(answer)
    talk.asking('two')
    expect(talk.again()).toBe('two')
    expect(talk.messages()).toHaveLength(2)
    talk.asking('two')
    talk.keep(answer)
    expect(talk.messages()).toHaveLength(4)
    expect(talk.again()).toBe('two')
    expect(talk.messages()).toHaveLength(2)
    talk.clear()
    expect([talk.again(), talk.messages()]).toEqual([undefined, []])
  })

  it('takes back nothing where the same was asked twice and failed the second time', () => {
    const talk = new ChatConversation(undefined)
    talk.asking('one')
    talk.keep(answer)
    talk.asking('one')
    expect(talk.again()).toBe('one')
    expect(talk.messages()).toHaveLength(2)
  })
})
