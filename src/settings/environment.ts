/** Settings out of environment variables. */
import { finish, type Steps } from '../util/slices.ts'
import { type Warn, warnOnce } from './deprecated.ts'
import { readEnvironment } from './read-environment.ts'
import { allSettings, type SettingsInput } from './settings.ts'

export { CLIENT_KEY, CONFIG_FILE, environmentName, PAGE_SERVER } from './read-environment.ts'

/**
 * The settings in an environment: one variable for each setting, and `SLUICE_CONFIG` with all of them
 * as a JSON object, which the others override. OpenTelemetry's variables (`OTEL_…`) are read too, and
 * overridden by both. Throws a `SettingsError`.
 *
 * @example
 * const settings = settingsFromEnv({ SLUICE_MODEL: 'qwen3:8b', SLUICE_QUEUE: '20', PATH: '/bin' })
 * console.log(JSON.stringify(settings)) // {"model":"qwen3:8b","queue":20}
 */
export function settingsFromEnv(
  env: Record<string, unknown>,
  warn: Warn = warnOnce,
): SettingsInput {
  return finish(envInSteps(env, warn))
}

/** The same in steps. */
export function envInSteps(env: Record<string, unknown>, warn: Warn): Steps<SettingsInput> {
  return readEnvironment(allSettings, env, warn)
}
