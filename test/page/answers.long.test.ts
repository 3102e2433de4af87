// The Content-Security-Policy holds without the sanitizer, and it is one of the two that stops the hostile answers
// of answers.test.ts: without both, they reach the other server.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launch } from './support/browser.ts'
import { hostileAnswers } from './support/hostile-answers.ts'
import { askAll, openHostileChat, readGlobal, whoReached } from './support/hostile-chat.ts'
import { EVIL, type HostileServer, startHostileServer } from './support/hostile-server.ts'
import { builtPage } from './support/pages.ts'

let browser: Browser
/** They show the page that does not sanitize a model's text, to a browser with the policy and to one without. */
let unsafe: HostileServer
let defenceless: HostileServer

beforeAll(async () => {
  const folder = await builtPage('unsafe')
  browser = await launch(`--host-resolver-rules=MAP ${EVIL} 127.0.0.1`)
  unsafe = await startHostileServer(folder)
  defenceless = await startHostileServer(folder)
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await unsafe?.[Symbol.asyncDispose]()
  await defenceless?.[Symbol.asyncDispose]()
})

const staying = hostileAnswers.flatMap(({ leaves }, number) => (leaves ? [] : [number]))

it('the policy holds without the sanitizer, on a host that serves only files', async () => {
  const opened = await openHostileChat(browser, `${unsafe.url}/`)
  await askAll(opened.page, staying)
  expect(whoReached(unsafe)).toEqual([])
  expect(await readGlobal(opened.page, 'hit')).toBeUndefined()
  const violations = (await readGlobal(opened.page, 'violations')) as string[]
  expect(violations.length).toBeGreaterThan(40)
  await opened.context.close()
}, 240_000)

it('without both of them, most answers reach the other server', async () => {
  const opened = await openHostileChat(browser, `${defenceless.url}/`, { bypassCSP: true })
  await askAll(opened.page, staying)
  expect(whoReached(defenceless).length).toBeGreaterThan(40)
  await opened.context.close()
}, 240_000)
