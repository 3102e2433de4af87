/** The pages of docs/clients: which of them run here, and which the field suite drives. */
import { basename } from 'node:path'
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
