/** The clients, with the exact versions that are driven, and what a client cannot do. */
import type { CellName } from './cells.ts'

export interface Api {
  /** Names the blocks of the client's page that are for this API. */
  id: string
  /** As the table calls it. */
  title: string
  /** Cells that this client cannot be asked for on this API, and why. */
  without?: Partial<Record<CellName, string>>
  /** The client sends no key here, so sluice has none. */
  isKeyless?: boolean
}

export interface Client {
  /** The name of its page, docs/clients/NAME.md, and of its folder. */
  name: string
  title: string
  /** npm packages and their exact versions; the first one is the client's own. */
  packages: Record<string, string>
  apis: Api[]
}

const NO_KEY = 'The client sends no key.'
const NO_LIMIT = 'The client sends no key, and sluice limits by key.'

export const clients: Client[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    packages: { '@anthropic-ai/claude-code': '2.1.332' },
    apis: [{ id: 'messages', title: 'Messages' }],
  },
  {
    name: 'codex',
    title: 'Codex',
    packages: { '@openai/codex': '0.169.0' },
    apis: [
      { id: 'responses', title: 'Responses' },
      {
        id: 'ollama',
        title: 'Ollama (`--oss`)',
        isKeyless: true,
        without: {
          turns: 'Codex has no flag to continue a conversation of `codex exec --oss`.',
          key: NO_KEY,
          limit: NO_LIMIT,
        },
      },
    ],
  },
]

/** The version that the table states. */
export function versionOf({ packages }: Pick<Client, 'packages'>): string {
  return Object.values(packages)[0] ?? ''
}
