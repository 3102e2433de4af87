import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, 'tls')

/** Paths of a self-signed certificate for localhost and 127.0.0.1, and of its key. */
export const CERT = join(folder, 'test-only-cert.pem')
export const KEY = join(folder, 'test-only-key.pem')

/** The certificate that a client has to trust. */
export const CA = readFileSync(CERT, 'utf8')
