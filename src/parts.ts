/**
 * The parts of sluice, to compose a handler of some of them: a bundle holds the code of those that are
 * listed, and of no others. `createHandler` from `@sluice/sluice` has all parts.
 */
import { createComposedHandler, type Handler } from './composed-handler.ts'
import type { HandlerHost } from './options.ts'
import { isWorkerd } from './platform/runtime.ts'
import { compose, readerOf } from './routes/parts/compose.ts'
import type { HandlerPart } from './routes/parts/part.ts'
import { warnOnce } from './settings/deprecated.ts'
import { unknownName } from './settings/error.ts'
import { readEnvironment } from './settings/read-environment.ts'
import type { SettingsInput } from './settings/settings.ts'
import { WORKERD_DEFAULTS } from './settings/workerd-defaults.ts'
import { finish } from './util/slices.ts'

export type { Handler } from './composed-handler.ts'
export { activity } from './routes/parts/activity.ts'
export { captures } from './routes/parts/captures.ts'
export { chat } from './routes/parts/chat.ts'
export { completions } from './routes/parts/completions.ts'
export { discovery } from './routes/parts/discovery.ts'
export { embeddings } from './routes/parts/embeddings.ts'
export { health } from './routes/parts/health.ts'
export { messages } from './routes/parts/messages.ts'
export { metrics } from './routes/parts/metrics.ts'
export { models } from './routes/parts/models.ts'
export { ollama } from './routes/parts/ollama.ts'
export { pages } from './routes/parts/pages.ts'
export type { HandlerPart } from './routes/parts/part.ts'
export { passThrough } from './routes/parts/pass-through.ts'
export { responses } from './routes/parts/responses.ts'
export { streams } from './routes/parts/streams.ts'
export { tabs } from './routes/parts/tabs.ts'
export { traces } from './routes/parts/traces.ts'
export { usage } from './routes/parts/usage.ts'

/** What only code can give a composed handler; each is described at `HandlerOptions`. */
export type ComposedOptions = Pick<
  HandlerHost,
  'engines' | 'authenticate' | 'basePath' | 'fetch' | 'files' | 'limits' | 'log'
>

const OPTIONS = ['engines', 'authenticate', 'basePath', 'fetch', 'files', 'limits', 'log']

/**
 * Makes a handler of these parts, which reads the settings of the core and of the parts. Throws a
 * `SettingsError` for a setting that is wrong, or that none of them reads, and for an option that there is not.
 *
 * @example
 * const handler = composeHandler([chat, models], { upstream: ['http://127.0.0.1:11434/v1'] })
 * const response = await handler.fetch(new Request('http://localhost/v1/messages', { method: 'POST' }))
 * console.log(response.status) // 401
 */
export function composeHandler(
  parts: readonly HandlerPart[],
  settings: SettingsInput = {},
  options: ComposedOptions = {},
): Handler {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) throw unknownName(name, name, OPTIONS, 'option')
  }
  const given = isWorkerd() ? { ...WORKERD_DEFAULTS, ...settings } : settings
  return createComposedHandler(compose(parts), readerOf(parts).parse(given), options)
}

/**
 * The settings of the core and of these parts in an environment, such as a Worker's `env`. Throws a
 * `SettingsError`.
 *
 * @example
 * const settings = partSettings([chat], { SLUICE_MODEL: 'qwen3:8b' })
 * console.log(settings.model) // qwen3:8b
 */
export function partSettings(
  parts: readonly HandlerPart[],
  env: Record<string, unknown>,
): SettingsInput {
  return finish(readEnvironment(readerOf(parts), env, warnOnce))
}
