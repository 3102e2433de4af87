/** A request of Ollama's API for an upstream that is an Ollama. */
import { checkOllamaAnswer, OllamaContract } from '../../wire/contract/ollama.ts'
import type { NativeCall } from '../../wire/native.ts'
import type { OllamaRequest } from '../../wire/ollama/request.ts'

/** `stream` is written out, so that the answer's form does not depend on a default. */
export function nativeCall(
  request: OllamaRequest,
  route: 'chat' | 'generate',
  stream: boolean,
): NativeCall {
  return {
    api: 'ollama',
    // It is beside the root of the OpenAI-compatible API.
    path: `../api/${route}`,
    form: 'lines',
    body: { ...request, stream },
    headers: {},
    contract: (options) => new OllamaContract(options, route),
    check: (value, errors) => checkOllamaAnswer(value, route, errors),
  }
}
