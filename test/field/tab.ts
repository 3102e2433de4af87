/** A paired tab of a real browser as sluice's engine, whose model is the scripted one. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { root } from '../../scripts/hosts.mjs'
import { buildPage } from '../../scripts/page.mjs'
import { launch } from '../page/support/browser.ts'
import { openSharingIn, SOON, shareModel } from '../page/support/share-steps.ts'
import { serveFolder } from '../page/support/static-server.ts'
import { mayWrite } from '../support/xgrammar.ts'
import { readPrompt, written } from './hermes.ts'
import { FOLDER } from './install.ts'
import { type CommandFor, replyTo } from './model.ts'
import { type FieldNews, type FieldReply, MODEL } from './tab-words.ts'
import type { Asked, FieldEngine } from './upstream.ts'

const SLOW_GAP = 150

let built: Promise<string> | undefined

/** The folder of the page with the worker that asks for its words; built once in a run. */
function builtPage(): Promise<string> {
  const folder = join(FOLDER, 'page')
  built ??= buildPage(folder, join(root, 'test/workers/field.ts')).then(() => folder)
  return built
}

/** A web server with the page's files, which a sluice shows as its own. */
export async function serveTabPage(): Promise<{ url: string; close(): void }> {
  const { url, close } = await serveFolder(await builtPage(), '/')
  return { url: url.replace(/\/$/, ''), close }
}

/** Pairs a tab with the server at `url`, has it share the model, and waits until a client's key sees that. */
export async function startFieldTab(
  url: string,
  { folder, admin, client }: { folder: string; admin: string; client: string },
): Promise<FieldEngine> {
  const asked: Asked[] = []
  const browser = await launch()
  try {
    const secret = await openPairing(url, admin)
    const context = await browser.newContext()
    const tab = await openSharingIn(context, url, `#offer=${secret}`)
    await tab.page.getByText('This browser is paired as tab.').waitFor(SOON)
    await answerWorker(tab.page, folder, asked)
    await shareModel(tab, MODEL, 60_000)
    await untilListed(url, client)
  } catch (error) {
    await browser.close()
    throw error
  }
  return { asked, goDown: () => browser.close(), fault: () => faultOf(asked, folder) }
}

/** Tools write a copy of the note that they are to show. */
const copiesNote: CommandFor = (path) => `tee ${path}.copy < ${path}; sleep 0.3`

function faultOf(asked: Asked[], folder: string): string | undefined {
  const refused = asked.find((entry) => entry.refused !== undefined)?.refused
  if (refused !== undefined || !asked.some(({ reply }) => reply?.calls)) return refused
  const [note, copy] = ['note.txt', 'note.txt.copy'].map((name) => textOf(join(folder, name)))
  return note === copy ? undefined : 'The tool did not write its file.'
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

async function openPairing(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/v1/pairings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ name: 'tab', shared: true }),
  })
  const answer = (await response.json()) as { secret?: string }
  if (answer.secret) return answer.secret
  throw new Error(`no pairing: ${response.status} ${JSON.stringify(answer)}`)
}

async function untilListed(url: string, key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}` }
  for (let tries = 0; tries < 100; tries++) {
    const answer = await (await fetch(`${url}/v1/models`, { headers })).text()
    if (answer.includes(`"${MODEL}"`)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('sluice did not list the model of the tab.')
}

/** Forwards what the worker tells to `hear`, and what that returns to the worker. */
async function answerWorker(page: Page, folder: string, asked: Asked[]): Promise<void> {
  const entries = new Map<number, Asked>()
  await page.exposeFunction('fieldNews', (news: FieldNews) => hear(news, folder, asked, entries))
  await page.evaluate(() => {
    const { fieldNews } = globalThis as unknown as {
      fieldNews(news: unknown): Promise<unknown>
    }
    const channel = new BroadcastChannel('field')
    channel.addEventListener('message', async (event) => {
      const { data } = event as MessageEvent
      const reply = await fieldNews(data)
      if (reply) channel.postMessage(reply)
    })
  })
}

async function hear(
  news: FieldNews,
  folder: string,
  asked: Asked[],
  entries: Map<number, Asked>,
): Promise<FieldReply | undefined> {
  const entry = entries.get(news.id)
  if (entry && 'sent' in news) entry.sent++
  if (entry && 'isWhole' in news) {
    entry.isWhole = news.isWhole
    if (!news.isWhole) entry.leftAt = performance.now()
  }
  if (!('request' in news)) return undefined
  const { id, request } = news
  const body = readPrompt(request)
  const reply = replyTo(body, folder, copiesNote)
  const made: Asked = { path: 'tab', body, reply, sent: 0, isWhole: false }
  entries.set(id, made)
  asked.push(made)
  const text = written(reply)
  const format = request.response_format
  if (format?.type === 'structural_tag') {
    made.refused = await grammarFault(format.structural_tag, text)
  }
  const tokens = text.match(/\S+\s*|\s+/g) ?? []
  return { id, tokens, gap: reply.isSlow ? SLOW_GAP : 0 }
}

/** Why web-llm would not have let its model write this under the grammar that sluice made of the tools. */
async function grammarFault(tag: object, text: string): Promise<string | undefined> {
  try {
    return (await mayWrite(tag, text)) ? undefined : `The grammar does not allow: ${text}`
  } catch (error) {
    return `The grammar of the tools: ${error instanceof Error ? error.message : error}`
  }
}
