// A page of another site, and every way in which it can send something without asking anybody.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ForeignSite extends Disposable {
  port: number
}

/** Pages without a policy of their own. */
export async function startForeignSite(): Promise<ForeignSite> {
  const site = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<!doctype html><title>elsewhere</title>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  return {
    port: (site.address() as AddressInfo).port,
    [Symbol.dispose]() {
      site.closeAllConnections()
      site.close()
    },
  }
}

/** What is sent, by whatever means. */
export interface Aim {
  method: string
  url: string
  body?: string
}

/**
 * - `json`: as a program does, which the browser asks about first.
 * - `plain`: as text, which it does not ask about.
 * - `blind`: the same, without a wish to read the answer.
 * - `nameless`: the same, by a page that does not say where it is from.
 */
export type Means =
  | 'json'
  | 'plain'
  | 'blind'
  | 'nameless'
  | 'form'
  | 'beacon'
  | 'image'
  | 'script'
  | 'events'

export interface Attempt extends Aim {
  means: Means
  key?: string
}

/** The ways in which a page can send this. */
export function meansFor({ method }: Aim): Means[] {
  if (method === 'GET') return ['plain', 'blind', 'nameless', 'image', 'script', 'events']
  if (method === 'POST') return ['json', 'plain', 'blind', 'nameless', 'form', 'beacon']
  return ['json']
}

/** Runs in the page: what it could learn by each attempt. */
export function attempt(attempts: Attempt[]): Promise<string[]> {
  return Promise.all(attempts.map((each) => Promise.race([one(each), late()])))

  function late(): Promise<string> {
    return new Promise((resolve) => setTimeout(() => resolve('no answer'), 20_000))
  }

  async function one({ means, method, url, body, key }: Attempt): Promise<string> {
    if (means === 'form') return submit(url, body ?? '')
    if (means === 'image' || means === 'script')
      return load(means === 'image' ? 'img' : 'script', url)
    if (means === 'events') return follow(url)
    if (means === 'beacon') {
      navigator.sendBeacon(url, new Blob([body ?? ''], { type: 'text/plain' }))
      return 'sent'
    }
    try {
      const response = await fetch(url, {
        method,
        ...(body !== undefined && { body }),
        ...(means === 'json' && {
          headers: {
            'content-type': 'application/json',
            ...(key !== undefined && { authorization: `Bearer ${key}` }),
          },
        }),
        ...((means === 'blind' || means === 'nameless') && { mode: 'no-cors' }),
        ...(means === 'nameless' && { referrerPolicy: 'no-referrer' }),
      })
      if (response.type === 'opaque') return 'sent'
      return `${response.status} ${await response.text()}`
    } catch {
      return 'failed'
    }
  }

  /** A field whose name and value make up the body, with the sign between them within a text. */
  function submit(url: string, body: string): string {
    const frame = document.createElement('iframe')
    frame.name = `frame${Math.random()}`
    document.body.append(frame)
    const form = document.body.appendChild(document.createElement('form'))
    Object.assign(form, { action: url, method: 'post', enctype: 'text/plain', target: frame.name })
    const field = form.appendChild(document.createElement('input'))
    field.name = `${body.slice(0, -1)},"x":"`
    field.value = '"}'
    form.submit()
    return 'sent'
  }

  function load(kind: 'img' | 'script', url: string): Promise<string> {
    const element = document.createElement(kind)
    return new Promise((resolve) => {
      element.onload = () => resolve('loaded')
      element.onerror = () => resolve('failed')
      element.src = url
      document.body.append(element)
    })
  }

  function follow(url: string): Promise<string> {
    const source = new EventSource(url)
    return new Promise((resolve) => {
      source.onopen = () => resolve('opened')
      source.onerror = () => {
        source.close()
        resolve('failed')
      }
    })
  }
}
