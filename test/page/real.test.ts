// Real generation in a browser: WebGPU computed on the CPU, a token in some 20 s. Only where a model
// is given: SLUICE_TEST_MODEL and SLUICE_TEST_MODEL_LIB, URLs as web-llm's model_list has them.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { buildPage } from '../../scripts/page.mjs'
import { launch } from './support/browser.ts'
import { serveFolder } from './support/static-server.ts'

const { SLUICE_TEST_MODEL: model, SLUICE_TEST_MODEL_LIB: model_lib } = process.env

/** Runs in the page. */
async function complete(): Promise<{ status: number; text: string; seconds: number }> {
  const startedAt = performance.now()
  const response = await fetch('v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'real',
      stream: true,
      max_tokens: 3,
      temperature: 0,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  const text = await response.text()
  return { status: response.status, text, seconds: (performance.now() - startedAt) / 1000 }
}

describe.skipIf(!model || !model_lib)('real generation, slow', () => {
  it('gives a page three tokens through the service worker', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-real-'))
    await buildPage(folder, join(root, 'test/workers/real.ts'))
    const host = await serveFolder(folder)
    const browser = await launch()
    try {
      const page = await browser.newPage()
      const list = JSON.stringify([{ model, model_id: 'real', model_lib }])
      await page.addInitScript((own) => localStorage.setItem('sluice.models', own), list)
      await page.goto(`${host.url}#chat`)
      await page.getByText('real', { exact: true }).waitFor({ timeout: 30_000 })
      const { status, text, seconds } = await page.evaluate(complete)
      process.stdout.write(`real generation in Chromium, ${seconds.toFixed(0)} s:\n${text}\n`)
      expect(status).toBe(200)
      const chunks = text.split('\n').filter((line) => line.startsWith('data: {'))
      const said = chunks.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? '')
      expect(said.join('').length).toBeGreaterThan(0)
      expect(text).toContain('"finish_reason":"length"')
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    } finally {
      await browser.close()
      host.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }, 580_000)
})
