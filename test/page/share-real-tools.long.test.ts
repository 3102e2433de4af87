// A call of a tool by a model on real WebGPU, which has made-up weights and knows nothing of tools: that
// the call is whole and valid is the work of the grammar alone. Only where a model is given:
// SLUICE_TEST_MODEL and SLUICE_TEST_MODEL_LIB, as in real.test.ts. Its prompt has some 600 characters: without a
// GPU that takes minutes by a tokenizer that knows them in a few tokens, and hours by one of single bytes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { buildPage } from '../../scripts/page.mjs'
import { copyOfWebllm } from '../support/webllm-insides.ts'
import { launch } from './support/browser.ts'
import { ask, openSharingIn, shareModel } from './support/share-steps.ts'
import { errorsIn, saidIn, startSharingServer, untilOffered } from './support/sharing.ts'

const { SLUICE_TEST_MODEL: model, SLUICE_TEST_MODEL_LIB: model_lib } = process.env

/** Its grammar leaves a model nothing to go on with but white space, which one that chooses at random ends soon. */
const light = {
  type: 'function',
  function: {
    name: 'light',
    parameters: {
      type: 'object',
      properties: { on: { type: 'boolean' } },
      required: ['on'],
      additionalProperties: false,
    },
  },
}

/** A chunk of a stream. */
interface Chunk {
  choices: {
    delta: {
      content?: string | null
      tool_calls?: { id: string; function: { name: string; arguments: string } }[]
    }
    finish_reason: string | null
  }[]
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-share-real-tools-'))
let browser: Browser | undefined

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!model || !model_lib)('tools with real generation, slow', () => {
  it('makes a whole and valid call where one is required', async () => {
    await buildPage(folder, join(root, 'test/workers/real.ts'), {
      '/@mlc-ai/web-llm/lib/index.js': copyOfWebllm('web-llm-for-pages.mjs'),
    })
    await using sharing = await startSharingServer(folder)
    browser = await launch()
    const context = await browser.newContext()
    const own = { model, model_id: 'real', model_lib, tool_form: 'Qwen2.5-7B-Instruct-' }
    const list = JSON.stringify([own])
    await context.addInitScript((text) => localStorage.setItem('sluice.models', text), list)
    const tab = await openSharingIn(context, sharing.url)
    await shareModel(tab, 'real', 300_000)
    await untilOffered(sharing.url, 'real')

    const startedAt = performance.now()
    // Streamed, since a prompt takes longer than `fetch` waits for headers.
    const asked = { tools: [light], tool_choice: 'required', parallel_tool_calls: false }
    const more = { ...asked, stream: true, temperature: 1, seed: 7, max_tokens: 100 }
    const text = await (await ask(sharing.url, 'real', more)).text()
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    process.stdout.write(`a call of a tool by a tab, ${seconds} s:\n${text}\n`)
    expect(errorsIn(text)).toEqual([])
    const chunks = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => {
      return JSON.parse(json ?? '') as Chunk
    })
    const choices = chunks.flatMap((chunk) => chunk.choices)
    const [call, ...others] = choices.flatMap(({ delta }) => delta.tool_calls ?? [])
    expect(others).toEqual([])
    expect(call?.function.name).toBe('light')
    const { on, ...rest } = JSON.parse(call?.function.arguments ?? '') as { on?: unknown }
    expect([true, false]).toContain(on)
    expect(rest).toEqual({})
    expect(saidIn(text)).toBe('')
    expect(choices.at(-1)?.finish_reason).toBe('tool_calls')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  }, 1_800_000)
})
