import type { ErrorReference } from './entry.ts'

/** Engines that are busy or gone, and those that sluice runs or starts itself. */
export const engineErrors = {
  engine_unavailable: {
    status: [503],
    meaning: 'The model is known, but none of the servers that have it can be reached now.',
    causes: ['The server restarts, or was stopped.'],
    remedies: [
      'Wait, or start the server again. `GET /health` shows each engine to administrators.',
    ],
    retry: 'later',
    settings: ['upstream'],
    guide: 'upstreams.md',
  },
  engine_busy: {
    status: [503],
    meaning: 'As many requests wait for the engine as may wait for it.',
    causes: [
      'More requests than the hardware can answer.',
      'No memory became free for a server that sluice starts.',
    ],
    remedies: [
      'Send the request again after the time in `Retry-After`.',
      'Raise `--queue`, or `--max-concurrency` if the server can answer more at once.',
      'Add a second server with the same model.',
    ],
    retry: 'later',
    settings: ['queue', 'maxConcurrency', 'memoryBudget'],
    guide: 'upstreams.md',
  },
  engine_resting: {
    status: [503],
    meaning:
      'The engine failed several times in a row and is left alone for a few seconds (circuit breaker).',
    causes: ['A server that fails each request.'],
    remedies: [
      'Look at the output of the model server, and at the log of sluice for the failures before this one.',
    ],
    retry: 'later',
    guide: 'upstreams.md',
  },
  engine_start_failed: {
    status: [503],
    meaning: 'A server that sluice starts could not be started, or did not become ready.',
    causes: [
      'A wrong command or folder in `run`.',
      'A port that another program has.',
      'Too little memory, or a model that takes longer than `startTimeout` to load.',
    ],
    remedies: [
      'Read the last output of the server, in the terminal of sluice or in `GET /health` as an administrator.',
      'Correct `run` of the upstream, or raise its `startTimeout`.',
    ],
    retry: 'later',
    guide: 'managed.md',
  },
  engine_stopped: {
    status: [503],
    meaning: 'The server does not run, and counting tokens does not start it.',
    causes: ['A server that sluice starts was stopped because it was idle.'],
    remedies: ['Send a request that generates first: it starts the server.'],
    retry: 'later',
    guide: 'managed.md',
  },
  engine_aborted: {
    status: [502],
    meaning: 'The engine ended its answer by itself before it was complete.',
    causes: ['Somebody stopped it at the server.', 'The server ran out of room for the request.'],
    remedies: ['Send the request again.', 'Look at the output of the model server.'],
    retry: 'now',
  },
  engine_error: {
    status: [502],
    meaning: 'An engine that the program defines in its own code failed.',
    causes: ['A fault in that code; the log of sluice has its message.'],
    remedies: ['See the log. To tell a client more, let the code throw an `ApiError`.'],
    retry: 'later',
    guide: 'embedding.md',
  },
  engine_invalid: {
    status: [502],
    meaning:
      'An engine answered with something that means nothing to a client, such as a tool call whose arguments break off.',
    causes: ['A fault in an engine of the program.', 'A model that writes tool calls badly.'],
    remedies: [
      'Send the request again.',
      'Correct the engine; the message says what was expected.',
    ],
    retry: 'now',
    guide: 'embedding.md',
  },
  engine_truncated: {
    status: [502],
    meaning: 'An engine that the program defines ended its answer without finishing it.',
    causes: ['Its generator returned early.'],
    remedies: ['Let it end with a finish reason; the documentation of `defineEngine` says how.'],
    retry: 'now',
    guide: 'embedding.md',
  },
  engine_incomplete: {
    status: [502],
    meaning: 'An engine that the program defines ended its answer before saying why it ended.',
    causes: ['Chunks without a finish reason.'],
    remedies: ['Let its last chunk have a `finish_reason`.'],
    retry: 'now',
    guide: 'embedding.md',
  },
  engine_failed: {
    status: [503],
    meaning:
      'The GPU failed while a WebGPU model was answering. The next request loads the model again.',
    causes: ['Too little GPU memory, or a driver that was reset.'],
    remedies: [
      'Send the request again.',
      'Use a smaller model; close other programs that use the GPU.',
    ],
    retry: 'now',
    guide: 'engines/webgpu.md',
  },
  device_lost: {
    status: [503],
    meaning:
      'The GPU is not available any more: the system took it away while a WebGPU model used it.',
    causes: ['Too little GPU memory.', 'A computer that slept, or a driver that was updated.'],
    remedies: ['Send the request again: it loads the model anew.', 'Use a smaller model.'],
    retry: 'now',
    guide: 'engines/webgpu.md',
  },
  engine_lost: {
    status: [503],
    meaning: 'The page or worker that ran the model is gone.',
    causes: ['Its tab was closed or reloaded.'],
    remedies: ['Open the page again, and send the request again.'],
    retry: 'later',
    guide: 'engines/webgpu.md',
  },
  engine_missing: {
    status: [503],
    meaning: 'The model on the GPU of a browser was asked for, but no open page offers one.',
    causes: ['The page of sluice is not open.'],
    remedies: ['Open the page, leave it open, and send the request again.'],
    retry: 'later',
    guide: 'engines/webgpu.md',
  },
  webgpu_missing: {
    status: [503],
    meaning: 'This browser or runtime has no WebGPU.',
    causes: [
      'An old browser, or WebGPU switched off in it.',
      'A page that was not loaded from `https:` or from localhost.',
    ],
    remedies: [
      'Use a current Chrome, Edge, Safari or Firefox, and open the page as `http://localhost:8787`.',
      'For a server, run sluice on Deno with `--webgpu`.',
    ],
    retry: 'never',
    guide: 'engines/webgpu.md',
  },
  webgpu_unavailable: {
    status: [503],
    meaning: 'WebGPU could not be used when the model was to be loaded.',
    causes: ['WebGPU is switched off, or the GPU is used up by other pages.'],
    remedies: ['Close other pages that use the GPU, and start the browser again.'],
    retry: 'later',
    guide: 'engines/webgpu.md',
  },
  webgpu_feature_missing: {
    status: [503],
    meaning:
      'The GPU lacks a feature that this model needs, such as 16-bit numbers (`shader-f16`).',
    causes: ['An older GPU, or a driver that does not offer the feature.'],
    remedies: ['Use a model whose name has `q4f32` instead of `q4f16`.', 'Update the driver.'],
    retry: 'never',
    guide: 'engines/webgpu.md',
  },
  adapter_missing: {
    status: [503],
    meaning: 'WebGPU is there, but found no GPU.',
    causes: [
      'A computer without one, or without its driver.',
      'Hardware acceleration that is switched off in the browser.',
    ],
    remedies: [
      'Install the driver of the GPU.',
      'Switch on hardware acceleration in the settings of the browser.',
    ],
    retry: 'never',
    guide: 'engines/webgpu.md',
  },
  adapter_too_small: {
    status: [503],
    meaning: 'The GPU supports only buffers that are too small for any model.',
    causes: ['An old or very small GPU.'],
    remedies: ['Use another GPU, or a model server such as Ollama, which can use the processor.'],
    retry: 'never',
    guide: 'engines/webgpu.md',
  },
  webllm_missing: {
    status: [503],
    meaning: 'The package web-llm, which runs models on the GPU, could not be loaded.',
    causes: ['It is an optional package that was not installed.'],
    remedies: ['Install it: `npm install @mlc-ai/web-llm`.'],
    retry: 'never',
    settings: ['webgpu'],
    guide: 'engines/webgpu.md',
  },
} satisfies Record<string, ErrorReference>
