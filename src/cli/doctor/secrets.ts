/** Keeps keys and passwords out of findings, whatever text they got into. */
import type { Settings } from '../../settings/settings.ts'
import { wellKnownPorts } from '../../settings/upstreams.ts'
import { causeText } from '../../util/safe/error-text.ts'
import type { Diagnosis } from './finding.ts'

/** The least characters of a secret: a shorter one would be found in ordinary words. */
const SHORTEST = 6

/** Values that clients are given where a server wants no key: without these words, findings could not be read. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  ...Object.values(wellKnownPorts),
  ...['localai', 'sluice', 'openai', 'anthropic', 'static', 'localhost', 'dummy-key', 'no-key'],
  ...['not-needed', 'no-key-required', 'placeholder', 'unused', 'nokey', 'models', 'server'],
])

/** Parameters of URLs whose values are secrets. */
const SECRET_PARAMETER =
  /([?&;][\w.-]{0,64}(?:key|token|secret|passw|auth|sig)[\w.-]{0,64}=)[^\s&;#"'<>]+/gi

/** The user and password of a URL, whatever its scheme. */
const LOGIN = /(:\/\/)[^\s/?#"'@]+@/g

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
    .filter((each) => each.length >= SHORTEST && !PLACEHOLDERS.has(each.toLowerCase()))
    .toSorted((a, b) => b.length - a.length)
}

function passwordIn(text: string): string {
  const [, login = ''] = /:\/\/([^/?#@]*)@/.exec(text) ?? []
  const colon = login.indexOf(':')
  return colon === -1 ? '' : login.slice(colon + 1)
}

export function withoutSecrets(finding: Diagnosis, secrets: readonly string[]): Diagnosis {
  const clean = (text: string) => {
    const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
    return causeText(known.replace(SECRET_PARAMETER, '$1…').replace(LOGIN, '$1…@'))
  }
  const { text, remedy, command } = finding
  return {
    ...finding,
    text: clean(text),
    ...(remedy !== undefined && { remedy: clean(remedy) }),
    ...(command !== undefined && { command: clean(command) }),
  }
}
