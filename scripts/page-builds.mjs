// The page of a checkout, as `npm start` serves it: built in the background, and again where a source has
// changed. Builds are kept below node_modules/.cache, or in a temporary folder where that cannot be written.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { binaryOf, root } from './hosts.mjs'
import { buildWebllm, webllmFile } from './page.mjs'
import {
  buildsIn,
  isCurrent,
  isWritable,
  lastBuild,
  makeBuild,
  removePartial,
} from './page-cache.mjs'
import { installApart, missingPackages, pagePackages } from './page-packages.mjs'
import { explained } from './page-problem.mjs'

/** @typedef {import('./page-cache.mjs').Build} Build */

/**
 * What there is to tell of the page. `version` changes with everything that does; of a page that is ready it is
 * the name of its build.
 * @typedef {object} Progress
 * @property {'installing' | 'building' | 'ready' | 'failed'} state
 * @property {string} version
 * @property {number} seconds since this began
 * @property {string[]} [packages] that are being installed
 * @property {string} [reason] why it failed
 * @property {string} [remedy] what to do then
 */

/** @typedef {Pick<Progress, 'packages' | 'reason' | 'remedy'>} Details */

/** Milliseconds within which the sources are not looked at again. */
const LOOK_PAUSE = 500

/** Milliseconds after a failure within which nothing is tried again. */
const RETRY_PAUSE = 3_000

/** Milliseconds for which a browser waits for a page that is being built, rather than to be told that it is. */
const SHORT_WAIT = 1_500

export class PageBuilds {
  /** @type {Progress['state']} */
  #state = 'building'
  #version = 'building'
  #began = Date.now()
  /** @type {Details} */
  #details = {}
  /** @type {Build | undefined} */
  #current
  /** @type {Promise<void> | undefined} */
  #building
  /** @type {Promise<string> | undefined} */
  #webllm
  /** @type {Promise<string | undefined> | undefined} */
  #api
  #lookedAt = 0
  #failures = 0
  #folder
  #isTemporary = false
  /** @type {Set<() => void>} */
  #waiting = new Set()
  #ending = new AbortController()
  /** @type {(text: string) => void} */
  #tell

