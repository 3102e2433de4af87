import type { Settings } from '../../settings/settings.ts'
import { SettingsError } from '../../settings/settings.ts'

/** What https is served by, each as PEM. */
export interface Tls {
  /** With its chain, where there is one. */
  cert: string
  key: string
}

type Named = 'tlsCert' | 'tlsKey'

/** The certificate and the key that the settings name. Rejects with a `SettingsError`. */
export async function readTls(settings: Pick<Settings, Named>): Promise<Tls | undefined> {
  const { tlsCert, tlsKey } = settings
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsKey === undefined) throw alone('tlsCert', 'its key', '--tls-key')
  if (tlsCert === undefined) throw alone('tlsKey', 'its certificate', '--tls-cert')
  const tls = { cert: await read('tlsCert', tlsCert), key: await read('tlsKey', tlsKey) }
  // Loaded where it is needed: it would cost every start some milliseconds.
  const { createPrivateKey, createPublicKey, X509Certificate } = await import('node:crypto')
  const der = { type: 'spki', format: 'der' } as const
  const certified = attempt('tlsCert', tlsCert, 'a certificate', () =>
    new X509Certificate(tls.cert).publicKey.export(der),
  )
  if (tls.key.includes('ENCRYPTED')) throw locked(tlsKey)
  const own = attempt('tlsKey', tlsKey, 'a private key', () =>
    createPublicKey(createPrivateKey(tls.key)).export(der),
  )
  if (!certified.equals(own)) throw unlike(tlsKey, tlsCert)
  return tls
}

async function read(name: Named, path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = String((cause as { code?: unknown }).code ?? 'an error')
    const why = { ENOENT: 'is not there', EACCES: 'may not be read by this user' }[code]
    const told = why ?? `can't be read (${code})`
    throw new SettingsError(`${name}: ${JSON.stringify(path)} ${told}; name a PEM file.`, { cause })
  }
}

function attempt<T>(name: Named, path: string, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    const label = what.slice(2).toUpperCase()
    throw new SettingsError(
      `${name}: ${JSON.stringify(path)} holds no ${label.toLowerCase()} in PEM; expected -----BEGIN ${label}-----.`,
      { cause },
    )
  }
}

function alone(name: Named, missing: string, flag: string): SettingsError {
  return new SettingsError(`${name}: https needs ${missing} as well; add ${flag} FILE.`)
}

function locked(path: string): SettingsError {
  const shown = JSON.stringify(path)
  return new SettingsError(
    `tlsKey: ${shown} has a passphrase; take it off with: openssl pkey -in ${shown} -out open.pem`,
  )
}

function unlike(key: string, cert: string): SettingsError {
  return new SettingsError(
    `tlsKey: ${JSON.stringify(key)} is not the key of the certificate in ${JSON.stringify(cert)}; name the two that were made together.`,
  )
}
