// The states of the view Share. The server's page has an engine that needs no weights.

import type { Page } from 'playwright-core'
import { startProcess } from '../../support/server-process.ts'
import { keyEntry } from '../support/open-view.ts'
import { ask, SOON, shareModel } from '../support/share-steps.ts'
import { serveFolder } from '../support/static-server.ts'
import type { State } from './states.ts'

const OWNER = 'secret-of-owner'

/** A server without keys, and one whose owner pairs devices. */
export async function startShared(folder: string) {
  const files = await serveFolder(folder, '/')
  const keys = JSON.stringify([await keyEntry('owner', OWNER, { admin: true })])
  const [open, keyed] = await Promise.all(
    [{}, { SLUICE_KEYS: keys }].map((env) =>
      startProcess('bun', ['--no-discover'], {
        SLUICE_PAGE_SERVER: files.url.replace(/\/$/, ''),
        ...env,
      }),
    ),
  )
  return {
    urls: { open: open?.url ?? '', keyed: keyed?.url ?? '' },
    async [Symbol.asyncDispose]() {
      await Promise.all([open?.kill(), keyed?.kill()])
      files.close()
    },
  }
}

const originOf = (page: Page) => new URL(page.url()).origin
const press = (page: Page, name: string) => page.getByRole('button', { name }).click()
const share = (page: Page, model = 'stand-in') =>
  shareModel({ page, context: page.context(), errors: [] }, model)

async function pair(page: Page): Promise<void> {
  await page.getByLabel('Its name').fill('phone')
  await press(page, 'Pair a device')
  await page.getByRole('img', { name: /QR code/ }).waitFor(SOON)
}

const owned = { 'sluice.key': JSON.stringify(OWNER) }

const states: State[] = [
  {
    name: 'share-new',
    prepare: (page) => page.getByText('No model is on this device').waitFor(SOON),
  },
  {
    name: 'share-no-webgpu',
    init: () => Object.defineProperty(globalThis, 'isSecureContext', { value: false }),
    prepare: async (page) => {
      await page.route('**/assets/engine-*.js', (route) => route.abort())
      await page.reload()
      await page.getByText('No model can run in this browser').first().waitFor(SOON)
    },
  },
  {
    name: 'share-joining',
    prepare: async (page) => {
      await page.route('**/v1/tabs', () => {})
      await press(page, 'share this GPU')
      await page.getByText('Joining…').waitFor(SOON)
    },
  },
  {
    name: 'share-idle',
    prepare: async (page) => {
      await share(page)
      await page.getByText('Programs that ask the server').waitFor(SOON)
    },
  },
  {
    name: 'share-answering',
    prepare: async (page) => {
      await share(page, 'endless')
      await page.getByText('offered now').waitFor(SOON)
      void ask(originOf(page), 'endless', { stream: true }).then((answer) => answer.text())
      await page.getByText(/^Answering/).waitFor(SOON)
    },
  },
  {
    name: 'share-paused',
    prepare: async (page) => {
      await share(page)
      await press(page, 'Pause')
    },
  },
  {
    name: 'share-lost',
    prepare: async (page) => {
      await page.context().route('**/v1/tabs', (route) => route.abort())
      await press(page, 'share this GPU')
      await page.getByText('Not connected').waitFor(SOON)
    },
  },
  {
    name: 'share-ended',
    prepare: async (page) => {
      await share(page)
      await page.evaluate(async () => {
        const { data } = await (await fetch('v1/tabs')).json()
        for (const { id } of data) await fetch(`v1/tabs/${id}`, { method: 'DELETE' })
      })
      await page.getByText(/The operator of the server has ended/).waitFor(SOON)
    },
  },
  {
    name: 'share-code',
    at: 'keyed',
    prepare: (page) => page.getByLabel(/^The 8 characters/).waitFor(SOON),
  },
  {
    name: 'share-code-wrong',
    at: 'keyed',
    prepare: async (page) => {
      await page.getByLabel(/^The 8 characters/).fill('AAAA-AAAA')
      await page.getByRole('button', { name: 'Pair', exact: true }).click()
      await page.getByRole('alert').waitFor(SOON)
    },
  },
  { name: 'share-pairing', at: 'keyed', conversations: owned, prepare: pair },
  {
    name: 'share-devices',
    at: 'keyed',
    conversations: owned,
    prepare: async (page) => {
      await page.getByText('No model is on this device').waitFor(SOON)
      await share(page)
      await page.getByRole('button', { name: /^Disconnect/ }).waitFor(SOON)
    },
  },
]

export const shareStates: State[] = states.map((state) => ({ hash: 'share', at: 'open', ...state }))
