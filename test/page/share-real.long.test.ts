// A program's request answered by a tab with real generation: WebGPU computed on the CPU, a token in some
// seconds. Only where a model is given: SLUICE_TEST_MODEL and SLUICE_TEST_MODEL_LIB, as in real.test.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { buildPage } from '../../scripts/page.mjs'
import { launch } from './support/browser.ts'
import { ask, openSharingIn, shareModel } from './support/share-steps.ts'
import { errorsIn, saidIn, startSharingServer, untilOffered } from './support/sharing.ts'

const { SLUICE_TEST_MODEL: model, SLUICE_TEST_MODEL_LIB: model_lib } = process.env

const folder = mkdtempSync(join(tmpdir(), 'sluice-share-real-'))
let browser: Browser | undefined

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!model || !model_lib)('real generation, slow', () => {
  it('answers a program by the GPU of a tab', async () => {
    await buildPage(folder, join(root, 'test/workers/real.ts'))
    await using sharing = await startSharingServer(folder)
    browser = await launch()
    const context = await browser.newContext()
    const list = JSON.stringify([{ model, model_id: 'real', model_lib }])
    await context.addInitScript((own) => localStorage.setItem('sluice.models', own), list)
    const tab = await openSharingIn(context, sharing.url)
    await shareModel(tab, 'real', 300_000)
    await untilOffered(sharing.url, 'real')

    const startedAt = performance.now()
    const body = { stream: true, max_tokens: 3, temperature: 0 }
    const text = await (await ask(sharing.url, 'real', body)).text()
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    process.stdout.write(`real generation by a tab, ${seconds} s:\n${text}\n`)
    expect(errorsIn(text)).toEqual([])
    expect(saidIn(text).length).toBeGreaterThan(0)
    expect(text).toContain('"finish_reason":"length"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  }, 580_000)
})
