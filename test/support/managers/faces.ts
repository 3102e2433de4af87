/** How real servers show the same states: the JSON of their lists and errors, as their sources write it. */
import type { LoadError, Machine } from './machine.ts'

export interface Face {
  /** What `GET /v1/models` lists. */
  list(machine: Machine): object
  /** Further paths, without `/v1`. A promise holds the answer back. */
  paths: Record<string, (machine: Machine) => object | Promise<object>>
  /** A path whose event stream tells the progress of loads, and an event. */
  events?: { path: string; event(model: string, progress: number): object }
  /** The status and body of a load that failed. */
  failure(error: LoadError): [number, object]
}

const entry = (id: string, owned_by: string) => ({ id, object: 'model', created: 1, owned_by })

const listOf = (data: object[]) => ({ object: 'list', data })

/** llama-server without a model of its own (tools/server/server-models.cpp). */
const router: Face = {
  list: ({ models, states, failed }) =>
    listOf(
      models.map((id) => {
        // It is `loaded` until its process has ended.
        const state = states.get(id) === 'unloading' ? 'loaded' : states.get(id)
        const args = ['llama-server', '--model', `/secret/${id}.gguf`]
        const exit = failed.get(id)
        const status = {
          value: state,
          args,
          ...(exit !== undefined && { exit_code: exit, failed: true }),
        }
        // What a model that runs says of itself is merged into its entry.
        const isRunning = state === 'loaded' || state === 'unloading'
        const facts = isRunning && { meta: { n_ctx: 8_192, n_ctx_train: 40_960 } }
        return { ...entry(id, 'llamacpp'), aliases: [`${id}-alias`], tags: [], status, ...facts }
      }),
    ),
  paths: {},
  events: {
    path: '/models/sse',
    event: (model, value) => ({
      ...{ model, event: 'status_change' },
      data: {
        status: 'loading',
        progress: { stages: ['text_model'], current: 'text_model', value },
      },
    }),
  },
  failure: ({ model }) => [
    500,
    { error: { code: 500, message: `model name=${model} failed to load`, type: 'server_error' } },
  ],
}

const SWAP_STATES = { loading: 'starting', loaded: 'ready', unloading: 'stopping' } as const

/** llama-swap (internal/server/api.go). */
const llamaSwap: Face = {
  list: ({ models, states }) =>
    listOf(
      models.map((id) => {
        const value = states.get(id) === 'unloaded' ? 'unloaded' : 'loaded'
        const meta = { llamaswap: { type: 'model', aliases: [`${id}-alias`] } }
        return { ...entry(id, 'llama-swap'), meta, status: { value } }
      }),
    ),
  paths: {
    '/running': ({ states }) => ({
      running: [...states].flatMap(([model, state]) =>
        state === 'unloaded'
          ? []
          : [{ model, state: SWAP_STATES[state], cmd: 'llama-server', proxy: 'http://x', ttl: 0 }],
      ),
    }),
  },
  failure: () => [
    500,
    {
      src: 'llama-swap',
      error: {
        message: 'unspecific error: upstream command exited prematurely',
        type: 'server_error',
        param: null,
        code: 'internal_error',
      },
    },
  ],
}

/** LM Studio (docs: REST API v0). */
const lmStudio: Face = {
  list: ({ models }) => listOf(models.map((id) => entry(id, 'organization_owner'))),
  paths: {
    '/api/v0/models': ({ models, states }) =>
      listOf(
        models.map((id) => {
          const state = states.get(id)
          const shown = state === 'loaded' || state === 'loading' ? state : 'not-loaded'
          return { id, object: 'model', type: 'llm', state: shown, max_context_length: 4_096 }
        }),
      ),
  },
  failure: ({ model }) => [
    400,
    {
      error: {
        message: `Failed to load model "${model}". Error: Insufficient system resources.`,
        type: 'invalid_request_error',
        param: 'model',
        code: null,
      },
    },
  ],
}

/** Ollama (server/routes.go, server/sched.go): `/api/ps` waits while a model is being loaded. */
const ollama: Face = {
  list: ({ models }) => listOf(models.map((id) => entry(id, 'library'))),
  paths: {
    '/api/version': () => ({ version: '0.32.5' }),
    '/api/show': () => ({
      model_info: { 'general.architecture': 'qwen3', 'qwen3.context_length': 40_960 },
    }),
    async '/api/ps'(machine) {
      while (machine.isLoading) await new Promise((resolve) => setTimeout(resolve, 20))
      const loaded = machine.models.filter((id) => machine.states.get(id) === 'loaded')
      return { models: loaded.map((name) => ({ name, model: name, size: 1, size_vram: 1 })) }
    },
  },
  failure: ({ exitCode }) => [
    500,
    {
      error: {
        message: `llama-server process has terminated: exit status ${exitCode}`,
        type: 'api_error',
        param: null,
        code: null,
      },
    },
  ],
}

export const faces = {
  'llama-server': router,
  'llama-swap': llamaSwap,
  'lm-studio': lmStudio,
  ollama,
}

export type ManagerName = keyof typeof faces
