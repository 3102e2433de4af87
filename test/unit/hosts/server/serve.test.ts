import { expect, it } from 'vitest'
import { exposureOf } from '../../../../src/hosts/server/exposure.ts'
import { addressOf, listenError } from '../../../../src/hosts/server/process.ts'
import { requireReusePort } from '../../../../src/hosts/server/reuse-port.ts'
import { SettingsError } from '../../../../src/settings/settings.ts'

it.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['localhost', 'http://localhost:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['fe80::1', 'http://[fe80::1]:80'],
])('a server at %s is reached at %s', (host, address) => {
  expect(addressOf(host, 80)).toBe(address)
})

it('knows the addresses that only this machine reaches', () => {
  const hosts = [
    'localhost',
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '0.0.0.0',
    '::',
    '127.0.0.1.example.com',
  ]
  const open = hosts.filter((host) => exposureOf(host) === 'anyone')
  expect(open).toEqual(['0.0.0.0', '::', '127.0.0.1.example.com'])
})

it.each([
  [
    { code: 'EADDRINUSE' },
    'port: 80 is already in use on 127.0.0.1; stop the program that uses it, or',
  ],
  [{ code: 'EACCES' }, 'port: this user may not listen on port 80; choose'],
  [{ code: 'EADDRNOTAVAIL' }, 'host: expected an address of this machine, got 127.0.0.1; choose'],
])('says what to do about %j', (error, message) => {
  const explained = listenError(error, { host: '127.0.0.1', port: 80 })
  expect(explained).toBeInstanceOf(SettingsError)
  expect(explained.message).toContain(message)
})

it('says what another program at a shared port would need', () => {
  const at = { host: '127.0.0.1', port: 80, reusePort: true }
  expect(listenError({ code: 'EADDRINUSE' }, at).message).toBe(
    'port: 80 is already in use on 127.0.0.1 by a program that does not share it; start each sluice there with --reuse-port and as the same user, or choose another port with --port. "npm start -- doctor" tells which program uses it.',
  )
})

it.each([
  ['node', 'linux', '22.20.0', 'Node 23.1 or newer, got 22.20.0; install'],
  ['node', 'linux', '23.0.9', 'Node 23.1 or newer, got 23.0.9; install'],
  ['node', 'darwin', '24.0.0', 'Linux or FreeBSD, which distribute the connections'],
  ['bun', 'win32', '24.0.0', 'got win32; give each process a --port of its own'],
] as const)('refuses to share a port on %s, %s, %s', (place, system, node, message) => {
  const check = (reusePort: boolean) => requireReusePort({ reusePort }, { place }, { system, node })
  expect(() => check(true)).toThrow(message)
  expect(() => check(true)).toThrow(SettingsError)
  expect(() => check(false)).not.toThrow()
})

it.each([
  ['node', 'linux', '23.1.0'],
  ['node', 'freebsd', '24.0.0'],
  ['bun', 'linux', '22.6.0'],
] as const)('shares a port on %s, %s, %s', (place, system, node) => {
  requireReusePort({ reusePort: true }, { place }, { system, node })
})

it('shows the first line of an error that it does not know', () => {
  const explained = listenError(new Error('the disk is on fire\nat x'), { host: '::1', port: 80 })
  expect(explained.message).toBe(
    'port: cannot listen on port 80 of ::1 (the disk is on fire); choose another with --port or --host.',
  )
})
