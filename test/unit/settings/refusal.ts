import { expect } from 'vitest'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings, SettingsError, type SettingsInput } from '../../../src/settings/settings.ts'

/** The message that settings are refused with. */
export function refusal(settings: object): string {
  try {
    parseSettings(settings as SettingsInput)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  throw new Error('These settings were taken.')
}

/** The message that an environment is refused with. */
export function refusalOfEnv(env: Record<string, unknown>): string {
  try {
    settingsFromEnv(env)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  throw new Error('This environment was taken.')
}
