import type { ErrorReference } from './entry.ts'

/** Requests that cannot be answered as they are. */
export const requestErrors = {
  invalid_value: {
    status: [400],
    meaning:
      'A field or parameter of the request has a value that cannot be used. The message names it, with what was expected and received.',
    causes: [
      'A misspelt field, a wrong type, or a number that is out of range.',
      'A program that was written for another API or another version of it.',
    ],
    remedies: ['Correct the field that `param` names. `GET /openapi.html` describes every field.'],
    retry: 'never',
    settings: ['maxMessages', 'maxTools'],
  },
  context_length_exceeded: {
    status: [400],
    meaning:
      'The prompt, with the answer that was asked for, is longer than the context of the model.',
    causes: ['A long conversation or document.', 'A server that was started with a small context.'],
    remedies: [
      'Shorten the conversation, or ask for a shorter answer.',
      'Start the model server with a larger context, such as `llama-server -c 32768` or Ollama with `OLLAMA_CONTEXT_LENGTH=32768`.',
      'For a model on the GPU of a browser or of Deno, choose a larger context: at the model on the page, or with `--webgpu-context 16384`.',
      'Name a model with a larger context for such requests: `--context-fallback MODEL=LARGER`.',
    ],
    retry: 'never',
    settings: ['contextFallback'],
    guide: 'upstreams.md',
  },
  not_found: {
    status: [404],
    meaning:
      'There is nothing at this address: no such route, request or capture, or a page that was not built.',
    causes: [
      'A base URL without `/v1`, or with `/v1` twice.',
      'An API that sluice does not have.',
      'The page or the description of the API where `npm run build` was not run.',
    ],
    remedies: [
      'Set the base URL of the client to `http://127.0.0.1:8787/v1`.',
      'See which routes there are in `GET /openapi.html`.',
    ],
    retry: 'never',
    guide: 'routes.md',
  },
  method_not_allowed: {
    status: [405],
    meaning:
      'The address exists, but not for this HTTP method. The header `Allow` lists its methods.',
    causes: ['A `GET` where a `POST` is expected, for example an address opened in a browser.'],
    remedies: ['Send the request with a method that `Allow` lists.'],
    retry: 'never',
    guide: 'routes.md',
  },
  unsupported_media_type: {
    status: [415],
    meaning: 'The body of the request is of another content type than the route reads.',
    causes: ['A request without the header `Content-Type`, such as `curl -d` sends it as a form.'],
    remedies: [
      "Send the header `Content-Type: application/json`, in curl with `-H 'content-type: application/json'`.",
    ],
    retry: 'never',
  },
  request_too_large: {
    status: [413],
    meaning: 'The body of the request is larger than this server reads.',
    causes: ['Large images or documents in the request.'],
    remedies: ['Send smaller images.', 'Raise `--max-body`.'],
    retry: 'never',
    settings: ['maxBody'],
  },
  headers_too_large: {
    status: [431],
    meaning: 'The headers of the request are longer than 32 KiB together.',
    causes: [
      'Very large cookies, since a browser sends those of the host name to every port of it.',
    ],
    remedies: [
      'Send fewer or shorter headers; in a browser, delete the cookies of this host name.',
    ],
    retry: 'never',
  },
  request_timeout: {
    status: [408],
    meaning: 'The body of the request did not arrive in time.',
    causes: ['A slow connection.', 'A client that announces a body and does not send all of it.'],
    remedies: ['Send the request again.', 'Raise `--body-timeout`.'],
    retry: 'now',
    settings: ['bodyTimeout'],
  },
  parse_queue_full: {
    status: [503],
    meaning:
      'Too many large requests arrived at once. They are parsed one at a time, so that running streams do not stop meanwhile.',
    causes: ['Many clients that send long conversations or images at the same moment.'],
    remedies: ['Send the request again in a few seconds.', 'Send fewer large requests at once.'],
    retry: 'later',
  },
  thread_unsupported_request: {
    status: [400],
    meaning:
      'The request to the Messages API continues a thread, and sluice stores no conversations of that API.',
    causes: [
      'An SDK that keeps a conversation at the server. It sends the whole conversation after this error.',
    ],
    remedies: ['Send all messages of the conversation, without `thread`.'],
    retry: 'never',
  },
  websocket_not_supported: {
    status: [426],
    meaning: 'The request asks for a WebSocket. Only plain HTTP is served.',
    causes: ['A client that tries a WebSocket first, as Codex does, and continues with HTTP.'],
    remedies: [
      'Nothing, if the client continues. Otherwise switch WebSockets off in the client, and use `stream: true`.',
    ],
    retry: 'never',
  },
  loop_detected: {
    status: [508],
    meaning:
      'The request has passed this server before, or more than eight servers like it: an upstream leads back to where it came from.',
    causes: [
      'An upstream with the address of this server itself.',
      'Two servers of which each is an upstream of the other.',
    ],
    remedies: ['Remove that upstream from the settings.'],
    retry: 'never',
    settings: ['upstream', 'discover'],
  },
  not_supported: {
    status: [501],
    meaning: 'No server behind sluice can do this, and sluice does not do it itself.',
    causes: [
      'Counting tokens with a server that cannot count them.',
      'Pulling or deleting a model where no Ollama server is configured.',
    ],
    remedies: [
      'Name a model of a server that can.',
      'For models of Ollama, add its server: `--upstream http://127.0.0.1:11434/v1`.',
    ],
    retry: 'never',
    settings: ['upstream'],
  },
} satisfies Record<string, ErrorReference>
