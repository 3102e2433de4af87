import type { Settings } from '../../settings/settings.ts'
import { SettingsError } from '../../settings/settings.ts'

/** The certificate for https and its private key, each as PEM. */
export interface Tls {
  /** The certificate, followed by its chain if it has one. */
  cert: string
  key: string
}

type Named = 'tlsCert' | 'tlsKey'

/** The certificate and the key that the settings name. Rejects with a `SettingsError`. */
export async function readTls(settings: Pick<Settings, Named>): Promise<Tls | undefined> {
  const { tlsCert, tlsKey } = settings
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsKey === undefined) throw missing('tlsKey', 'the private key of tlsCert', '--tls-key')
  if (tlsCert === undefined) throw missing('tlsCert', 'the certificate of tlsKey', '--tls-cert')
  const tls = { cert: await read('tlsCert', tlsCert), key: await read('tlsKey', tlsKey) }
  // Imported only here: loading it takes some milliseconds, which a server without TLS saves.
  const { createPrivateKey, createPublicKey, X509Certificate } = await import('node:crypto')
  const der = { type: 'spki', format: 'der' } as const
  const certified = parsePem('tlsCert', tlsCert, 'CERTIFICATE', () =>
    new X509Certificate(tls.cert).publicKey.export(der),
  )
  if (tls.key.includes('ENCRYPTED')) throw encrypted(tlsKey)
  const own = parsePem('tlsKey', tlsKey, 'PRIVATE KEY', () =>
    createPublicKey(createPrivateKey(tls.key)).export(der),
  )
  if (!certified.equals(own)) throw mismatch(tlsKey, tlsCert)
  return tls
}

async function read(name: Named, path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = String((cause as { code?: unknown }).code ?? 'an error')
    const why = { ENOENT: 'there is no such file', EACCES: 'this user may not read it' }[code]
    const shown = JSON.stringify(path)
    throw new SettingsError(
      `${name}: cannot read ${shown} (${why ?? code}); name a PEM file that this user can read.`,
      { cause },
    )
  }
}

function parsePem<T>(name: Named, path: string, label: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    const expected = `a ${label.toLowerCase()} in PEM, which begins with -----BEGIN ${label}-----`
    throw new SettingsError(
      `${name}: expected ${expected}, but ${JSON.stringify(path)} holds none; name another file.`,
      { cause },
    )
  }
}

function missing(name: Named, what: string, flag: string): SettingsError {
  return new SettingsError(`${name}: https needs ${what} as well, got nothing; add ${flag} FILE.`)
}

function encrypted(path: string): SettingsError {
  const shown = JSON.stringify(path)
  return new SettingsError(
    `tlsKey: expected a key without a passphrase, but ${shown} has one; remove it with: openssl pkey -in ${shown} -out key.pem`,
  )
}

function mismatch(key: string, cert: string): SettingsError {
  return new SettingsError(
    `tlsKey: ${JSON.stringify(key)} is not the key of the certificate in ${JSON.stringify(cert)}; name a certificate and a key that belong together.`,
  )
}
