// Lends the page of a checkout to the server that `npm start` runs, by HTTP on this machine: a server on Deno or
// workerd can neither write files nor start programs.

import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { setPriority } from 'node:os'

// An import would read all of its exports, and one of them loads undici: half of the time until the server starts.
/** @type {typeof import('node:http')} */
const { createServer } = createRequire(import.meta.url)('node:http')

/** Milliseconds for which a page waits for news at a time. */
const LONGEST_WAIT = 25_000

/** @typedef {import('./page-builds.mjs').PageBuilds} PageBuilds */

/**
 * Listens at a port that the system chooses. `begin` starts to build the page.
 * @param {(text: string) => void} tell writes a line for people
 */
export async function servePage(tell) {
  /** @type {PageBuilds | undefined} */
  let builds
  /** @type {Promise<PageBuilds> | undefined} */
  let loading
  // Loaded once the server that people wait for is starting: that takes as long.
  const load = () =>
    (loading ??= import('./page-builds.mjs').then(({ PageBuilds }) => {
      builds = new PageBuilds(tell)
      return builds
    }))
  const server = createServer((request, response) => {
    load()
      .then((loaded) => answer(loaded, request, response))
      .catch(() => response.destroy())
  })
  const address = await listening(server)
  server.unref()
  return {
    url: `http://127.0.0.1:${address.port}`,
    async begin() {
      // The server's requests come first, and so do those of all programs of this machine.
      lowerOwnPriority()
      try {
        await (await load()).begin()
      } catch (error) {
        tell(`page: it cannot be served: ${error instanceof Error ? error.message : error}`)
      }
    },
    release: () => builds?.release(),
    close: () => builds?.close(),
  }
}

/**
 * @param {PageBuilds} builds
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(builds, { headers, url = '', method }, response) {
  // A page of another site whose name was made to lead here has that name.
  const isOwn = headers.host === 'assets' || headers.host?.startsWith('127.0.0.1:')
  const name = url.slice(1)
  if (!isOwn || method !== 'GET' || !/^(?:assets\/)?[\w-]+(?:\.[\w-]+)+$/.test(name)) {
    response.writeHead(404).end()
    return
  }
  const [, version] = /^build-([\w-]+)\.json$/.exec(name) ?? []
  if (version !== undefined) await builds.changed(version, LONGEST_WAIT)
  if (version !== undefined || name === 'build.json') {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(builds.progress()))
    return
  }
  const path = await builds.fileAt(name)
  if (path === undefined) {
    response.writeHead(404).end()
    return
  }
  createReadStream(path)
    .on('error', () => response.destroy())
    .pipe(response.writeHead(200))
}

/** @param {import('node:http').Server} server @returns {Promise<import('node:net').AddressInfo>} */
function listening(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      resolve(/** @type {import('node:net').AddressInfo} */ (server.address()))
    })
  })
}

function lowerOwnPriority() {
  try {
    setPriority(10)
  } catch {
    // The system does not allow it.
  }
}
