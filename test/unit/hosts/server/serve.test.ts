import { expect, it } from 'vitest'
import { exposureOf } from '../../../../src/hosts/server/exposure.ts'
import { addressOf, explain } from '../../../../src/hosts/server/process.ts'
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
  [{ code: 'EADDRINUSE' }, 'port 80 is in use on 127.0.0.1; choose another with --port.'],
  [{ code: 'EACCES' }, 'port 80 needs more rights than this process has'],
  [{ code: 'EADDRNOTAVAIL' }, '127.0.0.1 is no address of this machine'],
])('explains %j', (error, message) => {
  const explained = explain(error, { host: '127.0.0.1', port: 80 })
  expect(explained).toBeInstanceOf(SettingsError)
  expect(explained.message).toContain(message)
})

it('passes on the first line of what it does not know', () => {
  const explained = explain(new Error('the disk is on fire\nat x'), { host: '::1', port: 80 })
  expect(explained.message).toBe("can't listen on port 80 of ::1: the disk is on fire")
})
