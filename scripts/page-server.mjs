// Lends the page of a checkout to the server that `npm start` runs, by HTTP on this machine: a server on Deno or
// workerd can neither write files nor start programs.

import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { setPriority } from 'node:os'
import { PageBuilds } from './page-builds.mjs'

/** Milliseconds for which a page waits for news at a time. */
const LONGEST_WAIT = 25_000

/**
 * Listens at a port that the system chooses. `begin` starts to build the page.
 * @param {(text: string) => void} tell writes a line for people
 */
export async function servePage(tell) {
  const builds = new PageBuilds(tell)
  const server = createServer((request, response) => {
    void answer(builds, request, response).catch(() => response.destroy())
  })
  const address = await listening(server)
  server.unref()
  return {
    url: `http://127.0.0.1:${address.port}`,
    begin() {
      // The server's requests come first, and so do those of all programs of this machine.
      lowerOwnPriority()
      return builds.begin()
    },
    release: () => builds.release(),
    close: () => builds.close(),
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
