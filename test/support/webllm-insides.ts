// What web-llm has in its bundle and does not export: a copy of it shows them as a property of its engine's
// class.

import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../../scripts/hosts.mjs'
import type { MlcChatRequest } from '../../src/engines/webllm/mlc-types.ts'

export interface Insides {
  /** Its binding of xgrammar. */
  xgrammar: unknown
  /** The conversation of a request. `isWhole`: with the last message, too. */
  conversationOf(
    request: Pick<MlcChatRequest, 'messages'>,
    config: object,
    isWhole: boolean,
  ): Conversation
}

/** Makes a prompt. */
interface Conversation {
  getPromptArray(config: object): unknown[]
  /** For a model with a manifest. */
  getArtifactPromptSegments(): unknown[]
}

const LAST = `
MLCEngine.insides = {
  xgrammar: libExports$1,
  conversationOf: getConversationFromChatCompletionRequest,
}
`

/** Writes a copy of web-llm whose `MLCEngine` has `insides`. Returns the file's path. */
export function copyOfWebllm(name: string, change = (source: string) => source): string {
  const source = createRequire(import.meta.url).resolve('@mlc-ai/web-llm')
  const folder = join(root, 'node_modules/.cache/sluice')
  const copy = join(folder, name)
  const own = `${copy}.${randomUUID()}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(own, `${change(readFileSync(source, 'utf8'))}${LAST}`)
  renameSync(own, copy)
  return copy
}

let loaded: Promise<Insides> | undefined

export function webllmInsides(): Promise<Insides> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Insides> {
  // Its emscripten looks for Node's modules, and for the place where it lies.
  const first = "import { createRequire } from 'node:module'\n"
  const copy = copyOfWebllm('web-llm-for-node.mjs', (source) => {
    return first + source.replaceAll('"MLC_DUMMY_PATH"', 'import.meta.url')
  })
  const { MLCEngine } = (await import(pathToFileURL(copy).href)) as {
    MLCEngine: { insides: Insides }
  }
  return MLCEngine.insides
}
