import type { Rule } from './rule.ts'

/** What is asked beside streams: whole answers, refusals, hang-ups, browsers. */
export const answersRules = {
  'whole-shape': {
    section: 'whole',
    severity: 'error',
    requirement:
      'Without stream the answer is one object in JSON: a chat.completion, text_completion, response or message.',
    affected: 'All that do not stream.',
    repair: 'Answer stream: false, and no stream at all, with application/json.',
  },
  'error-model': {
    section: 'errors',
    severity: 'warning',
    requirement:
      'An unknown model is refused with 404 or 400, or the answer names the model it is of.',
    affected: 'People get another model’s answer, or retry what can’t succeed.',
    repair:
      'Refuse names that are not served. llama-server takes any: a router before it can refuse.',
  },
  'error-json': {
    section: 'errors',
    severity: 'warning',
    requirement: 'A body that is not JSON is refused with 400.',
    affected: 'Clients retry a 500, and blame the server.',
    repair: 'Catch the parser’s error and answer 400.',
  },
  'error-field': {
    section: 'errors',
    severity: 'warning',
    requirement: 'A field of the wrong type is refused with 400 or 422.',
    affected: 'Clients retry a 500; silence hides the mistake.',
    repair: 'Check requests before they reach the engine.',
  },
  'error-shape': {
    section: 'errors',
    severity: 'warning',
    requirement:
      'A refusal is JSON of the form {"error": {"message": …}}; in Messages it has a type of its own beside it.',
    affected: 'SDKs show "status code (no body)" instead of the reason.',
    repair: 'Answer with the error object of OpenAI, or of Anthropic, and application/json.',
  },
  'cancel-ignored': {
    section: 'cancelling',
    severity: 'warning',
    requirement: 'A server stops when its client leaves.',
    affected: 'The next answer waits for one that nobody reads.',
    repair:
      'Watch the connection, and abort the generation when it closes; behind a proxy, see that it passes the hang-up on (nginx: proxy_ignore_client_abort off).',
  },
  'cors-preflight': {
    section: 'cors',
    severity: 'hint',
    requirement: 'A preflight is answered without a key.',
    affected: 'Browsers send it without one: no page can ask, whatever key it has.',
    repair:
      'Answer OPTIONS before authentication, with 204 and what is allowed, or refuse with 403.',
  },
  'cors-answer': {
    section: 'cors',
    severity: 'warning',
    requirement: 'An answer allows the origin that its preflight allowed.',
    affected: 'Browsers throw the answer away.',
    repair: 'Send access-control-allow-origin with the answer too, streams and errors included.',
  },
} as const satisfies Record<string, Rule>
