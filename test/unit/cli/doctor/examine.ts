import { checkLocalServers, upstreamChecks } from '../../../../src/cli/doctor/checks/servers.ts'
import type { Check, Examination, Level, Observation } from '../../../../src/cli/doctor/finding.ts'
import { readGiven } from '../../../../src/cli/doctor/given-settings.ts'
import { parseSettings, type SettingsInput } from '../../../../src/settings/settings.ts'

const never = new AbortController().signal

/** What checks work with, of these settings and this environment. */
export async function examination(
  settings: SettingsInput = {},
  env: Record<string, string> = {},
  host: Partial<Examination['host']> = {},
): Promise<Examination> {
  return {
    context: { runtime: 'node 24.0.0', fetch: (url, init) => fetch(url, init) },
    host: {
      ...{
        place: 'node',
        env,
        location: 'file:///app/node_modules/@sluice/sluice/dist/version.js',
      },
      isCheckout: false,
      hasPage: async () => true,
      openStore: () => Promise.reject(new Error('there is none')),
      ...host,
    },
    given: await readGiven([], env, 'node'),
    settings: parseSettings(settings),
    program: 'sluice',
    clocks: [],
    tries: false,
  }
}

/** What a check finds, by its code. */
export async function codes(
  check: Check,
  examined: Examination,
): Promise<Record<string, Observation>> {
  return byCode(await check(examined, never))
}

export function byCode(found: readonly Observation[]): Record<string, Observation> {
  return Object.fromEntries(found.map((each) => [each.code, each]))
}

export function levels(found: readonly Observation[]): Record<string, Level> {
  return Object.fromEntries(found.map(({ code, level }) => [code, level]))
}

/** All checks of servers. */
export const checkServers: Check = async (examined, signal) => {
  const checks = [...upstreamChecks(examined.settings.upstream), checkLocalServers]
  return (await Promise.all(checks.map((check) => check(examined, signal)))).flat()
}
