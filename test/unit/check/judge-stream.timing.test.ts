import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkStream } from '../../../src/check/check-stream.ts'
import { dialects } from '../../../src/check/dialects/dialects.ts'
import { rulesPage } from '../../../src/check/rules/docs-page.ts'
import type { DialectName } from '../../../src/check/rules/rule.ts'
import { rules } from '../../../src/check/rules/rules.ts'
import { dial } from '../../../src/hosts/node/dial.ts'
import { record } from '../../../src/recording/record.ts'
import type { Recording } from '../../../src/recording/recording.ts'
import { socketFetch } from '../../../src/transport/http1/fetch.ts'
import type { Script } from '../../support/script.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'
import { chunkOf, sound } from '../../support/zoo/chat.ts'
import { soundIn, zoo } from '../../support/zoo.ts'

const fetch = socketFetch(dial)
let upstream: Upstream
beforeAll(async () => {
  upstream = await startUpstream()
})
afterAll(() => upstream.close())

/** A stream as it comes off the network. */
function ask(
  script: Script,
  more: object = { stream_options: { include_usage: true } },
  dialect: DialectName = 'chat',
) {
  return record({
    fetch,
    url: upstream.url + dialects[dialect].path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'zoo', stream: true, messages: [], ...more, script }),
    by: 'a test',
    signal: AbortSignal.timeout(10_000),
  })
}

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

function broken(recording: Recording): string[] {
  return checkStream(recording).map(({ rule }) => rule)
}

describe('a stream', () => {
  it.each(Object.entries(soundIn))('of %s as it should be breaks no rule', async (name, frames) => {
    const steps = frames.flatMap((send) => [{ send }, { wait: 12 }])
    expect(broken(await ask({ headers, steps }, undefined, name as DialectName))).toEqual([])
  })

  it.each(zoo.map((animal) => ({ ...animal, like: animal.like ?? 'a broken one' })))(
    'of $dialect that breaks $rule breaks only that, like $like',
    async (animal) => {
      const { rule, script, dialect } = animal
      const findings = checkStream(await ask(script, undefined, dialect))
      expect(findings.map((finding) => finding.rule)).toEqual([rule])
      expect(findings[0]?.seen).not.toBe('')
    },
  )

  it('that is packed although nobody asked breaks content-encoding', async () => {
    const packed = gzipSync(sound.join('')).toString('base64')
    const script = {
      headers: { ...headers, 'content-encoding': 'gzip' },
      steps: [{ base64: packed }],
    }
    expect(broken(await ask(script))).toEqual(['content-encoding'])
  })

  it('that brings usage nobody asked for breaks usage-unasked', async () => {
    const steps = sound.map((send) => ({ send }))
    expect(broken(await ask({ headers, steps }, {}))).toEqual(['usage-unasked'])
    const [recording] = [await ask({ headers, steps: steps.filter((_, at) => at !== 6) }, {})]
    expect(broken(recording as Recording)).toEqual([])
  })

  it('that is quiet for too long breaks silence', async () => {
    const recording = await ask({ headers, steps: sound.map((send) => ({ send })) })
    const late = recording.packets.map((packet, at) => ({ ...packet, at: packet.at + at * 16_000 }))
    const cut = late.length > 1 ? late : splitOne(late)
    expect(broken({ ...recording, packets: cut })).toEqual(['silence'])
  })

  it('that is no stream is judged by its type alone', async () => {
    const page = { headers: { 'content-type': 'text/html' }, steps: [{ send: '<h1>Bad</h1>' }] }
    const rulesBroken = broken(await ask(page))
    expect(rulesBroken[0]).toBe('content-type')
    expect(
      rulesBroken.every((rule) => rules[rule as keyof typeof rules].section === 'headers'),
    ).toBe(true)
  })
})

function splitOne([packet]: Recording['packets']): Recording['packets'] {
  if (packet === undefined) return []
  const half = sound.slice(0, 3).join('').length
  return [
    { at: packet.at, bytes: packet.bytes.slice(0, half) },
    { at: packet.at + 16_000, bytes: packet.bytes.slice(half) },
  ]
}

describe('a finding', () => {
  it('shows the bytes, where they are and when they came', async () => {
    const steps = [
      ...sound.slice(0, 2).map((send) => ({ send })),
      { wait: 80 },
      { send: 'now something else\n\n' },
      ...sound.slice(2).map((send) => ({ send })),
    ]
    const [finding] = checkStream(await ask({ headers, steps }))
    expect(finding).toMatchObject({
      rule: 'stray-line',
      offset: sound.slice(0, 2).join('').length,
      bytes: 'now something else',
    })
    expect(finding?.at).toBeGreaterThan(60)
  })

  it('counts what is broken again and again', async () => {
    const lines = sound.map((send) => ({ send: send.replaceAll('\n', '\r\n') }))
    const [finding] = checkStream(await ask({ headers, steps: lines }))
    expect(finding).toMatchObject({ rule: 'line-ends', count: sound.length })
  })
})

describe('every rule', () => {
  it('about streams has a server that breaks it', () => {
    const tested = new Set([
      ...zoo.map(({ rule }) => rule),
      ...['content-encoding', 'usage-unasked', 'silence'],
    ])
    const sections = ['headers', 'framing', 'arrival', 'schema', 'contract']
    const ours = Object.entries(rules).filter(([, { section }]) => sections.includes(section))
    expect(ours.map(([name]) => name).filter((name) => !tested.has(name))).toEqual([])
  })

  it('says what has to be, who stumbles, and what to do', () => {
    for (const { requirement, affected, repair } of Object.values(rules)) {
      for (const words of [requirement, affected, repair])
        expect(words).toMatch(/^[\p{Lu}"[]?.{10,}\.$/u)
    }
    expect(chunkOf({})).toHaveProperty('choices')
  })
})

describe('the page of rules', () => {
  it('is what the code says: node scripts/rules.mjs writes it', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/rules.md'), 'utf8')
    expect(page).toBe(rulesPage())
    for (const name of Object.keys(rules)) expect(page).toContain(`### ${name}\n`)
  })
})
