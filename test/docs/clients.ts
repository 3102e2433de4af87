/** The pages of docs/clients: which of them run here, and which the field suite drives. */
import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'
import { root } from '../../scripts/hosts.mjs'
import { clients } from '../field/clients.ts'
import type { DocBlock } from './blocks.ts'

/** Clients whose packages are there already, so that their pages run here. */
export const BASIC_CLIENTS = [
  'ai-sdk',
  'anthropic-sdk',
  'browser-fetch',
  'curl',
  'langchain',
  'openai-js',
  'openai-python',
] as const

/** Undefined for a page that is not about a client. */
export function clientOf({ page }: DocBlock): 'driven' | 'here' | undefined {
  if (!page.startsWith('docs/clients/')) return undefined
  const name = basename(page, '.md')
  return clients.some((client) => client.name === name) ? 'driven' : 'here'
}

/** An environment of Python's with the packages of its pages, which the long test makes. */
export const PYTHON_FOLDER = join(root, 'node_modules/.cache/sluice/docs-python')

let isThere = false

/** Whether programs in Python run here. */
export function hasPython(): boolean {
  const python = join(PYTHON_FOLDER, 'bin/python3')
  isThere ||= spawnSync(python, ['-c', 'import openai']).status === 0
  return isThere
}
