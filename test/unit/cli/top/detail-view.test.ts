import { describe, expect, it } from 'vitest'
import { detailFrame } from '../../../../src/cli/top/detail-view.ts'
import { paintFor } from '../../../../src/cli/top/paint.ts'
import { RequestWatch } from '../../../../src/cli/top/watch.ts'
import type { Activity } from '../../../../src/wire/activity/schema.ts'
import { activity, storeOf } from './rows.ts'

const size = { columns: 90, rows: 16 }

function frame(more: Partial<Activity>, watch = new RequestWatch('r1'), back = 0, raw = false) {
  const row = storeOf([activity('r1', 9_000, more)]).find('r1')
  return detailFrame({ row, watch, raw, back, message: '' }, size, paintFor(false), 0)
}

const text = (...words: string[]) => {
  const watch = new RequestWatch('r1')
  for (const content of words) {
    const data = {
      at: 1,
      text: `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`,
    }
    watch.take({ name: 'sent', data })
  }
  return watch
}

describe('an open request', () => {
  it('shows all that is known of one that failed', () => {
    const more: Partial<Activity> = {
      ...{ state: 'ended', outcome: 'failed', code: 'upstream_truncated', status: 200 },
      ...{ message: 'vllm ended its answer.', model: 'llama3.3:70b', engine: 'vllm', key: 'ci' },
      ...{ client: 'pi/1', session: 's-1', tokens: 77, promptTokens: 1_200, durationMs: 8_100 },
      ...{ queuedMs: 40, firstTokenMs: 400, longestGapMs: 6_100, stalls: 1, heartbeats: 2 },
      ...{
        blockedMs: 5,
        attempts: 2,
        affinity: 'moved',
        failures: ['ollama: upstream_unreachable'],
      },
      ...{ repairs: ['id', 'role'], capture: 'cap_r1', gaps: [20, 6_100] },
    }
    expect(frame(more).lines.join('\n')).toBe(`request r1  failed
POST /v1/chat/completions  status 200
model llama3.3:70b · engine vllm · key ci · client pi/1 · session s-1
time 8.10s · queued 40ms · first token 400ms · ~77 tokens · 1200 tokens read · longest gap
6.10s · stalls 1 · heartbeats 2 · client blocked 5ms
attempts 2 · conversation moved
failed before: ollama: upstream_unreachable
repaired: id, role
upstream_truncated: vllm ended its answer.
captured: GET /v1/captures/cap_r1
gaps ▁█
── text ──────────────────────────────────────────────────────────────────────────────────
What passes from now on is shown here; nothing is kept of what came before.


w bytes or text  s stop  arrows scroll  End follow  Esc back  q quit`)
  })

  it('shows where one waits', () => {
    const lines = frame({ state: 'queued', place: 3, durationMs: 900 }).lines
    expect(lines[0]).toBe('request r1  queued')
    expect(lines).toContain('place 3 in the queue')
    expect(frame({ state: 'loading', progress: 'loading 40 %' }).lines).toContain('loading 40 %')
  })

  it('follows what comes, and scrolls back on demand', () => {
    const watch = text(...Array.from({ length: 40 }, (_, i) => `line ${i}\n`))
    const bottom = frame({}, watch)
    expect(bottom.lines).toContain('line 39')
    expect(bottom.lines).not.toContain('line 20')
    const higher = frame({}, watch, 19)
    expect(higher.lines).toContain('line 20')
    expect(higher.lines).not.toContain('line 39')
    const top = frame({}, watch, 1e9)
    expect(top.lines).toContain('line 0')
    expect(top.back).toBeLessThan(40)
  })

  it('says what was left out, and why nothing can be shown', () => {
    const watch = text('hello')
    watch.take({ name: 'lost', data: { count: 7 } })
    expect(frame({}, watch).lines).toContain('7 frames were left out: they came too fast.')
    const failed = new RequestWatch('r1')
    failed.failure = 'id: expected another.'
    expect(frame({}, failed).lines).toContain('id: expected another.')
    const ended = new RequestWatch('r1')
    ended.isOver = true
    expect(frame({ state: 'ended' }, ended).lines.join(' ')).toMatch(/It has ended\. What it sent/)
  })
})
