import type { ErrorReference } from './entry.ts'

/** Model servers that cannot be reached, or that answer something that is no answer. */
export const upstreamErrors = {
  upstream_unreachable: {
    status: [502],
    meaning: 'The model server could not be reached, or closed the connection before it answered.',
    causes: [
      'It does not run, or at another port.',
      'It crashed while it worked on the request.',
      'A wrong address in `--upstream`.',
    ],
    remedies: [
      'Start the server, and see whether `curl ADDRESS/v1/models` answers.',
      'Correct its address. `sluice doctor` tries each configured server and says what is wrong.',
      'In a container, use the address of the host, since 127.0.0.1 is the container itself.',
    ],
    retry: 'later',
    settings: ['upstream'],
    guide: 'upstreams.md',
  },
  upstream_error: {
    status: [502, 529],
    meaning:
      'The model server reported an error while it answered. Its own message follows in the error.',
    causes: [
      'Too little memory for the prompt.',
      'A fault of the server or of the model.',
      'An overloaded server (529).',
    ],
    remedies: [
      'Look at the output of the model server.',
      'Send the request again; if it fails each time, shorten it or use another model.',
    ],
    retry: 'later',
    guide: 'streams.md#what-is-repaired-and-what-fails',
  },
  upstream_truncated: {
    status: [502],
    meaning:
      'The answer broke off before its end: the server closed the connection in the middle of it. What came is incomplete.',
    causes: [
      'The server crashed or was restarted, often for lack of memory.',
      'A proxy between sluice and the server with a short time limit.',
    ],
    remedies: [
      'Send the request again.',
      'Look at the output of the model server.',
      'Raise the time limits of the proxy.',
    ],
    retry: 'now',
    guide: 'streams.md#what-is-repaired-and-what-fails',
  },
  upstream_incomplete: {
    status: [502],
    meaning:
      'The server ended its stream with `[DONE]` but without saying why the answer ended, although it has said so before: the answer is probably incomplete.',
    causes: [
      'A server that lost an error on the way.',
      'A server that sends a finish reason for some answers only.',
    ],
    remedies: [
      'Send the request again.',
      'If the answers are complete, set `--finish-reason optional`, or `finishReason` of that upstream.',
    ],
    retry: 'now',
    settings: ['finishReason'],
    guide: 'streams.md#streams-without-a-finish-reason',
  },
  upstream_invalid: {
    status: [502],
    meaning: 'The server sent something that is no answer of its API.',
    causes: [
      'An address of a web page instead of an API: a missing `/v1`, or the port of another program.',
      'A proxy that answers with a page of its own.',
      'A redirect, which sluice does not follow.',
    ],
    remedies: [
      'Correct the address in `--upstream`; most end in `/v1`.',
      'See what the server sends with `sluice check ADDRESS`.',
    ],
    retry: 'never',
    settings: ['upstream'],
    guide: 'upstreams.md',
  },
  upstream_timeout: {
    status: [504],
    meaning: 'The server did not list its models in time.',
    causes: ['A server that hangs or is overloaded.'],
    remedies: ['See whether `curl ADDRESS/v1/models` answers.', 'Restart the server.'],
    retry: 'later',
    guide: 'upstreams.md',
  },
  answer_timeout: {
    status: [504],
    meaning: 'The engine did not begin to answer in time, including the time in the queue.',
    causes: ['A server that hangs.', 'A long queue, or a very long prompt on slow hardware.'],
    remedies: [
      'Raise `--answer-timeout`.',
      'Look at what the server does; restart it if it hangs.',
    ],
    retry: 'later',
    settings: ['answerTimeout', 'maxConcurrency', 'queue'],
  },
  first_token_timeout: {
    status: [504],
    meaning: 'The engine accepted the request but sent no token in time.',
    causes: ['A long prompt on slow hardware.', 'A server that waits for memory.'],
    remedies: ['Raise `--first-token-timeout`.', 'Shorten the prompt, or use a smaller model.'],
    retry: 'later',
    settings: ['firstTokenTimeout'],
  },
  token_timeout: {
    status: [504],
    meaning: 'The engine stopped sending in the middle of its answer.',
    causes: ['A server that hangs, or that another request keeps busy.'],
    remedies: [
      'Raise `--token-timeout`, if the model needs such pauses.',
      'Restart the model server.',
    ],
    retry: 'later',
    settings: ['tokenTimeout'],
  },
  attempt_timeout: {
    status: [504],
    meaning:
      'One of several engines sent nothing for a while, so another one was asked. Clients do not see this code; it is in logs and metrics.',
    causes: ['An engine that hangs, loads a model or reads a long prompt.'],
    remedies: ['Raise `--attempt-timeout`, if this engine needs longer.'],
    retry: 'now',
    settings: ['attemptTimeout'],
    guide: 'upstreams.md',
  },
} satisfies Record<string, ErrorReference>
