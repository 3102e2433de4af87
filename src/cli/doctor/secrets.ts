/** Keeps keys and passwords out of findings, whatever text they got into. */
import type { Settings } from '../../settings/settings.ts'
import { causeText } from '../../util/safe/error-text.ts'
import type { Diagnosis } from './finding.ts'

/** The least characters of a secret: a shorter one would be found in ordinary words. */
const SHORTEST = 6

/** Variables whose values are secrets. */
const SECRET_NAME =
  /^SLUICE_(?:KEYS|\w+_KEY|OTLP_HEADERS)$|^OTEL_\w+_HEADERS$|(?:_API_KEY|_TOKEN|_SECRET|PASSWORD)$/i

export function secretsOf(
  { upstream, state, otlpHeaders }: Pick<Settings, 'upstream' | 'state' | 'otlpHeaders'>,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const named = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAME.test(name) && value ? [value, ...value.split(',')] : [],
  )
  const all = [
    ...upstream.map(({ key }) => key ?? ''),
    ...(state === undefined ? [] : [passwordIn(state)]),
    ...Object.values(otlpHeaders ?? {}).map(String),
    ...named,
    ...Object.values(env).map((value) => passwordIn(value ?? '')),
  ]
  return [...new Set(all)]
    .filter((each) => each.length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length)
}

function passwordIn(text: string): string {
  const [, password = ''] = /:\/\/[^/?#]*?:([^@/?#]+)@/.exec(text) ?? []
  return password
}

export function withoutSecrets(finding: Diagnosis, secrets: readonly string[]): Diagnosis {
  const clean = (text: string) =>
    causeText(secrets.reduce((known, secret) => known.replaceAll(secret, '…'), text))
  const { text, remedy, command } = finding
  return {
    ...finding,
    text: clean(text),
    ...(remedy !== undefined && { remedy: clean(remedy) }),
    ...(command !== undefined && { command: clean(command) }),
  }
}
