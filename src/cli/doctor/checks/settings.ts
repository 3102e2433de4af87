/** What is wrong with the settings, and variables that are probably meant for them. */
import { environmentName } from '../../../settings/environment.ts'
import { settingNames } from '../../../settings/settings.ts'
import { closestMatches } from '../../../util/closest-matches.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { plural, shownList } from '../shown.ts'

export const checkSettings: Check = async (examination) => {
  const { given, host } = examination
  const last = given.problems.length - 1
  const remedy = `sluice does not start until ${last === 0 ? 'this is' : 'these are'} corrected.`
  const problems = given.problems.map(
    (text, index): Observation => ({
      code: 'settings_wrong',
      level: 'problem',
      text,
      // One below the other, they need it once.
      ...(index === last && { remedy }),
    }),
  )
  const warnings = given.warnings.map(
    (text): Observation => ({ code: 'settings_warning', level: 'warning', text }),
  )
  return [whereFrom(examination, problems.length), ...problems, ...warnings, ...misspelt(host.env)]
}

function whereFrom({ given: { file, names } }: Examination, wrong: number): Observation {
  const held = file === undefined ? 'There is no settings file' : `The settings file is ${file}`
  const set = names.length > 0 && `${plural(names.length, 'setting')} given: ${shownList(names, 8)}`
  const errors = wrong > 0 && plural(wrong, 'error')
  const said = [held, set, errors].filter(Boolean)
  if (said.length === 1) said.push('every setting has its default')
  return {
    code: 'settings',
    level: 'ok',
    text: `${said.join('; ')}.`,
  }
}

/** Variables that sluice does not read, and whose names look as if it should. */
export function misspelt(env: Examination['host']['env']): Observation[] {
  const known = settingNames().map(environmentName)
  return Object.keys(env).flatMap((name): Observation[] => {
    if (name.startsWith('SLUICE_') || !isMeant(name)) return []
    const [near] = closestMatches(name, known)
    if (near === undefined) return []
    return [
      {
        code: 'variable_misspelt',
        level: 'warning',
        text: `The environment variable ${name} is not read by sluice; ${near} would be.`,
        remedy: 'Rename it if it is meant for sluice.',
        command: `export ${near}="$${name}"`,
      },
    ]
  })
}

/** Whether a name begins nearly as those of sluice do: `SLUCE_PORT`, `sluice_port`, `SLUICEPORT`. */
function isMeant(name: string): boolean {
  if (!/^[A-Za-z]\w*$/.test(name)) return false
  const [first = ''] = name.toUpperCase().split('_')
  if (first.startsWith('SLUICE')) return true
  return (
    first.length > 3 &&
    first.length < 9 &&
    /^S/.test(first) &&
    closestMatches(first, ['SLUICE']).length > 0
  )
}
