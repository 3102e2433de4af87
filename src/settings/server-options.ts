/** The options of an upstream that is a server. */
import * as z from 'zod/mini'
import { parseUrl } from '../util/parse-url.ts'
import { withoutTrailing } from '../util/without-trailing.ts'
import { nativeApis } from '../wire/native.ts'
import { tokensByModel } from './context-length.ts'
import { array, boolean, pairs, text, VISIBLE } from './declaration.ts'
import { SettingsError, unexpected } from './error.ts'
import { perUpstream } from './per-upstream.ts'

const { maxConcurrency, finishReason, reasoning, thinkTags, systemMessages } = perUpstream

/** Those of a server that somebody else starts. */
export const serverOptions = {
  url: text({
    expected: 'an http or https URL, such as http://127.0.0.1:11434',
    help: 'The root of its API, such as http://127.0.0.1:11434/v1. Without a path, /v1 is added. Required, except with run.',
    read: readUrl,
  }),
  label: text({
    pattern: /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,39}$/,
    expected: 'a label of letters, digits, ".", "_" and "-"',
    help: 'Its name in logs and messages. By default the server that is known for the port of its URL.',
  }),
  key: text({
    pattern: VISIBLE,
    expected: 'a key of visible ASCII characters',
    secret: true,
    help: 'The API key that it asks for, sent to it as "Authorization: Bearer KEY".',
  }),
  models: array(() => z.string().check(z.minLength(1)), {
    min: 1,
    expected: 'a list of names, in which * stands for anything',
    whenEmpty: 'it would allow no model: leave it out to allow all, or name some',
    help: 'The models that it may be asked for; * stands for any characters. By default all that it lists.',
  }),
  rewrite: pairs({
    expected: 'an object: { "the name clients use": "the upstream’s name" }',
    help: 'Its own names of models, by the names that clients use.',
  }),
  nativeApis: array(() => z.enum(nativeApis), {
    formerNames: ['speaks'],
    expected: `a list of any of "${nativeApis.join('", "')}"`,
    help: 'The APIs, besides chat completions, that it implements itself. Such requests are forwarded to it as they came, instead of being translated into chat requests.',
  }),
  contextLength: tokensByModel({
    help: 'The size of the context in tokens, for all its models or by their names, in which * stands for any characters: { "qwen3:*": 32768 }. GET /v1/models tells clients this instead of what the server says. It limits nothing.',
  }),
  maxConcurrency,
  finishReason,
  lenient: boolean({
    deprecated: 'write "finishReason": "optional" instead of true, and nothing instead of false',
    help: 'Whether a stream may end without a finish reason.',
  }),
  reasoning,
  thinkTags,
  systemMessages,
}

/** The root of an API, without a slash at the end. Throws a `SettingsError`. */
export function readUrl(given: string, shownAs: string): string {
  const url = parseUrl(given)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw unexpected(shownAs, serverOptions.url.expected, given)
  }
  // Neither is shown: both may hold a secret.
  if (url.username !== '' || url.password !== '') {
    throw new SettingsError(
      `${shownAs}: expected a URL without a user name or password, got one that has them; set the upstream’s key by SLUICE_UPSTREAM_KEY.`,
    )
  }
  if (url.search !== '' || url.hash !== '') {
    throw new SettingsError(
      `${shownAs}: expected a URL that ends with its path, got one with a query or a fragment; remove that.`,
    )
  }
  const path = withoutTrailing('/', url.pathname)
  return url.origin + (path === '' ? '/v1' : path)
}
