import type { PersonaName } from '../personas.ts'
import type { Script } from '../script.ts'

export type ErrorKind = 'model_not_found' | 'bad_request' | 'context_length' | 'overloaded'

interface ErrorAnswer {
  status: number
  body: object | string
  headers?: Record<string, string>
  /** What a client is to be told, in OpenAI's shape: the words that must not be lost. */
  message: string
}

const LONG = "This model's maximum context length is 4096 tokens, but 5000 were requested."
const GONE = 'The model `nobody` does not exist.'

/** OpenAI's shape. */
function openai(
  status: number,
  type: string,
  message: string,
  code: string | null,
  param: string | null = null,
): ErrorAnswer {
  return { status, message, body: { error: { message, type, param, code } } }
}

/** vLLM's shape until 2025, and SGLang's. */
function flat(status: number, type: string, message: string): ErrorAnswer {
  return { status, message, body: { object: 'error', message, type, param: null, code: status } }
}

/** llama-server's shape, and vLLM's since: the code is the status. */
function numbered(status: number, type: string, message: string): ErrorAnswer {
  return { status, message, body: { error: { code: status, message, type } } }
}

const PAGE = `<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`

/** Answers other than 200, each in a shape some server uses. */
export const ERROR_ANSWERS = {
  openai_not_json: openai(
    400,
    'invalid_request_error',
    'We could not parse the JSON body of your request.',
    null,
  ),
  openai_model: openai(404, 'invalid_request_error', GONE, 'model_not_found', 'model'),
  openai_field: openai(
    400,
    'invalid_request_error',
    "Unknown parameter: 'stream_options'.",
    'unknown_parameter',
    'stream_options',
  ),
  openai_context: openai(400, 'invalid_request_error', LONG, 'context_length_exceeded', 'messages'),
  openai_rate: {
    ...openai(429, 'requests', 'Rate limit reached for requests.', 'rate_limit_exceeded'),
    headers: { 'retry-after': '7' },
  },
  openai_key: openai(
    401,
    'invalid_request_error',
    'Incorrect API key provided: sk-abc***xyz.',
    'invalid_api_key',
  ),
  azure_filter: {
    status: 400,
    message:
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    body: {
      error: {
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: {
          code: 'ResponsibleAIPolicyViolation',
          content_filter_result: { hate: { filtered: true, severity: 'high' } },
        },
      },
    },
  },
  azure_deployment: {
    status: 404,
    message: 'The API deployment for this resource does not exist.',
    body: {
      error: {
        code: 'DeploymentNotFound',
        message: 'The API deployment for this resource does not exist.',
      },
    },
  },
  ollama_model: openai(404, 'not_found_error', "model 'nobody' not found", null),
  ollama_field: openai(400, 'invalid_request_error', 'invalid message content type: float64', null),
  ollama_busy: openai(
    503,
    'api_error',
    'server busy, please try again.  maximum pending requests exceeded',
    null,
  ),
  vllm_old_model: flat(404, 'NotFoundError', GONE),
  vllm_model: {
    ...numbered(404, 'NotFoundError', GONE),
    body: { error: { message: GONE, type: 'NotFoundError', param: 'model', code: 404 } },
  },
  vllm_field: numbered(
    400,
    'BadRequestError',
    'Stream options can only be defined when `stream=True`.',
  ),
  vllm_context: numbered(400, 'BadRequestError', LONG),
  llama_server_field: numbered(400, 'invalid_request_error', "'messages' is required"),
  llama_server_loading: numbered(503, 'unavailable_error', 'Loading model'),
  llama_server_context: {
    status: 400,
    message: 'the request exceeds the available context size, try increasing it',
    body: {
      error: {
        code: 400,
        message: 'the request exceeds the available context size, try increasing it',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 5000,
        n_ctx: 4096,
      },
    },
  },
  lm_studio_string: {
    status: 400,
    message: "'messages' field is required",
    body: { error: "'messages' field is required" },
  },
  lm_studio_model: {
    status: 404,
    message: 'No models loaded. Please load a model in the developer page.',
    body: {
      error: {
        message: 'No models loaded. Please load a model in the developer page.',
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    },
  },
  sglang_model: flat(404, 'NotFoundError', GONE),
  sglang_field: flat(400, 'BadRequest', 'stream_options is not supported'),
  sglang_context: flat(400, 'BadRequest', LONG),
  fastapi_detail: { status: 404, message: 'Not Found', body: { detail: 'Not Found' } },
  fastapi_validation: {
    status: 422,
    message: 'Input should be a valid number',
    body: {
      detail: [
        {
          type: 'float_parsing',
          loc: ['body', 'temperature'],
          msg: 'Input should be a valid number',
          input: 'hot',
        },
      ],
    },
  },
  message_only: {
    status: 500,
    message: 'CUDA out of memory',
    body: { message: 'CUDA out of memory' },
  },
  bare_string: { status: 500, message: 'Internal Server Error', body: 'Internal Server Error' },
  json_string: { status: 500, message: 'engine is dead', body: '"engine is dead"' },
  html_page: { status: 502, message: '', body: PAGE, headers: { 'content-type': 'text/html' } },
  empty_body: { status: 500, message: '', body: '' },
} satisfies Record<string, ErrorAnswer>

export type ErrorName = keyof typeof ERROR_ANSWERS

/** How each persona words each kind of error. */
export const ERRORS_OF: Record<PersonaName, Record<ErrorKind, ErrorName>> = {
  openai: kinds('openai_model', 'openai_field', 'openai_context', 'openai_rate'),
  azure: kinds('azure_deployment', 'openai_field', 'openai_context', 'openai_rate'),
  ollama: kinds('ollama_model', 'ollama_field', 'openai_context', 'ollama_busy'),
  vllm: kinds('vllm_model', 'vllm_field', 'vllm_context', 'bare_string'),
  llamaServer: kinds(
    'openai_model',
    'llama_server_field',
    'llama_server_context',
    'llama_server_loading',
  ),
  lmStudio: kinds('lm_studio_model', 'lm_studio_string', 'lm_studio_string', 'message_only'),
  sglang: kinds('sglang_model', 'sglang_field', 'sglang_context', 'fastapi_detail'),
  webllm: kinds('message_only', 'message_only', 'message_only', 'message_only'),
}

function kinds(
  model_not_found: ErrorName,
  bad_request: ErrorName,
  context_length: ErrorName,
  overloaded: ErrorName,
): Record<ErrorKind, ErrorName> {
  return { model_not_found, bad_request, context_length, overloaded }
}

/** The answer as a script, which a request may carry too. */
export function errorScript(name: ErrorName): Script {
  const { status, body, headers }: ErrorAnswer = ERROR_ANSWERS[name]
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const type = text === body && !text.startsWith('"') ? 'text/plain' : 'application/json'
  return { status, headers: { 'content-type': type, ...headers }, steps: [{ send: text }] }
}
