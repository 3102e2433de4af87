import type { ErrorReference } from './entry.ts'

/** Models that there are not, and models that cannot answer yet. */
export const modelErrors = {
  model_not_found: {
    status: [404],
    meaning: 'No server behind sluice has the model that the request names.',
    causes: [
      'A misspelt name; the message suggests similar ones.',
      'A client with the name of a hosted model, such as `gpt-4o`.',
      'No model server was found on this machine.',
    ],
    remedies: [
      'Name a model that `GET /v1/models` lists.',
      'Give a model the name that the client uses: `--alias gpt-4o=qwen3:8b`.',
      'Start a model server, or name one with `--upstream URL`; `sluice doctor` shows what it finds.',
    ],
    retry: 'never',
    settings: ['alias', 'model', 'upstream', 'discover'],
    guide: 'upstreams.md',
  },
  model_not_capable: {
    status: [400, 404, 501],
    meaning: 'The model or its server cannot do what the request asks for.',
    causes: [
      'Embeddings of a model that only chats, or tools with a model that has none.',
      'A server that lacks this API; the message names it.',
    ],
    remedies: ['Name a model that can.', 'Use the API that the message names.'],
    retry: 'never',
    guide: 'pass-through.md',
  },
  model_loading: {
    status: [503],
    meaning: 'The server still loads the model, and `--load-timeout` is up.',
    causes: ['A large model on a slow disk, or one that is being downloaded.'],
    remedies: [
      'Send the request again in a minute.',
      'Raise `--load-timeout`.',
      'Look at the output of the model server.',
    ],
    retry: 'later',
    settings: ['loadTimeout', 'loadingText'],
    guide: 'upstreams.md#servers-that-load-models-on-demand',
  },
  model_load_failed: {
    status: [502, 503],
    meaning: 'The server could not load the model.',
    causes: [
      'Too little memory on the GPU or in the machine.',
      'Files of the model that are missing or damaged.',
    ],
    remedies: [
      'Look at the output of the model server for the reason.',
      'Use a smaller model, a smaller context, or stop other programs that use the GPU.',
      'Download the model again.',
    ],
    retry: 'never',
    guide: 'upstreams.md#servers-that-load-models-on-demand',
  },
  load_timeout: {
    status: [504],
    meaning: 'The server did not load the model within the time that is allowed for it.',
    causes: ['A large model on a slow disk.', 'A server that swaps memory.'],
    remedies: ['Raise `--load-timeout`.', 'Use a smaller model.'],
    retry: 'later',
    settings: ['loadTimeout'],
    guide: 'upstreams.md#servers-that-load-models-on-demand',
  },
  model_not_loaded: {
    status: [503],
    meaning: 'The model on the GPU of this browser or of Deno is not loaded any more.',
    causes: ['It was unloaded while the request was on its way.'],
    remedies: ['Send the request again: it loads the model.'],
    retry: 'now',
    guide: 'webgpu.md',
  },
  model_broken: {
    status: [503],
    meaning: 'The files or the settings of a WebGPU model cannot be used.',
    causes: [
      'An entry in your own list of models with wrong addresses.',
      'A download that was cut short.',
    ],
    remedies: [
      'Correct the entry of the model in the list.',
      'Delete the stored data of the page, and load the model again.',
    ],
    retry: 'never',
    settings: ['webgpuModels'],
    guide: 'webgpu.md',
  },
  models_invalid: {
    status: [503],
    meaning: 'Your own list of WebGPU models could not be read.',
    causes: ['A file that is not JSON, lacks a field, or is not at its address.'],
    remedies: ['Correct the list; the message says where. `--webgpu-models FILE` names it.'],
    retry: 'never',
    settings: ['webgpuModels'],
    guide: 'webgpu.md',
  },
} satisfies Record<string, ErrorReference>
