/** web-llm's errors, as errors a client understands. */
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'

/** What was being done when it went wrong. */
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
const broken: Kind = { status: 503, code: 'model_broken', param: 'model' }
const unloaded: Kind = { status: 503, code: 'model_not_loaded', param: 'model' }
const noGpu: Kind = { status: 503, code: 'webgpu_unavailable' }
const unfit: Kind = { status: 503, code: 'webgpu_feature_missing', param: 'model' }
const notForThis: Kind = { status: 400, code: 'model_not_capable', param: 'model' }
const wroteWrong: Kind = { status: 502, code: 'invalid_tool_call', param: 'tools' }

/** Every error that web-llm 0.2.86 names and that a request or a model can bring about. */
const KINDS: Readonly<Record<string, Kind>> = {
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
  CustomResponseFormatError: invalid('response_format'),
  CustomSystemPromptError: invalid('messages'),
  InvalidToolChoiceError: invalid('tool_choice'),
  UnsupportedToolChoiceTypeError: invalid('tool_choice'),
  FunctionNotFoundError: invalid('tool_choice'),
  UnsupportedToolTypeError: invalid('tools'),
  EmbeddingInputEmptyError: invalid('input'),
  EmbeddingExceedContextWindowSizeError: {
    status: 400,
    code: 'context_length_exceeded',
    param: 'input',
  },
  EmbeddingUnsupportedEncodingFormatError: invalid('encoding_format'),

  UnsupportedModelIdError: { ...notForThis, param: 'tools' },
  IncorrectPipelineLoadedError: notForThis,
  EmbeddingUnsupportedModelError: notForThis,

  ModelNotLoadedError: unloaded,
  WorkerEngineModelNotLoadedError: unloaded,
  EngineNotLoadedError: unloaded,
  SpecifiedModelNotFoundError: unloaded,
  UnclearModelToUseError: unloaded,
  ConfigurationNotInitializedError: unloaded,
  DeviceLostError: { status: 503, code: 'device_lost' },
  WebGPUNotAvailableError: noGpu,
  WebGPUNotFoundError: noGpu,
  ShaderF16SupportError: unfit,
  FeatureSupportError: unfit,

  MissingModelWasmError: broken,
  ArtifactManifestError: broken,
  IntegrityError: broken,
  UnsupportedTokenizerFilesError: broken,
  WindowSizeConfigurationError: broken,
  WindowSizeSpecificationError: broken,
  AttentionSinkSizeError: broken,
  EmbeddingSlidingWindowError: broken,
  EmbeddingChunkingUnsupportedError: broken,

  ToolCallOutputParseError: wroteWrong,
  ToolCallOutputInvalidTypeError: wroteWrong,
  ToolCallOutputMissingFieldsError: wroteWrong,
}

/** The field that holds what is answered. */
export type Subject = 'messages' | 'prompt'

/**
 * The error for a client. One that web-llm does not name came from below it: while loading, the
 * network or the model's files; while generating, the GPU, in a state that nobody knows.
 */
export function fromMlc(
  error: unknown,
  phase: WebllmPhase,
  model: string,
  subject: Subject = 'messages',
): ApiError {
  if (error instanceof ApiError) return error
  const { name, message } = named(error)
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (kind === undefined) return unnamed(message, phase, model, error)
  const param = (kind.param === 'messages' ? subject : kind.param) ?? fieldIn(message)
  if (kind.status === 400) {
    const field = param === null ? '' : `${param}: `
    const refused = badRequest(`${field}${message}`, param)
    const details = { code: kind.code, param, cause: error, shows: 'answered' } as const
    return new ApiError(400, refused.message, details)
  }
  return new ApiError(kind.status, `${model}: ${message}`, { code: kind.code, param, cause: error })
}

/** Whether the model has to be loaded anew before it can be asked again. */
export function lostModel(error: unknown): boolean {
  const kind = KINDS[named(error).name]
  return kind === undefined || kind === unloaded || kind.code === 'device_lost'
}

/** Engines behind web-llm's own worker classes reject with `"Name: message"`. */
function named(error: unknown): { name: string; message: string } {
  // JavaScript's own error of that name, a stack that overflowed, is not web-llm's.
  if (error instanceof RangeError) return { name: '', message: firstLine(error.message) }
  if (error instanceof Error) return { name: error.name, message: firstLine(error.message) }
  const [, name = '', message = ''] = /^(\w+): (.*)/.exec(String(error)) ?? []
  return name ? { name, message: firstLine(message) } : { name: '', message: String(error) }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 500) ?? ''
}

/** web-llm names a parameter only within its message: "Make sure `max_tokens` > 0." */
function fieldIn(message: string): string | null {
  const known =
    /\b(max_tokens|temperature|top_p|frequency_penalty|presence_penalty|repetition_penalty|logit_bias|top_logprobs)\b/
  return known.exec(message)?.[1] ?? null
}

function unnamed(message: string, phase: WebllmPhase, model: string, cause: unknown): ApiError {
  if (phase === 'load') {
    return new ApiError(
      503,
      `The model ${model} can't be loaded: ${message || 'no reason given'}.`,
      {
        code: 'model_load_failed',
        param: 'model',
        cause,
      },
    )
  }
  const text = `The GPU failed while ${model} was answering; the model is loaded anew for the next request.`
  return new ApiError(503, text, { code: 'engine_failed', cause })
}
