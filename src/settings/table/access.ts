import { boolean, list } from '../declaration.ts'
import { keyItem } from '../keys.ts'
import { hostPatterns, originPatterns } from '../patterns.ts'

/** Who may send requests. */
export const access = {
  keys: list(keyItem, {
    secret: true,
    expected: 'a list of keys',
    help: 'The keys that clients may present: a JSON array of the entries that "sluice key new NAME" prints, or NAME=sha256:… with commas between them. Without keys only this machine may send requests.',
  }),
  insecure: boolean({
    default: false,
    help: 'Let everyone who can connect send requests, without a key.',
  }),
  allowHost: list(hostPatterns, {
    placeholder: 'NAME',
    expected: 'a list of host names',
    help: 'A host name, besides localhost, that requests may be addressed to, such as sluice.lan or *.example.com.',
  }),
  allowOrigin: list(originPatterns, {
    placeholder: 'ORIGIN',
    expected: 'a list of origins',
    help: 'A website whose pages may send requests, such as https://app.example.com or https://*.example.com.',
  }),
}
