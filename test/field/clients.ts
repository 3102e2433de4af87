/** The clients, with the exact versions that are driven, and what a client cannot do. */
import { BY_TAB } from '../../scripts/client-lines.mjs'
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
  /** A paired browser tab answers, with the lines of the page for the API `lines`. */
  isByTab?: boolean
  lines?: string
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

const chat = { id: 'chat', title: 'chat' }
const messages = { id: 'messages', title: 'Messages' }
const responses = { id: 'responses', title: 'Responses' }
const ollama = { id: 'ollama', title: 'Ollama' }

const promptfoo = {
  tool: 'promptfoo shows the calls of a model and runs no tools.',
  parallel: 'promptfoo shows the calls of a model and runs no tools.',
}

const cline = { turns: 'Cline continues a conversation in an interactive terminal only.' }

/** The same API with a paired browser tab as sluice's only engine. */
function byTab({ id, title }: Api): Api {
  const without = {
    down: 'A tab that has left offers no model: the client is told as of an unknown one.',
  }
  return {
    id: `${id}${BY_TAB}`,
    title: `${title}, a tab answers`,
    lines: id,
    isByTab: true,
    without,
  }
}

export const clients: Client[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    packages: { '@anthropic-ai/claude-code': '2.1.332' },
    apis: [messages, byTab(messages)],
  },
  {
    name: 'codex',
    title: 'Codex',
    packages: { '@openai/codex': '0.169.0' },
    apis: [
      responses,
      byTab(responses),
      {
        ...ollama,
        title: 'Responses, as a program for Ollama',
        isKeyless: true,
        without: { key: NO_KEY, limit: NO_LIMIT },
      },
    ],
  },
  {
    name: 'opencode',
    title: 'opencode',
    packages: { 'opencode-ai': '1.18.33' },
    apis: [chat, messages, responses, byTab(chat)],
  },
  {
    name: 'qwen-code',
    title: 'Qwen Code',
    packages: { '@qwen-code/qwen-code': '0.24.4' },
    apis: [chat],
  },
  {
    name: 'pi',
    title: 'pi',
    packages: { '@mariozechner/pi-coding-agent': '0.73.1' },
    apis: [chat, messages, responses],
  },
  {
    name: 'cline',
    title: 'Cline',
    packages: { cline: '3.0.65' },
    apis: [chat, messages, responses].map((api) => ({ ...api, without: cline })),
  },
  {
    name: 'continue',
    title: 'Continue',
    packages: { '@continuedev/cli': '1.5.47' },
    apis: [chat, { ...ollama, title: 'chat, by `provider: ollama`' }],
  },
  {
    name: 'copilot-cli',
    title: 'Copilot CLI',
    packages: { '@github/copilot': '1.0.102' },
    apis: [chat, messages, responses],
  },
  {
    name: 'nanocoder',
    title: 'nanocoder',
    packages: { '@nanocollective/nanocoder': '1.30.0' },
    apis: [
      {
        ...chat,
        without: { turns: '`nanocoder run` always begins a new conversation.' },
      },
    ],
  },
  {
    name: 'promptfoo',
    title: 'promptfoo',
    packages: { promptfoo: '0.123.1' },
    apis: [
      ...[chat, messages, responses, ollama].map((api) => ({ ...api, without: promptfoo })),
      {
        id: 'completions',
        title: 'completions',
        without: { ...promptfoo, turns: 'The older completions know no conversations.' },
      },
    ],
  },
  {
    name: 'openai-agents',
    title: 'OpenAI Agents SDK',
    packages: { '@openai/agents': '0.20.0', zod: '4.6.7' },
    apis: [chat, responses],
  },
  {
    name: 'ollama-js',
    title: 'ollama (JavaScript)',
    packages: { ollama: '0.6.4' },
    apis: [ollama],
  },
]

/** The API whose lines of the page are run. */
export function linesIdOf({ id, lines }: Pick<Api, 'id' | 'lines'>): string {
  return lines ?? id
}

/** The version that the table states. */
export function versionOf({ packages }: Pick<Client, 'packages'>): string {
  return Object.values(packages)[0] ?? ''
}
