import type { Rule } from './rule.ts'

/** Answers besides streams: without streaming, errors, disconnecting clients, browsers. */
export const answersRules = {
  'whole-shape': {
    section: 'whole',
    severity: 'error',
    requirement:
      'Without stream, the answer is one JSON object: a chat.completion, text_completion, response or message.',
    affected: 'All clients that do not stream.',
    repair: 'Answer with application/json if stream is false or missing.',
  },
  'error-model': {
    section: 'errors',
    severity: 'warning',
    requirement:
      'An unknown model gets status 404 or 400, or the answer names the model that generated it.',
    affected:
      'Users get another model’s answer without knowing it, or retry a request that cannot succeed.',
    repair:
      'Reject names of models that are not served. llama-server accepts any name; a router in front of it can reject them.',
  },
  'error-json': {
    section: 'errors',
    severity: 'warning',
    requirement: 'A body that is not JSON gets status 400.',
    affected: 'Clients retry a 500, and blame the server.',
    repair: 'Catch the parser’s error and answer 400.',
  },
  'error-field': {
    section: 'errors',
    severity: 'warning',
    requirement: 'A field of the wrong type gets status 400 or 422.',
    affected: 'Clients retry a 500; an answer without an error hides the mistake.',
    repair: 'Check requests before they reach the engine.',
  },
  'error-shape': {
    section: 'errors',
    severity: 'warning',
    requirement:
      'An error is JSON of the form {"error": {"message": …}}; in Messages it also has the type "error".',
    affected: 'SDKs show "status code (no body)" instead of the reason.',
    repair: 'Answer with the error object of OpenAI or Anthropic, and with application/json.',
  },
  'cancel-ignored': {
    section: 'cancelling',
    severity: 'warning',
    requirement: 'A server stops generating when its client disconnects.',
    affected: 'The next answer waits for one that nobody reads.',
    repair:
      'Watch the connection and abort the generation when it closes; make sure that a proxy passes the disconnect on (nginx: proxy_ignore_client_abort off).',
  },
  'cors-preflight': {
    section: 'cors',
    severity: 'hint',
    requirement: 'A CORS preflight is answered without an API key.',
    affected:
      'Browsers send preflights without a key, so no web page can use the server, whatever key it has.',
    repair:
      'Answer OPTIONS before authentication, with 204 and the allowed methods and headers, or refuse with 403.',
  },
  'cors-answer': {
    section: 'cors',
    severity: 'warning',
    requirement: 'An answer allows the origin that its preflight allowed.',
    affected: 'Browsers discard the answer.',
    repair: 'Send access-control-allow-origin with every answer, streams and errors included.',
  },
} as const satisfies Record<string, Rule>