  /** @param {(text: string) => void} tell writes a line for people */
  constructor(tell) {
    this.#tell = tell
    this.#folder = join(root, 'node_modules/.cache/sluice/page')
    if (!isWritable(this.#folder)) {
      this.#folder = mkdtempSync(join(tmpdir(), 'sluice-page-'))
      this.#isTemporary = true
    }
  }

  /** Finds the last build, or makes one. Never rejects. */
  async begin() {
    removePartial(this.#folder)
    this.#current = lastBuild(this.#folder)
    if (this.#current) this.#set('ready', this.#current.id)
    else await this.#rebuild()
  }

  /** @returns {Progress} */
  progress() {
    const seconds = Math.round((Date.now() - this.#began) / 100) / 10
    return { state: this.#state, version: this.#version, seconds, ...this.#details }
  }

  /**
   * Resolves when there is something else to tell than at `version`, at the latest after so many milliseconds.
   * Only as long as someone waits are the sources looked at by themselves.
   * @param {string} version @param {number} ms
   */
  async changed(version, ms) {
    const deadline = Date.now() + ms
    while (this.#version === version && Date.now() < deadline && !this.#ending.signal.aborted) {
      if (this.#state === 'ready') this.#look()
      await new Promise((resolve) => {
        const timer = setTimeout(() => wake(), Math.min(1_000, Math.max(0, deadline - Date.now())))
        const wake = () => {
          clearTimeout(timer)
          this.#waiting.delete(wake)
          resolve(undefined)
        }
        this.#waiting.add(wake)
      })
    }
  }

  /**
   * The path of one of the page's files; undefined where there is none, or not yet. With the page itself, a
   * change of its sources is noticed, and a failure is tried again.
   * @param {string} name
   */
  async fileAt(name) {
    if (name === webllmFilePath()) return this.#webllmAt()
    if (name === 'index.html') await this.#upToDate()
    const folders = name.startsWith('openapi.')
      ? [await this.#apiFolder()]
      : [this.#current?.folder, ...this.#olderFolders(name)]
    return folders.map((each) => each && join(each, name)).find((path) => path && existsSync(path))
  }

  /** Ends what is running, and removes what it had not completed. Synchronous: the process exits. */
  close() {
    this.release()
    if (this.#isTemporary) rmSync(this.#folder, { recursive: true, force: true })
    else removePartial(this.#folder, process.pid)
  }

  /** Answers everyone who waits for a change. */
  release() {
    this.#ending.abort()
    for (const wake of this.#waiting) wake()
  }

  async #upToDate() {
    if (this.#current) this.#look()
    else if (this.#state === 'failed' && Date.now() - this.#began > RETRY_PAUSE)
      void this.#rebuild()
    if (this.#building === undefined) return
    const isFirst = this.#current === undefined
    if (isFirst && this.#state === 'installing') return
    await Promise.race([this.#building, sleep(isFirst ? SHORT_WAIT : 10 * SHORT_WAIT)])
  }

  /** Builds the page anew if a source has changed. */
  #look() {
    const now = Date.now()
    if (this.#building || now - this.#lookedAt < LOOK_PAUSE) return
    this.#lookedAt = now
    if (this.#current && isCurrent(this.#current)) return
    void this.#rebuild()
  }

  #rebuild() {
    this.#building ??= this.#build().finally(() => {
      this.#building = undefined
    })
    return this.#building
  }

  async #build() {
    const began = Date.now()
    const isFirst = this.#current === undefined
    if (isFirst) this.#began = began
    try {
      if (isFirst) this.#set('building', 'building')
      const packages = await this.#packages(await pagePackages())
      if (isFirst) this.#set('building', 'building')
      const build = await makeBuild(this.#folder, packages)
      const took = `${((Date.now() - began) / 1000).toFixed(1)} s`
      this.#current = build
      this.#set('ready', build.id)
      this.#tell(
        isFirst ? `the page at / is ready, after ${took}` : `the page was built anew, in ${took}`,
      )
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#fail(error)
    } finally {
      // Otherwise esbuild's process would run as long as the server.
      await (await import('esbuild')).stop()
    }
  }

  /** @param {string[]} names @returns {Promise<string[]>} folders of packages besides the checkout's */
  async #packages(names) {
    const lacking = missingPackages(names)
    if (lacking.length === 0) return []
    if (!this.#current) this.#set('installing', 'installing', { packages: names })
    this.#tell(`installing what the page needs in the background: ${names.join(', ')}`)
    return [await installApart(names, this.#folder, this.#ending.signal)]
  }

  /** @param {unknown} error */
  #fail(error) {
    const { reason, remedy, log } = explained(error)
    this.#tell(`page: ${log}`)
    // The page before is served on.
    if (this.#current) return
    this.#failures++
    this.#began = Date.now()
    this.#set('failed', `failed-${this.#failures}`, { reason, remedy })
  }

  /** @param {Progress['state']} state @param {string} version @param {Details} [details] */
  #set(state, version, details = {}) {
    this.#state = state
    this.#details = details
    this.#version = version
    for (const wake of this.#waiting) wake()
  }

  /** @returns {Promise<string | undefined>} */
  async #webllmAt() {
    const folder = join(this.#folder, 'web-llm')
    const path = join(folder, webllmFilePath())
    if (existsSync(path)) return path
    this.#webllm ??= this.#buildWebllm(folder).finally(() => {
      this.#webllm = undefined
    })
    return this.#webllm.catch((error) => {
      if (!this.#ending.signal.aborted) this.#tell(`web-llm: ${explained(error).log}`)
      return undefined
    })
  }

  /** @param {string} folder */
  async #buildWebllm(folder) {
    const names = ['@mlc-ai/web-llm']
    const isMissing = missingPackages(names).length > 0
    if (isMissing)
      this.#tell('installing web-llm, which a page asked for to run a model on its GPU')
    const packages = isMissing ? [await installApart(names, this.#folder, this.#ending.signal)] : []
    const partial = `${folder}.${process.pid}`
    try {
      await buildWebllm(partial, packages)
      mkdirSync(join(folder, 'assets'), { recursive: true })
      renameSync(join(partial, webllmFilePath()), join(folder, webllmFilePath()))
    } finally {
      rmSync(partial, { recursive: true, force: true })
    }
    return join(folder, webllmFilePath())
  }

  /** For a page that was opened before the last change. @param {string} name */
  #olderFolders(name) {
    return name.startsWith('assets/') ? buildsIn(this.#folder) : []
  }

  /** What describes the API, for a host that does not make it itself. */
  #apiFolder() {
    this.#api ??= this.#describe().catch((error) => {
      this.#api = undefined
      this.#tell(`page: the description of the API could not be made: ${error.message}`)
      return undefined
    })
    return this.#api
  }

  async #describe() {
    const folder = `${join(this.#folder, 'api')}.${process.pid}`
    await promisify(execFile)(binaryOf('node'), ['scripts/openapi/main.ts', folder], { cwd: root })
    return folder
  }
}

/** The packed one alone: the servers unpack it for who asks for that. */
function webllmFilePath() {
  return `assets/${webllmFile()}.gz`
}
