/** Converts web-llm's errors to `ApiError`s. */
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'

/** What web-llm was doing when the error occurred. */
export type WebllmPhase = 'load' | 'generate'

interface Kind {
  status: number
  code: string
  param?: string
}

const invalid = (param?: string): Kind => ({
  status: 400,
  code: 'invalid_value',
  ...(param && { param }),
})
const modelBroken: Kind = { status: 503, code: 'model_broken', param: 'model' }
const modelUnloaded: Kind = { status: 503, code: 'model_not_loaded', param: 'model' }
const noGpu: Kind = { status: 503, code: 'webgpu_unavailable' }
const featureMissing: Kind = { status: 503, code: 'webgpu_feature_missing', param: 'model' }
const notCapable: Kind = { status: 400, code: 'model_not_capable', param: 'model' }

/**
 * Every named error of web-llm 0.2.86 that a request or a model can cause. It has more for tools, all of which
 * it throws only where its request has `tools`: ours never has, since tools go into the prompt and the grammar.
 */
export const KINDS: Readonly<Record<string, Kind>> = {
  ModelNotFoundError: { status: 404, code: 'model_not_found', param: 'model' },

  ConfigValueError: invalid(),
  MinValueError: invalid(),
  RangeError: invalid(),
  NonNegativeError: invalid(),
  InvalidNumberStringError: invalid('logit_bias'),
  DependencyError: invalid('top_logprobs'),
  ContextWindowSizeExceededError: {
    status: 400,
    code: 'context_length_exceeded',
    param: 'messages',
  },
  MessageOrderError: invalid('messages'),
  SystemMessageOrderError: invalid('messages'),
  ContentTypeError: invalid('messages'),
  UnsupportedRoleError: invalid('messages'),
  UserMessageContentErrorForNonVLM: invalid('messages'),
  UnsupportedContentPartError: invalid('messages'),
  UnsupportedDetailError: invalid('messages'),
  UnsupportedImageURLError: invalid('messages'),
  MultipleTextContentError: invalid('messages'),
  PrefillChunkSizeSmallerThanImageError: invalid('messages'),
  CannotFindImageEmbedError: invalid('messages'),
  AudioInputError: invalid('messages'),
  UnsupportedFieldsError: invalid(),
  StreamingCountError: invalid('n'),
  SeedTypeError: invalid('seed'),
  InvalidStreamOptionsError: invalid('stream_options'),
  InvalidResponseFormatError: invalid('response_format'),
  InvalidResponseFormatGrammarError: invalid('response_format'),
  InvalidResponseFormatStructuralTagError: invalid('response_format'),
  GrammarMatcherInitError: invalid('response_format'),
  EmbeddingInputEmptyError: invalid('input'),
  EmbeddingExceedContextWindowSizeError: {
    status: 400,
    code: 'context_length_exceeded',
    param: 'input',
  },
  EmbeddingUnsupportedEncodingFormatError: invalid('encoding_format'),

  IncorrectPipelineLoadedError: notCapable,
  EmbeddingUnsupportedModelError: notCapable,

  ModelNotLoadedError: modelUnloaded,
  WorkerEngineModelNotLoadedError: modelUnloaded,
  SpecifiedModelNotFoundError: modelUnloaded,
  UnclearModelToUseError: modelUnloaded,
  ConfigurationNotInitializedError: modelUnloaded,
  DeviceLostError: { status: 503, code: 'device_lost' },
  WebGPUNotAvailableError: noGpu,
  WebGPUNotFoundError: noGpu,
  ShaderF16SupportError: featureMissing,
  FeatureSupportError: featureMissing,

  MissingModelError: modelBroken,
  ArtifactManifestError: modelBroken,
  IntegrityError: modelBroken,
  UnsupportedTokenizerFilesError: modelBroken,
  WindowSizeConfigurationError: modelBroken,
  WindowSizeSpecificationError: modelBroken,
  AttentionSinkSizeError: modelBroken,
  EmbeddingSlidingWindowError: modelBroken,
  EmbeddingChunkingUnsupportedError: modelBroken,
}

/** The request's field that the grammar of an answer comes from. */
export type FormatField = 'response_format' | 'tools'

/** The request's field with the prompt. */
export type PromptField = 'messages' | 'prompt'

/**
 * Converts an error of web-llm. An error without a known name comes from a lower layer: while
 * loading, from the network or the model's files; while generating, from the GPU, whose state is
 * then undefined.
 */
export function fromMlc(
  error: unknown,
  phase: WebllmPhase,
  model: string,
  subject: PromptField = 'messages',
  format: FormatField = 'response_format',
): ApiError {
  if (error instanceof ApiError) return error
  const { name, message } = nameAndMessage(error)
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (kind === undefined) return unknownError(message, phase, model, error)
  const given = kind.param === 'messages' ? subject : kind.param
  const param = (given === 'response_format' ? format : given) ?? fieldIn(message)
  if (kind.status === 400) {
    const field = param === null ? '' : `${param}: `
    const refused = badRequest(`${field}${message}`, param)
    const details = { code: kind.code, param, cause: error, evidence: 'answered' } as const
    return new ApiError(400, refused.message, details)
  }
  return new ApiError(kind.status, `${model}: ${message}`, { code: kind.code, param, cause: error })
}

/** Whether the model has to be reloaded before its next request. */
export function needsReload(error: unknown): boolean {
  const kind = KINDS[nameAndMessage(error).name]
  return kind === undefined || kind === modelUnloaded || kind.code === 'device_lost'
}

/**
 * Whether the GPU's memory was too small. A browser may report it as an error of a buffer, as the loss of the
 * device, or as a failed allocation of WebAssembly's.
 */
export function isOutOfMemory(error: unknown): boolean {
  const { name, message } = nameAndMessage(error)
  if (name === 'DeviceLostError' || name === 'GPUOutOfMemoryError') return true
  return /out of (device )?memory|outofmemory|not enough memory|memory allocation|failed to allocate|device (was|is) lost|max_?buffer_?size|larger than the maximum/i.test(
    message,
  )
}

/** web-llm's own worker classes reject with a string, `"Name: message"`. */
function nameAndMessage(error: unknown): { name: string; message: string } {
  // A JavaScript `RangeError` (stack overflow) is not web-llm's error of the same name.
  if (error instanceof RangeError) return { name: '', message: firstLine(error.message) }
  if (error instanceof Error) return { name: error.name, message: firstLine(error.message) }
  const [, name = '', message = ''] = /^(\w+): (.*)/.exec(String(error)) ?? []
  return name ? { name, message: firstLine(message) } : { name: '', message: String(error) }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 500) ?? ''
}

/** The parameter named in a message of web-llm, such as "Make sure `max_tokens` > 0." */
function fieldIn(message: string): string | null {
  const known =
    /\b(max_tokens|temperature|top_p|frequency_penalty|presence_penalty|repetition_penalty|logit_bias|top_logprobs)\b/
  return known.exec(message)?.[1] ?? null
}

function unknownError(
  message: string,
  phase: WebllmPhase,
  model: string,
  cause: unknown,
): ApiError {
  if (phase === 'load') {
    return new ApiError(
      503,
      `model: ${model} could not be loaded: ${message || 'web-llm gave no reason'}. Check the network and the model's files, or name another model.`,
      {
        code: 'model_load_failed',
        param: 'model',
        cause,
      },
    )
  }
  const text = `The GPU failed while ${model} was answering. The next request reloads the model; try again.`
  return new ApiError(503, text, { code: 'engine_failed', cause })
}
